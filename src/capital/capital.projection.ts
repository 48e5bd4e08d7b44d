import type { RecordedEvent } from '../ledger/event.js';
import { eventTypesOf, idOf, unknownEvent } from '../ledger/aggregate.js';
import type { Projection, Row, RowRef, Rows } from '../ledger/projector/projection.js';
import { commitment, type CommitmentEvent, type CommitmentPledged } from './commitment.js';
import { fund, type FundEvent } from './fund.js';

/**
 * Rows of funds, tranches, commitments and calls. The sums of a tranche come from the events of its commitments, except
 * the committed sum: that comes from the events of the fund, so that the row shows the number that the cap was checked
 * against.
 */
export const capitalProjection: Projection = {
  name: 'capital',
  version: 2,
  tables: ['funds', 'tranches', 'commitments', 'capital_calls'],
  types: [...eventTypesOf(fund), ...eventTypesOf(commitment)],
  touches,
  apply(recorded, rows) {
    if (isOfFund(recorded)) applyToFund(recorded, fundEvent(recorded), rows);
    else applyToCommitment(recorded, commitmentEvent(recorded), rows);
  },
};

const isOfFund = ({ type }: RecordedEvent): boolean => Object.hasOwn(fund.events, type);
// The stream determines the aggregate of an event: the write side appends only events of that aggregate to it.
const fundEvent = (recorded: RecordedEvent): FundEvent => recorded as unknown as FundEvent;
const commitmentEvent = (recorded: RecordedEvent): CommitmentEvent => recorded as unknown as CommitmentEvent;
const fundIdOf = ({ stream }: RecordedEvent): string => idOf(stream, fund.name);
const commitmentIdOf = ({ stream }: RecordedEvent): string => idOf(stream, commitment.name);

function touches(recorded: RecordedEvent): readonly RowRef[] {
  if (isOfFund(recorded)) {
    const { data } = fundEvent(recorded);
    const own = { table: 'funds', id: fundIdOf(recorded) };
    return 'trancheId' in data ? [own, { table: 'tranches', id: data.trancheId }] : [own];
  }
  const { data } = commitmentEvent(recorded);
  const own = [
    { table: 'commitments', id: commitmentIdOf(recorded) },
    { table: 'tranches', id: data.trancheId },
  ];
  return 'callId' in data ? [...own, { table: 'capital_calls', id: data.callId }] : own;
}

function applyToFund(recorded: RecordedEvent, event: FundEvent, rows: Rows): void {
  const id = fundIdOf(recorded);
  const { position, revision, recordedAt } = recorded;
  switch (event.type) {
    case 'fund-established':
      rows.put('funds', id, fundRow(event.data, position, revision));
      return;
    case 'tranche-defined': {
      const { trancheId, rank, kind, capMinor } = event.data;
      const row = { created_position: position, fund_id: id, rank, kind, cap_minor: capMinor };
      rows.put('tranches', trancheId, { ...row, ...NO_MONEY });
      rows.patch('funds', id, { revision });
      return;
    }
    case 'tranche-subscribed':
      add(rows, 'tranches', event.data.trancheId, { committed_minor: BigInt(event.data.deltaMinor) });
      rows.patch('funds', id, { revision });
      return;
    case 'financial-close-reached': {
      const { reachedOn, evidenceRef } = event.data;
      const close = { closed_at: recordedAt, reached_on: reachedOn, evidence_ref: evidenceRef };
      rows.patch('funds', id, { revision, status: 'closed', ...close });
      return;
    }
    default:
      unknownEvent('fund', event);
  }
}

function fundRow(
  data: Extract<FundEvent, { type: 'fund-established' }>['data'],
  position: number,
  revision: number,
): Row {
  const { name, currency, targetMinor, financesGigafactories = true, source = null, illustrative = false } = data;
  return {
    created_position: position,
    revision,
    name,
    status: 'established',
    currency,
    target_minor: targetMinor,
    finances_gigafactories: financesGigafactories,
    closed_at: null,
    reached_on: null,
    evidence_ref: null,
    source,
    illustrative,
  };
}

function applyToCommitment(recorded: RecordedEvent, event: CommitmentEvent, rows: Rows): void {
  const id = commitmentIdOf(recorded);
  const { position, revision } = recorded;
  if (event.type === 'commitment-pledged') {
    rows.put('commitments', id, pledgedRow(event.data, position, revision));
    add(rows, 'tranches', event.data.trancheId, { pledged_minor: BigInt(event.data.amountMinor) });
    return;
  }
  rows.patch('commitments', id, { revision });
  switch (event.type) {
    case 'commitment-accepted':
      rows.patch('commitments', id, { accepted_on: event.data.acceptedOn });
      return;
    case 'commitment-signed': {
      const amountMinor = BigInt(event.data.amountMinor);
      rows.patch('commitments', id, { status: 'signed', signed_on: event.data.signedOn });
      add(rows, 'tranches', event.data.trancheId, { pledged_minor: -amountMinor, unfunded_minor: amountMinor });
      return;
    }
    case 'decrease-requested': {
      const { requestId, amountMinor = null, reason } = event.data;
      rows.patch('commitments', id, { decrease_request: { requestId, amountMinor, reason } });
      return;
    }
    case 'commitment-amended':
      answerRequest(rows, id, event.data.decreaseRequestId);
      move(rows, id, event, { unfunded_minor: event.data.unfundedDeltaMinor });
      add(rows, 'commitments', id, { committed_minor: BigInt(event.data.deltaMinor) });
      return;
    case 'capital-call-issued': {
      const { callId, amountMinor, issuedOn, dueOn, unfundedDeltaMinor } = event.data;
      const dates = { issued_on: issuedOn, due_on: dueOn };
      const call = { created_position: position, commitment_id: id, amount_minor: amountMinor, paid_minor: '0' };
      rows.put('capital_calls', callId, { ...call, ...dates });
      move(rows, id, event, { called_minor: amountMinor, unfunded_minor: unfundedDeltaMinor });
      return;
    }
    case 'capital-call-paid':
      add(rows, 'capital_calls', event.data.callId, { paid_minor: BigInt(event.data.amountMinor) });
      move(rows, id, event, { paid_minor: event.data.amountMinor });
      return;
    case 'distribution-paid': {
      const { amountMinor, recallableMinor, unfundedDeltaMinor } = event.data;
      const change = { distributed_minor: amountMinor, recallable_minor: recallableMinor };
      move(rows, id, event, { ...change, unfunded_minor: unfundedDeltaMinor });
      return;
    }
    case 'commitment-cancelled':
      cancelled(rows, id, event);
      return;
    default:
      unknownEvent('commitment', event);
  }
}

/**
 * The row of a pledge shows its amount as committed and unfunded, although a pledge does not bind. The tranche counts
 * pledges separately.
 */
function pledgedRow(data: CommitmentPledged['data'], position: number, revision: number): Row {
  const { amountMinor } = data;
  return {
    created_position: position,
    revision,
    fund_id: data.fundId,
    tranche_id: data.trancheId,
    partner_id: data.partnerId,
    facility_id: data.facilityId ?? null,
    kind: data.kind,
    describes: data.describes ?? null,
    programme: data.programme ?? null,
    status: 'pledged',
    currency: data.currency,
    ...NO_MONEY,
    pledged_minor: amountMinor,
    committed_minor: amountMinor,
    unfunded_minor: amountMinor,
    signed_on: null,
    accepted_on: null,
    decrease_request: null,
    source: data.source ?? null,
    illustrative: data.illustrative ?? false,
  };
}

function cancelled(rows: Rows, id: string, event: Extract<CommitmentEvent, { type: 'commitment-cancelled' }>): void {
  const { status, pledged_minor: pledgedMinor } = rows.need('commitments', id);
  rows.patch('commitments', id, { status: 'cancelled', decrease_request: null });
  if (status === 'pledged') {
    rows.patch('commitments', id, { committed_minor: '0', unfunded_minor: '0' });
    add(rows, 'tranches', event.data.trancheId, { pledged_minor: -BigInt(String(pledgedMinor)) });
    return;
  }
  move(rows, id, event, { unfunded_minor: event.data.unfundedDeltaMinor });
  add(rows, 'commitments', id, { committed_minor: -BigInt(event.data.releasedMinor) });
}

/** The request of the partner that the operator has accepted waits no longer. */
function answerRequest(rows: Rows, id: string, requestId: string | undefined): void {
  const open = rows.need('commitments', id)['decrease_request'] as { readonly requestId: string } | null;
  if (requestId !== undefined && open?.requestId === requestId)
    rows.patch('commitments', id, { decrease_request: null });
}

const NO_MONEY = {
  pledged_minor: '0',
  committed_minor: '0',
  called_minor: '0',
  paid_minor: '0',
  distributed_minor: '0',
  recallable_minor: '0',
  unfunded_minor: '0',
};

/** Applies the same change to the commitment and to its tranche. */
function move(rows: Rows, id: string, { data }: CommitmentEvent, change: Readonly<Record<string, string>>): void {
  const deltas = Object.fromEntries(Object.entries(change).map(([column, text]) => [column, BigInt(text)]));
  add(rows, 'commitments', id, deltas);
  add(rows, 'tranches', data.trancheId, deltas);
}

function add(rows: Rows, table: string, id: string, deltas: Readonly<Record<string, bigint>>): void {
  const row = rows.need(table, id);
  const sums = Object.entries(deltas).map(([column, delta]) => [
    column,
    (BigInt(String(row[column])) + delta).toString(),
  ]);
  rows.patch(table, id, Object.fromEntries(sums));
}
