import { EventEmitter, setMaxListeners } from 'node:events';
import { monotonicTime, type MonotonicTime } from './monotonic-time.js';

/** How long and how often a caller looks. */
export interface Looking {
  readonly timeoutMs: number;
  /** Longest time between two looks: changes by another instance cause no notification here. */
  readonly pollMs: number;
  readonly stopping?: AbortSignal;
}

/**
 * Notifies all listeners in this process that something may have changed, e.g. that the history has grown. A notification is a hint to
 * look and carries no data: a follower reads the log from the store, in order, and also looks without a notification, because other
 * instances write too.
 */
export class Notifier {
  private readonly emitter = new EventEmitter().setMaxListeners(0);
  private notifications = 0;

  constructor(private readonly time: Pick<MonotonicTime, 'now' | 'later'> = monotonicTime) {}

  /** Notifications so far. A caller that reads it before it looks can wait for later notifications. */
  get count(): number {
    return this.notifications;
  }

  notify(): void {
    this.notifications += 1;
    this.emitter.emit('changed');
  }

  /** Resolves at the next notification, immediately if there was one after `since`, or after `timeoutMs`. */
  wait(timeoutMs: number, stopping?: AbortSignal, since = this.notifications): Promise<void> {
    if (since !== this.notifications || stopping?.aborted) return Promise.resolve();
    // There may be as many listeners as readers wait; each listener is removed when its wait ends.
    if (stopping) setMaxListeners(0, stopping);
    return new Promise((resolve) => {
      const done = (): void => {
        callOff();
        this.emitter.off('changed', done);
        stopping?.removeEventListener('abort', done);
        resolve();
      };
      const callOff = this.time.later(timeoutMs, done);
      this.emitter.once('changed', done);
      stopping?.addEventListener('abort', done, { once: true });
    });
  }

  /**
   * Looks after every notification, and at least every `pollMs`, until `look` finds something.
   * @returns undefined when there was nothing after `timeoutMs` of monotonic time, or when `stopping` was aborted
   */
  async until<Found>(
    look: () => Found | undefined | Promise<Found | undefined>,
    { timeoutMs, pollMs, stopping }: Looking,
  ): Promise<Found | undefined> {
    const deadline = this.time.now() + timeoutMs;
    for (;;) {
      const since = this.notifications;
      const found = await look();
      if (found !== undefined) return found;
      const restMs = deadline - this.time.now();
      if (restMs <= 0 || stopping?.aborted) return undefined;
      await this.wait(Math.min(pollMs, restMs), stopping, since);
    }
  }
}
