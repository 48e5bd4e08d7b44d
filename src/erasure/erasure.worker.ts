import { setTimeout as sleep } from 'node:timers/promises';
import type { ProjectorLog } from '../ledger/projector.js';
import type { ErasableContents } from './erasure.queries.js';

/** How long a content outlives its erasure when the instance that recorded it did not live to delete it. */
const PACE_MS = 10_000;

/**
 * Deletes what was erased, at start and then again and again: the event of an erasure comes first, so that a crash behind it
 * leaves content that has to go. It goes by what should be gone and not by news of it, so that doing it twice, or on several
 * instances, does no harm, and a database that was restored is cleaned as well.
 */
export class ErasureWorker {
  private readonly stopping = new AbortController();
  private working: Promise<void> | undefined;

  constructor(
    private readonly contents: ErasableContents,
    private readonly log: ProjectorLog,
  ) {}

  start(): void {
    this.working = this.work();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.working;
  }

  private async work(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        const count = await this.contents.destroyErased();
        if (count > 0) this.log.info({ count }, 'Contents that had been erased were still there, and are deleted now.');
      } catch (error) {
        this.log.error({ err: error }, 'Erased contents could not be deleted; it is tried again.');
      }
      await sleep(PACE_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }
}
