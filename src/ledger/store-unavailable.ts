import { isCausedByContent } from './event-store.js';
import { Refusal } from './refusal.js';

/** The store did not answer. Whether the command was recorded shows when it is sent again with the same key. */
class StoreUnavailable extends Refusal {
  constructor(override readonly cause: unknown) {
    super(
      'unavailable',
      'store-unavailable',
      'The ledger could not be reached in time. Send the command again with the same Idempotency-Key: it is recorded once.',
    );
  }
}

/**
 * The error that the caller gets for an error of the store. A refusal of the store is passed on as it is, and so is an error caused by the
 * content, because it is a bug.
 */
export const asRefusal = (error: unknown): unknown =>
  error instanceof Refusal || isCausedByContent(error) ? error : new StoreUnavailable(error);
