import type { MonotonicTime } from '../monotonic-time.js';
import type { Checkpoint } from './projection-copies.js';
import type { RowStore } from './projection-store.js';
import type { WorkerLog } from '../worker.js';

/** How often a copy that has stopped is tried again. */
const RETRY_MS = 1_000;

/** Copies that have stopped for now. Each stops alone, so that it does not delay the others. */
export class StoppedCopies {
  /** When a copy is tried again, in monotonic ms, by name of the copy. */
  private readonly retryAt = new Map<string, number>();

  constructor(
    private readonly rows: Pick<RowStore, 'fail'>,
    private readonly log: WorkerLog,
    private readonly time: MonotonicTime,
  ) {}

  isDue(name: string): boolean {
    return (this.retryAt.get(name) ?? 0) <= this.time.now();
  }

  postpone(name: string, ms: number): void {
    this.retryAt.set(name, this.time.now() + ms);
  }

  /** Stops the copy if `work` fails. */
  async attempt(checkpoint: Checkpoint, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.stop(checkpoint, error);
    }
  }

  /** Stops a copy until it is tried again, and notes why for all instances. An event is never skipped. */
  async stop(checkpoint: Checkpoint, error: unknown): Promise<void> {
    this.postpone(checkpoint.name, RETRY_MS);
    const isNews = await this.rows.fail(checkpoint, error instanceof Error ? error.message : String(error));
    if (isNews) {
      const fields = { err: error, projection: checkpoint.name };
      this.log.error(fields, 'A projection stopped; it is never skipped past an event.');
    }
  }
}
