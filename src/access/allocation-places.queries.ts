import { Inject, Injectable } from '@nestjs/common';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import { notReached } from '../ledger/projector/projection-progress.js';
import { Projector } from '../ledger/projector/projector.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';

/**
 * How long a report of usage waits until the rows reach the end of the log. After that the answer is 503, and the
 * sender tries again.
 */
const CATCH_UP_MS = 5_000;

/**
 * Finds the facility of an allocation, because reports of usage contain only the allocation. The facility of an
 * allocation never changes, so a row cannot be out of date.
 */
@Injectable()
export class AllocationPlaces {
  constructor(
    @Inject(RUNTIME) private readonly runtime: Runtime,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly projector: Projector,
  ) {}

  /**
   * The facilities of all allocations that exist now, including an allocation that was recorded a moment ago.
   * @throws Refusal (`unavailable`) when the rows do not catch up in time.
   */
  async facilitiesOf(allocationIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const wanted = [...new Set(allocationIds)];
    const { places } = await this.find(wanted);
    if (places.size === wanted.length) return places;
    const head = await this.store.head();
    await this.projector.reached('access', head, CATCH_UP_MS);
    const late = await this.find(wanted);
    // The refusal of an unknown allocation is final. After a crash the rows may be behind the log, so wait for them
    // before the decision.
    if (late.places.size < wanted.length && late.position < head) throw notReached(head, late.position);
    return late.places;
  }

  /**
   * Reads the primary database, because a standby may be behind. The result contains the position that the rows
   * reflect.
   */
  private async find(allocationIds: readonly string[]): Promise<{ places: Map<string, string>; position: number }> {
    const { rows } = await this.runtime.pool.query<{ position: number; id: string | null; facility_id: string | null }>(
      `select p.position, a.id, a.facility_id from projections p left join allocation_usage a on a.id = any ($1)
       where p.name = 'access'`,
      [allocationIds],
    );
    const places = rows.flatMap(({ id, facility_id }) => (id && facility_id ? [[id, facility_id] as const] : []));
    return { places: new Map(places), position: rows[0]?.position ?? 0 };
  }
}
