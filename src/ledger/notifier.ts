import { EventEmitter, setMaxListeners } from 'node:events';
import { monotonicTime, type MonotonicTime } from './monotonic-time.js';

/**
 * Tells everyone in this process that the history has grown. A hint to look, never the news itself: whoever follows the
 * log reads it from the store, in order, and also looks by itself for what other instances wrote.
 */
export class Notifier {
  private readonly emitter = new EventEmitter().setMaxListeners(0);
  private notifications = 0;

  constructor(private readonly time: Pick<MonotonicTime, 'later'> = monotonicTime) {}

  /** Notifications so far. Whoever remembers it before looking can wait for those that came after. */
  get count(): number {
    return this.notifications;
  }

  notify(): void {
    this.notifications += 1;
    this.emitter.emit('grown');
  }

  /** Resolves at the next notification, at once if there was one after `since`, or after `timeoutMs`. */
  wait(timeoutMs: number, signal?: AbortSignal, since = this.notifications): Promise<void> {
    if (since !== this.notifications || signal?.aborted) return Promise.resolve();
    // As many may wait as there are readers; each takes its listener along when it goes.
    if (signal) setMaxListeners(0, signal);
    return new Promise((resolve) => {
      const done = (): void => {
        callOff();
        this.emitter.off('grown', done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const callOff = this.time.later(timeoutMs, done);
      this.emitter.once('grown', done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }
}
