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

/** The error that the caller gets for an error of the store. An error caused by the content is a bug, and is passed on as it is. */
export const asRefusal = (error: unknown): unknown => (isCausedByContent(error) ? error : new StoreUnavailable(error));
