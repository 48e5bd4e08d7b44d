import { EventEmitter } from 'node:events';

/**
 * Tells everyone in this process that the history has grown. A hint to look, never the news itself: whoever follows the
 * log reads it from the store, in order, and also looks by itself for what other instances wrote.
 */
export class LedgerSignal {
  private readonly emitter = new EventEmitter().setMaxListeners(0);

  notify(): void {
    this.emitter.emit('grown');
  }

  /** Resolves at the next notification or after `timeoutMs`, whichever comes first. */
  wait(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.emitter.off('grown', done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.emitter.once('grown', done);
      signal?.addEventListener('abort', done, { once: true });
      if (signal?.aborted) done();
    });
  }
}
