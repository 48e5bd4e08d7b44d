import type { StoredEvent } from '../event.js';
import type { EventStore } from '../event-store.js';

/** Reads batches of the log. The batch after a full one is read while the full one is applied. */
export class ReadAhead {
  private ahead: { readonly from: number; readonly events: Promise<readonly StoredEvent[]> } | undefined;

  constructor(
    private readonly store: Pick<EventStore, 'readAll'>,
    private readonly batchEventsMax: number,
  ) {}

  /** The events after a position, at most one batch. */
  async readAfter(position: number): Promise<readonly StoredEvent[]> {
    const known = this.ahead?.from === position ? this.ahead.events : undefined;
    if (known) this.ahead = undefined;
    const stored = await (known ?? this.store.readAll(position, this.batchEventsMax));
    const last = stored.at(-1)?.position;
    if (last !== undefined && stored.length === this.batchEventsMax) {
      const events = this.store.readAll(last, this.batchEventsMax);
      // The call that needs these events gets the error.
      events.catch(() => undefined);
      this.ahead = { from: last, events };
    }
    return stored;
  }
}
