import { idOf } from '../ledger/aggregate.js';
import type { RecordedEvent } from '../ledger/event.js';
import type { Projection, Row, RowRef } from '../ledger/projector/projection.js';
import { endAfterRelease, facility } from './facility.js';
import type { FacilityEvent } from './facility-events.js';
import type { PooledChips } from './hour-account.js';

const FACILITIES = 'pool_facilities';
const POOLS = 'access_pools';
const ACCOUNTS = 'pool_accounts';
const CHANGES = 'pool_changes';

/**
 * Pools, their hours in each period, and their chips over time. Hours that are allocated follow from the chips when they are read, so
 * that an event never changes more rows than it names.
 */
export const accessPoolProjection: Projection = {
  name: 'access-pools',
  version: 1,
  tables: [FACILITIES, POOLS, ACCOUNTS, CHANGES],
  types: [
    'facility-registered',
    'operations-started',
    'access-pool-defined',
    'entitlement-set',
    'access-time-donated',
    'ownership-transferred',
    'chips-allocated',
    'allocation-released',
    'pool-assigned',
  ],
  touches: (recorded) => writesOf(recorded).map(({ table, id }) => ({ table, id })),
  apply(recorded, rows) {
    for (const { table, id, row } of writesOf(recorded)) rows.put(table, id, row(rows.get(table, id)));
  },
};

/** A row that an event writes, from what it was before. */
interface Write extends RowRef {
  row(before: Row | undefined): Row;
}

// The stream determines the aggregate of an event: the write side appends only events of that aggregate to it.
const eventOf = (recorded: RecordedEvent): FacilityEvent => recorded as unknown as FacilityEvent;

function writesOf(recorded: RecordedEvent): readonly Write[] {
  const event = eventOf(recorded);
  const facilityId = idOf(recorded.stream, facility.name);
  const own = (row: Row): Write => ({ table: FACILITIES, id: facilityId, row: (before) => ({ ...before, ...row }) });
  switch (event.type) {
    case 'facility-registered': {
      const { operatorPartnerId, hostStatePartnerId } = event.data;
      return [
        own({
          operator_partner_id: operatorPartnerId ?? null,
          host_state_partner_id: hostStatePartnerId ?? null,
          operations_started_on: null,
          ownership_transferred_on: null,
        }),
      ];
    }
    case 'operations-started':
      return [own({ operations_started_on: event.data.on })];
    case 'access-pool-defined': {
      const { poolId, owner, partnerId, basis } = event.data;
      const of = { created_position: recorded.position, facility_id: facilityId };
      return [{ table: POOLS, id: poolId, row: () => ({ ...of, owner, partner_id: partnerId ?? null, basis }) }];
    }
    case 'entitlement-set': {
      const { lines, unit } = event.data;
      return lines.map(({ poolId, contributionMinor, unitHours }) =>
        account(poolId, event.data, () => ({ unit, contribution_minor: contributionMinor, entitled: unitHours })),
      );
    }
    case 'access-time-donated': {
      const { fromPoolId, unionPoolId, unitHours } = event.data;
      return [
        account(fromPoolId, event.data, ({ donated_out }) => ({ donated_out: Number(donated_out) + unitHours })),
        account(unionPoolId, event.data, ({ donated_in }) => ({ donated_in: Number(donated_in) + unitHours })),
      ];
    }
    case 'ownership-transferred': {
      const { unionPoolId, unitHours, on } = event.data;
      return [
        own({ ownership_transferred_on: on }),
        account(unionPoolId, event.data, ({ residual }) => ({ residual: Number(residual) + unitHours })),
      ];
    }
    case 'chips-allocated':
    case 'pool-assigned':
      return changes(event.data, event.data.from, event.data.to, 1);
    case 'allocation-released':
      return changes(event.data, endAfterRelease(event.data), event.data.to, -1);
    default:
      return [];
  }
}

function account(
  poolId: string,
  { periodFrom, periodTo }: { readonly periodFrom: string; readonly periodTo: string },
  change: (before: Row) => Row,
): Write {
  const empty = {
    ...{ pool_id: poolId, period_from: periodFrom, period_to: periodTo },
    ...{ unit: null, contribution_minor: null, entitled: 0, donated_in: 0, donated_out: 0, residual: 0 },
  };
  return {
    table: ACCOUNTS,
    id: `${poolId}/${periodFrom}`,
    row: (before = empty) => ({ ...before, ...change(before) }),
  };
}

/** Chips without a pool count in none. */
function changes({ poolId, chips, unitThousandths }: PooledChips, from: string, to: string, sign: 1 | -1): Write[] {
  if (poolId === undefined || unitThousandths === undefined) return [];
  const thousandths = BigInt(sign) * BigInt(chips) * BigInt(unitThousandths);
  const at = (changesAt: string, delta: bigint): Write => ({
    table: CHANGES,
    id: `${poolId}/${changesAt}`,
    row: (before) => ({
      ...{ pool_id: poolId, changes_at: changesAt },
      thousandths_delta: (BigInt(String(before?.['thousandths_delta'] ?? 0)) + delta).toString(),
    }),
  });
  return [at(from, thousandths), at(to, -thousandths)];
}
