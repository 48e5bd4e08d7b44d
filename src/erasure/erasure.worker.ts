import { Worker, type Next, type WorkerLog } from '../ledger/worker.js';
import type { ErasableContents } from './erasure.queries.js';

/** How long a content outlives its erasure if the instance that recorded the erasure stopped before it deleted the content. */
const POLL_MS = 10_000;

export const ERASURE_WORKER = Symbol('ErasureWorker');

/**
 * Deletes erased contents, at start and then regularly. The event of an erasure is recorded first, so that a crash after it leaves
 * content that must be deleted. Each step looks for all such content instead of following the events: to do it twice, or on several
 * instances, does no harm, and a restored database is cleaned as well.
 */
export const erasureWorker = (contents: ErasableContents, log: WorkerLog): Worker =>
  new Worker({
    log,
    messages: {
      failed: 'Erased contents could not be deleted; the worker tries again.',
      recovered: 'Erased contents can be deleted again.',
    },
    pollMs: POLL_MS,
    step: async (): Promise<Next> => {
      const count = await contents.destroyErased();
      if (count > 0) log.info({ count }, 'Erased contents were still stored and are deleted now.');
      return 'idle';
    },
  });
