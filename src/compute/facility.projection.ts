import type { RecordedEvent } from '../ledger/event.js';
import { eventTypesOf, idOf, unknownEvent } from '../ledger/aggregate.js';
import type { Projection, Row, RowRef, Rows } from '../ledger/projector/projection.js';
import { countsAgainstCeiling, endAfterRelease, facility } from './facility.js';
import type {
  AllocationFacts,
  ContributionFacts,
  FacilityDescription,
  FacilityEvent,
  QuotaFacts,
} from './facility-events.js';

/** Rows of facilities, their chips over time, their quotas and their allocations. */
export const computeProjection: Projection = {
  name: 'compute',
  version: 2,
  tables: ['facilities', 'capacity_changes', 'quota_policies', 'allocations'],
  types: eventTypesOf(facility),
  touches,
  apply,
};

// The stream determines the aggregate of an event: the write side appends only events of that aggregate to it.
const eventOf = (recorded: RecordedEvent): FacilityEvent => recorded as unknown as FacilityEvent;

/** Of these events this projection stores the revision of the facility alone. Rows of other projections hold their facts. */
const REVISION_ONLY = [
  'pool-assigned',
  'operations-started',
  'yearly-submitted',
  'access-pool-defined',
  'entitlement-set',
  'access-time-donated',
  'ownership-transferred',
  'preferential-access-set',
] as const satisfies readonly FacilityEvent['type'][];
type RevisionOnly = (typeof REVISION_ONLY)[number];
type StoredEvent = Exclude<FacilityEvent, { readonly type: RevisionOnly }>;

const isStored = (event: FacilityEvent): event is StoredEvent =>
  !(REVISION_ONLY as readonly string[]).includes(event.type);

function touches(recorded: RecordedEvent): readonly RowRef[] {
  const event = eventOf(recorded);
  const facilityId = idOf(recorded.stream, facility.name);
  const own = { table: 'facilities', id: facilityId };
  if (!isStored(event)) return [own];
  const changes = changesOf(event).map((change) => ({ table: 'capacity_changes', id: changeId(facilityId, change) }));
  switch (event.type) {
    case 'facility-registered':
    case 'contribution-recorded':
      return [own];
    case 'capacity-installed':
    case 'capacity-retired':
      return [own, ...changes];
    case 'quota-policy-adopted':
      return [own, { table: 'quota_policies', id: policyId(facilityId, event.data) }];
    case 'chips-allocated':
    case 'allocation-released':
      return [own, { table: 'allocations', id: event.data.allocationId }, ...changes];
    default:
      return unknownEvent('facility', event);
  }
}

function apply(recorded: RecordedEvent, rows: Rows): void {
  const event = eventOf(recorded);
  const facilityId = idOf(recorded.stream, facility.name);
  if (event.type === 'facility-registered') {
    rows.put('facilities', facilityId, registeredRow(recorded, event.data));
    return;
  }
  rows.patch('facilities', facilityId, { revision: recorded.revision });
  if (!isStored(event)) return;
  for (const change of changesOf(event)) addChange(rows, facilityId, change);
  switch (event.type) {
    case 'contribution-recorded':
      rows.patch('facilities', facilityId, contributed(rows.need('facilities', facilityId), event.data));
      return;
    case 'capacity-installed':
    case 'capacity-retired':
      return;
    case 'quota-policy-adopted':
      rows.put('quota_policies', policyId(facilityId, event.data), policyRow(recorded, facilityId, event.data));
      return;
    case 'chips-allocated':
      rows.put('allocations', event.data.allocationId, allocatedRow(recorded, rows, facilityId, event.data));
      return;
    case 'allocation-released': {
      const { allocationId, at, reason } = event.data;
      const ends = { ends_at: endAfterRelease(event.data), released_at: at, release_reason: reason };
      rows.patch('allocations', allocationId, ends);
      return;
    }
    default:
      unknownEvent('facility', event);
  }
}

interface CapacityChange {
  readonly chipModel: string;
  /** Canonical text of an instant, so that equal instants are one row. */
  readonly at: string;
  readonly installed?: number;
  readonly allocated?: number;
}

/** The changes of a facility's chips by an event, with their instants. */
function changesOf(event: StoredEvent): readonly CapacityChange[] {
  switch (event.type) {
    case 'capacity-installed':
    case 'capacity-retired': {
      const { chipModel, chips, effectiveFrom } = event.data;
      return [{ chipModel, at: effectiveFrom, installed: event.type === 'capacity-installed' ? chips : -chips }];
    }
    case 'chips-allocated': {
      const { chipModel, chips, from, to } = event.data;
      return [
        { chipModel, at: from, allocated: chips },
        { chipModel, at: to, allocated: -chips },
      ];
    }
    case 'allocation-released': {
      const { chipModel, chips, to } = event.data;
      return [
        { chipModel, at: endAfterRelease(event.data), allocated: -chips },
        { chipModel, at: to, allocated: chips },
      ];
    }
    case 'facility-registered':
    case 'contribution-recorded':
    case 'quota-policy-adopted':
      return [];
    default:
      return unknownEvent('facility', event);
  }
}

const changeId = (facilityId: string, { chipModel, at }: CapacityChange): string => `${facilityId}/${chipModel}/${at}`;
const policyId = (facilityId: string, { chipModel, version }: QuotaFacts): string =>
  `${facilityId}/${chipModel}/${version}`;

function addChange(rows: Rows, facilityId: string, change: CapacityChange): void {
  const id = changeId(facilityId, change);
  const before = rows.get('capacity_changes', id);
  rows.put('capacity_changes', id, {
    facility_id: facilityId,
    chip_model: change.chipModel,
    changes_at: change.at,
    installed_delta: Number(before?.['installed_delta'] ?? 0) + (change.installed ?? 0),
    allocated_delta: Number(before?.['allocated_delta'] ?? 0) + (change.allocated ?? 0),
  });
}

function registeredRow(recorded: RecordedEvent, data: FacilityDescription): Row {
  return {
    created_position: recorded.position,
    revision: recorded.revision,
    name: data.name,
    country: data.country,
    kind: data.kind,
    operator_partner_id: data.operatorPartnerId ?? null,
    host_state_partner_id: data.hostStatePartnerId ?? null,
    capex_minor: data.capexMinor ?? null,
    currency: data.currency ?? null,
    union_minor: '0',
    states_minor: '0',
    source: data.source ?? null,
    illustrative: data.illustrative ?? false,
  };
}

function contributed(row: Row, data: ContributionFacts): Row {
  const plus = (column: string): string => (BigInt(String(row[column])) + BigInt(data.deltaMinor)).toString();
  return {
    currency: row['currency'] ?? data.currency,
    ...(countsAgainstCeiling(data) && { union_minor: plus('union_minor') }),
    ...(data.partnerKind === 'member-state' && { states_minor: plus('states_minor') }),
  };
}

function policyRow(recorded: RecordedEvent, facilityId: string, data: QuotaFacts): Row {
  return {
    created_position: recorded.position,
    facility_id: facilityId,
    chip_model: data.chipModel,
    version: data.version,
    floors: data.floors,
    caps: data.caps,
    effective_from: data.effectiveFrom,
    reason: data.reason,
  };
}

function allocatedRow(recorded: RecordedEvent, rows: Rows, facilityId: string, data: AllocationFacts): Row {
  const { operator_partner_id, host_state_partner_id } = rows.need('facilities', facilityId);
  return {
    created_position: recorded.position,
    facility_id: facilityId,
    operator_partner_id,
    host_state_partner_id,
    grant_id: data.grantId,
    partner_id: data.partnerId,
    category: data.category,
    country: data.country,
    mode: data.mode,
    chip_model: data.chipModel,
    chips: data.chips,
    starts_at: data.from,
    ends_at: data.to,
    released_at: null,
    release_reason: null,
  };
}
