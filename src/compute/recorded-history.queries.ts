import { Inject, Injectable } from '@nestjs/common';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';

/** How far the history goes, for commands that name a position of it. */
@Injectable()
export class RecordedHistory {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  /** The last position; 0 before the first event. */
  head(): Promise<number> {
    return this.store.head();
  }
}
