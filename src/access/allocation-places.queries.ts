import { Inject, Injectable } from '@nestjs/common';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import { Projector } from '../ledger/projector.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';

/** How long a report of usage waits for the rows to follow the log, before its sender is told to come back. */
const CATCH_UP_MS = 5_000;

/** Which facility an allocation is on: reports of usage name allocations only. It never changes, so rows cannot be stale. */
@Injectable()
export class AllocationPlaces {
  constructor(
    @Inject(RUNTIME) private readonly runtime: Runtime,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly projector: Projector,
  ) {}

  /**
   * The facilities of all allocations that exist now, including one that was answered a moment ago.
   * @throws Refusal (`unavailable`) when the rows do not catch up in time.
   */
  async facilitiesOf(allocationIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const wanted = [...new Set(allocationIds)];
    const found = await this.find(wanted);
    if (found.size === wanted.length) return found;
    await this.projector.reached('access', await this.store.head(), CATCH_UP_MS);
    return this.find(wanted);
  }

  /** From the database that the rows are written to: a standby may be behind. */
  private async find(allocationIds: readonly string[]): Promise<Map<string, string>> {
    const { rows } = await this.runtime.pool.query<{ id: string; facility_id: string }>(
      'select id, facility_id from allocation_usage where id = any ($1)',
      [allocationIds],
    );
    return new Map(rows.map((row) => [row.id, row.facility_id]));
  }
}
