import { facility } from '../compute/facility.js';
import type { AllocationFacts, FacilityEvent, ReleaseFacts } from '../compute/facility-events.js';
import type { RecordedEvent } from '../ledger/event.js';
import { eventTypesOf, idOf, unknownEvent } from '../ledger/aggregate.js';
import type { Projection, Row, RowRef, Rows } from '../ledger/projector/projection.js';
import type { ErasureEvent } from '../erasure/erasure.js';
import { accessCall, type AccessCallEvent, type AccessCallOpened } from './access-call.js';
import { accessRequest, type AccessRequestEvent, type AccessRequestSubmitted } from './access-request.js';
import { usage, type UsageEvent, type UsageRecord } from './usage.js';

/** Events of facilities contain the operator, the hosting state and the allocations, which rows of access need. */
type AllocationEvent = Extract<
  FacilityEvent,
  { type: 'facility-registered' | 'chips-allocated' | 'allocation-released' }
>;
type Event = (AccessCallEvent | AccessRequestEvent | UsageEvent | AllocationEvent | ErasureEvent) &
  Pick<RecordedEvent, 'stream'>;

// The stream determines the aggregate of an event: the write side appends only events of that aggregate to it.
const eventOf = (recorded: RecordedEvent): Event => recorded as unknown as Event;

/** Rows of calls, of requests with their grants, and of the usage of every allocation. */
export const accessProjection: Projection = {
  name: 'access',
  version: 3,
  tables: ['access_facilities', 'access_calls', 'access_requests', 'allocation_usage'],
  types: [
    ...eventTypesOf(accessCall),
    ...eventTypesOf(accessRequest),
    ...eventTypesOf(usage),
    'facility-registered',
    'chips-allocated',
    'allocation-released',
    'personal-data-erased',
  ],
  touches,
  apply,
};

function touches(recorded: RecordedEvent): readonly RowRef[] {
  const event = eventOf(recorded);
  switch (event.type) {
    case 'facility-registered':
      return [{ table: 'access_facilities', id: idOf(event.stream, facility.name) }];
    case 'chips-allocated':
      return [
        { table: 'allocation_usage', id: event.data.allocationId },
        { table: 'access_facilities', id: idOf(event.stream, facility.name) },
      ];
    case 'allocation-released':
      return [{ table: 'allocation_usage', id: event.data.allocationId }];
    case 'usage-reported':
      return event.data.records.map(({ allocationId }) => ({ table: 'allocation_usage', id: allocationId }));
    case 'personal-data-erased':
      // Confidential texts are sealed under the id of their request.
      return [{ table: 'access_requests', id: event.data.subject }];
    case 'access-call-opened':
    case 'call-hours-granted':
    case 'call-hours-returned':
      return [{ table: 'access_calls', id: idOf(event.stream, accessCall.name) }];
    default:
      return [
        { table: 'access_requests', id: idOf(event.stream, accessRequest.name) },
        { table: 'access_facilities', id: event.data.facilityId },
      ];
  }
}

function apply(recorded: RecordedEvent, rows: Rows): void {
  const event = eventOf(recorded);
  switch (event.type) {
    case 'facility-registered': {
      const { operatorPartnerId = null, hostStatePartnerId = null } = event.data;
      const partners = { operator_partner_id: operatorPartnerId, host_state_partner_id: hostStatePartnerId };
      rows.put('access_facilities', idOf(event.stream, facility.name), partners);
      return;
    }
    case 'chips-allocated':
      rows.put('allocation_usage', event.data.allocationId, unused(recorded, event.data, rows));
      return;
    case 'allocation-released':
      rows.patch('allocation_usage', event.data.allocationId, { allocated_to: endAfter(event.data) });
      return;
    case 'usage-reported':
      for (const record of event.data.records) addUsage(rows, record);
      return;
    case 'personal-data-erased':
      if (rows.get('access_requests', event.data.subject)) {
        rows.patch('access_requests', event.data.subject, { erased_at: event.data.erasedAt });
      }
      return;
    case 'access-call-opened':
      rows.put('access_calls', idOf(event.stream, accessCall.name), callRow(recorded, event.data));
      return;
    case 'call-hours-granted':
    case 'call-hours-returned':
      rows.patch('access_calls', idOf(event.stream, accessCall.name), {
        revision: recorded.revision,
        chip_hours_granted: event.data.grantedChipHours,
      });
      return;
    case 'access-request-submitted':
      rows.put('access_requests', idOf(event.stream, accessRequest.name), submittedRow(recorded, event, rows));
      return;
    default:
      rows.patch('access_requests', idOf(event.stream, accessRequest.name), {
        revision: recorded.revision,
        ...changeBy(event, recorded.position),
      });
  }
}

function callRow({ position, revision }: RecordedEvent, data: AccessCallOpened['data']): Row {
  return {
    created_position: position,
    revision,
    facility_id: data.facilityId,
    mode: data.mode,
    title: data.title,
    opens_at: data.opensAt,
    closes_at: data.closesAt,
    chip_hours: data.chipHours,
    chip_hours_granted: 0,
  };
}

function submittedRow(recorded: RecordedEvent, { data }: AccessRequestSubmitted, rows: Rows): Row {
  return {
    created_position: recorded.position,
    revision: recorded.revision,
    call_id: data.callId,
    facility_id: data.facilityId,
    ...partnersOf(data.facilityId, rows),
    mode: data.mode,
    partner_id: data.partnerId,
    ultimate_parent_id: data.ultimateParentId,
    category: data.category,
    country: data.country,
    sector: data.sector,
    chip_hours_requested: data.chipHoursRequested,
    illustrative: data.illustrative ?? false,
    status: 'submitted',
    eligibility: 'unchecked',
    submitted_at: data.submittedAt,
    eligibility_reason_codes: [],
    reason_codes: [],
    revocation_reason_codes: [],
    submission_event_id: recorded.id,
    sealed: recorded.sealed ?? null,
  };
}

/** The columns that a later step changes in the row of its request. */
function changeBy(event: Exclude<AccessRequestEvent, AccessRequestSubmitted>, position: number): Row {
  switch (event.type) {
    case 'access-request-withdrawn': {
      const { withdrawnAt, reason = null } = event.data;
      return { status: 'withdrawn', withdrawn_at: withdrawnAt, withdrawal_reason: reason };
    }
    case 'eligibility-confirmed':
    case 'eligibility-refused': {
      const { checkedAt, reasonCodes } = event.data;
      const checked = { checked_at: checkedAt, eligibility_reason_codes: reasonCodes };
      return event.type === 'eligibility-confirmed'
        ? { ...checked, eligibility: 'eligible' }
        : { ...checked, eligibility: 'ineligible', status: 'ineligible' };
    }
    case 'access-granted': {
      const { chipHours, priceBasis, reasonCodes, validFrom, validTo, decidedAt } = event.data;
      const { poolId, freeReason, freeEvidenceRef, funding, sealOfExcellenceRef, use } = event.data;
      return {
        status: 'granted',
        granted_position: position,
        decided_at: decidedAt,
        reason_codes: reasonCodes,
        chip_hours_granted: chipHours,
        price_basis: priceBasis,
        valid_from: validFrom,
        valid_to: validTo,
        pool_id: poolId ?? null,
        free_reason: freeReason ?? null,
        free_evidence_ref: freeEvidenceRef ?? null,
        funding: funding ?? null,
        seal_of_excellence_ref: sealOfExcellenceRef ?? null,
        access_use: use ?? null,
        access_class: event.data.class ?? null,
      };
    }
    case 'access-denied': {
      const { decidedAt, reasonCodes } = event.data;
      return { status: 'denied', decided_at: decidedAt, reason_codes: reasonCodes };
    }
    case 'grant-revoked': {
      const { revokedAt, reasonCodes } = event.data;
      return { status: 'revoked', revoked_at: revokedAt, revocation_reason_codes: reasonCodes };
    }
    default:
      return unknownEvent('access-request', event);
  }
}

function unused(recorded: RecordedEvent, data: AllocationFacts, rows: Rows): Row {
  const facilityId = idOf(recorded.stream, facility.name);
  return {
    created_position: recorded.position,
    facility_id: facilityId,
    ...partnersOf(facilityId, rows),
    grant_id: data.grantId,
    partner_id: data.partnerId,
    category: data.category,
    country: data.country,
    mode: data.mode,
    chip_model: data.chipModel,
    chips: data.chips,
    allocated_from: data.from,
    allocated_to: data.to,
    chip_hours_used: '0',
    records: 0,
    records_flagged: 0,
  };
}

/** The operator and the hosting state of a facility, who see its rows. They never change. */
function partnersOf(facilityId: string, rows: Rows): Row {
  const { operator_partner_id, host_state_partner_id } = rows.need('access_facilities', facilityId);
  return { operator_partner_id, host_state_partner_id };
}

/** The end of an allocation after a release: not before its start, and never later than the earlier end. */
function endAfter({ from, to, at }: ReleaseFacts): string {
  if (Date.parse(at) <= Date.parse(from)) return from;
  return Date.parse(at) < Date.parse(to) ? at : to;
}

function addUsage(rows: Rows, { allocationId, chipHours, flag, from, to }: UsageRecord): void {
  const row = rows.need('allocation_usage', allocationId);
  rows.patch('allocation_usage', allocationId, {
    // As text, because the column holds sums that a JSON number would round.
    chip_hours_used: (BigInt(String(row['chip_hours_used'])) + BigInt(chipHours)).toString(),
    records: Number(row['records']) + 1,
    records_flagged: Number(row['records_flagged']) + (flag === undefined ? 0 : 1),
    used_from: earlier(row['used_from'], from),
    used_to: later(row['used_to'], to),
  });
}

const earlier = (known: unknown, instant: string): string =>
  typeof known === 'string' && Date.parse(known) <= Date.parse(instant) ? known : instant;
const later = (known: unknown, instant: string): string =>
  typeof known === 'string' && Date.parse(known) >= Date.parse(instant) ? known : instant;
