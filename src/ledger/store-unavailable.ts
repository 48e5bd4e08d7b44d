import { isCausedByContent } from './event-store.js';
import { Refusal } from './refusal.js';

/** The store did not answer; whether the command was recorded will show when it is sent again with the same key. */
export class StoreUnavailable extends Refusal {
  constructor(override readonly cause: unknown) {
    super(
      'unavailable',
      'store-unavailable',
      'The ledger could not be reached in time. Send the command again with the same Idempotency-Key: it is recorded once.',
    );
  }
}

/** What the caller is told of an error of the store: what the content has caused is a bug and stays what it is. */
export const asRefusal = (error: unknown): unknown => (isCausedByContent(error) ? error : new StoreUnavailable(error));
