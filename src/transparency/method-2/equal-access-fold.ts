import type { Application } from '../../access/access-request.js';
import type { AllocationFacts } from '../../compute/facility-events.js';
import type { Mode } from '../../domain/access-modes.js';
import { businessDaysBetween } from '../../domain/business-days.js';
import { idOf } from '../../ledger/aggregate.js';
import { MS_PER_DAY, dateOf, parseInstant } from '../../ledger/time.js';
import type { Category } from '../../partners/partner.js';
import { allocatedChipMs, releasedChipMs } from '../measures/chip-time.js';
import { observe, type Histogram } from '../measures/durations.js';
import { unknownToReport, type LedgerEvent } from '../events/ledger-event.js';
import { DECISION_DAYS_MAX, type Holder as HolderIn1 } from '../method-1/equal-access-fold.js';
import type { CorrectiveAction } from '../events/publication.js';
import { beginOf, type LimitDays, type LimitOf } from './decision-limits.js';

/**
 * The part of the state for the report on equal access: counts, exact sums and histograms per cell. It grows with the facilities, modes,
 * categories, countries, access pools, applicants and calls, never with the number of requests.
 */
export interface EqualAccessState {
  readonly cells: Map<string, Cell>;
  readonly holders: Map<string, Holder>;
  /** Decided by the Governing Board, in order. */
  readonly correctiveActions: CorrectiveAction[];
  /** Last day of each call, `YYYY-MM-DD`: the limit for a decision may be counted from it. */
  readonly callEnds: Map<string, string>;
}

/** The requests of one category and country to one facility in one mode, and for the time of one access pool. Sums are whole chip-hours. */
export interface Cell {
  readonly facilityId: string;
  readonly mode: Mode;
  readonly category: Category;
  readonly country: string;
  /** The pool whose time was decided on; `NO_POOL` for grants that name none. Null for requests without a grant. */
  readonly poolId: string | null;
  submitted: number;
  withdrawn: number;
  ineligible: number;
  denied: number;
  /** Revoked grants included: `revoked` counts them a second time. */
  granted: number;
  grantedFree: number;
  revoked: number;
  /** Requests that are marked illustrative, always in the cell without a pool. */
  illustrative: number;
  requestedHours: bigint;
  /** Requested hours by the outcome of the request. The rest of `requestedHours` is pending. */
  withdrawnHours: bigint;
  ineligibleHours: bigint;
  deniedHours: bigint;
  acceptedHours: bigint;
  grantedHours: bigint;
  grantedFreeHours: bigint;
  revokedHours: bigint;
  allocatedChipMs: bigint;
  usedHours: bigint;
  /** The part of the used hours that the report of usage flagged. */
  flaggedHours: bigint;
  /** Working days from submission to decision, of decided requests. */
  readonly decisionDays: Histogram;
  /** Working days from submission to withdrawal. */
  readonly withdrawnDays: Histogram;
  /** Working days from submission to the refusal of eligibility: an answer, and no decision. */
  readonly refusedDays: Histogram;
  /**
   * Number of requests without an outcome, by the day of submission and the last day of the call, as `submitted ends`. A key is removed when
   * its number is 0. No rule is in the key: a policy that is adopted later may hold for the day of the submission.
   */
  readonly pending: Map<string, number>;
  /** Granted over requested hours of granted requests, in per mille, rounded down. */
  readonly fulfilmentPerMille: Histogram;
  /** Decisions in a mode that has a time limit. `decidedInTime` counts the decisions within the limit. */
  decidedWithLimit: number;
  decidedInTime: number;
  /** Days from a decision to its recording, of decisions that were recorded on a later day than that on which they took effect. */
  readonly recordedLateDays: Histogram;
  /** Hours granted free of charge by their reason; a grant from before there were reasons has the reason `none`. */
  readonly freeHoursByReason: Map<string, bigint>;
  /** Hours granted to projects that a Union programme funds. */
  unionFundedHours: bigint;
  /** Hours granted for commercial use. */
  commercialHours: bigint;
}

/** Requests and grants of one applicant, under the parent and the category that it had at submission. */
export interface Holder extends HolderIn1 {
  readonly poolId: string | null;
}

export const initialEqualAccess = (): EqualAccessState => ({
  cells: new Map(),
  holders: new Map(),
  correctiveActions: [],
  callEnds: new Map(),
});

/** More days than any history has; a longer delay counts as this one, which bounds the histogram. */
const LATE_DAYS_MAX = 1_100;

/** The place of grants, allocations and use that name no pool: those from before there were pools. */
export const NO_POOL = 'none';

const TYPES = [
  'access-call-opened',
  'access-request-submitted',
  'access-request-withdrawn',
  'eligibility-confirmed',
  'eligibility-refused',
  'access-granted',
  'access-denied',
  'grant-revoked',
  'usage-reported',
  'corrective-action-decided',
  'chips-allocated',
  'allocation-released',
  'pool-assigned',
] as const;
export type EqualAccessEvent = Extract<LedgerEvent, { readonly type: (typeof TYPES)[number] }>;
type RequestEvent = Exclude<
  EqualAccessEvent,
  {
    readonly type:
      | 'access-call-opened'
      | 'usage-reported'
      | 'corrective-action-decided'
      | 'chips-allocated'
      | 'allocation-released'
      | 'pool-assigned';
  }
>;
type Granted = Extract<RequestEvent, { readonly type: 'access-granted' }>['data'];

/** What the fold of an event needs beside the event. */
export interface Context {
  readonly recordedAt: string;
  readonly limitOf: LimitOf;
}

/** Applies one event to the state, in place. */
export function foldEqualAccess(state: EqualAccessState, event: EqualAccessEvent, context: Context): void {
  const { stream } = event;
  switch (event.type) {
    case 'access-call-opened':
      // `closesAt` is the first instant that is too late: the last day is the one before it.
      state.callEnds.set(idOf(stream, 'access-call'), dateOf(parseInstant(event.data.closesAt) - 1));
      return;
    case 'chips-allocated':
      allocationCell(state, event.data, stream).allocatedChipMs += allocatedChipMs(event.data);
      return;
    case 'pool-assigned': {
      const { poolId: _poolId, ...without } = event.data;
      allocationCell(state, without, stream).allocatedChipMs -= allocatedChipMs(event.data);
      allocationCell(state, event.data, stream).allocatedChipMs += allocatedChipMs(event.data);
      return;
    }
    case 'allocation-released':
      allocationCell(state, event.data, stream).allocatedChipMs -= releasedChipMs(event.data);
      return;
    case 'corrective-action-decided':
      state.correctiveActions.push(event.data);
      return;
    case 'usage-reported':
      for (const record of event.data.records) {
        const cell = cellOf(state, { ...record, facilityId: event.data.facilityId, poolId: poolOf(record) ?? NO_POOL });
        cell.usedHours += BigInt(record.chipHours);
        if (record.flag) cell.flaggedHours += BigInt(record.chipHours);
      }
      return;
    default:
      foldRequest(state, event, context);
  }
}

function foldRequest(state: EqualAccessState, event: RequestEvent, context: Context): void {
  const isGrant = event.type === 'access-granted' || event.type === 'grant-revoked';
  const poolId = poolOf(event.data) ?? (isGrant ? NO_POOL : null);
  const cell = cellOf(state, { ...event.data, poolId });
  const requestedHours = BigInt(event.data.chipHoursRequested);
  switch (event.type) {
    case 'access-request-submitted':
      cell.submitted += 1;
      cell.requestedHours += requestedHours;
      if (event.data.illustrative) cell.illustrative += 1;
      countPending(state, cell, event.data, 1);
      holderOf(state, event.data, null).submitted += 1;
      return;
    case 'access-request-withdrawn':
      cell.withdrawn += 1;
      cell.withdrawnHours += requestedHours;
      countPending(state, cell, event.data, -1);
      observe(cell.withdrawnDays, workingDays(event.data.submittedAt, event.data.withdrawnAt));
      return;
    case 'eligibility-confirmed':
      return;
    case 'eligibility-refused':
      cell.ineligible += 1;
      cell.ineligibleHours += requestedHours;
      countPending(state, cell, event.data, -1);
      observe(cell.refusedDays, workingDays(event.data.submittedAt, event.data.checkedAt));
      return;
    case 'access-denied':
      moveToPool(state, event.data, poolId);
      cell.denied += 1;
      cell.deniedHours += requestedHours;
      decide(state, cell, event.data, context);
      return;
    case 'access-granted':
      moveToPool(state, event.data, poolId);
      grant(state, cell, event.data);
      decide(state, cell, event.data, context);
      return;
    case 'grant-revoked':
      cell.revoked += 1;
      cell.revokedHours += BigInt(event.data.chipHours);
      return;
    default:
      unknownToReport(event);
  }
}

/** A request asks for no pool; its grant names the pool. From then on the request counts as demand for the time of that pool. */
function moveToPool(state: EqualAccessState, data: Application, poolId: string | null): void {
  const without = cellOf(state, { ...data, poolId: null });
  countPending(state, without, data, -1);
  if (poolId === null) return;
  const hours = BigInt(data.chipHoursRequested);
  const within = cellOf(state, { ...data, poolId });
  without.submitted -= 1;
  without.requestedHours -= hours;
  within.submitted += 1;
  within.requestedHours += hours;
  holderOf(state, data, null).submitted -= 1;
  holderOf(state, data, poolId).submitted += 1;
}

function grant(state: EqualAccessState, cell: Cell, data: Granted): void {
  const hours = BigInt(data.chipHours);
  cell.granted += 1;
  cell.acceptedHours += BigInt(data.chipHoursRequested);
  cell.grantedHours += hours;
  if (data.priceBasis === 'free') {
    cell.grantedFree += 1;
    cell.grantedFreeHours += hours;
    const reason = data.freeReason ?? 'none';
    cell.freeHoursByReason.set(reason, (cell.freeHoursByReason.get(reason) ?? 0n) + hours);
  }
  if (data.funding) cell.unionFundedHours += hours;
  if (data.use === 'commercial') cell.commercialHours += hours;
  observe(cell.fulfilmentPerMille, Number((hours * 1000n) / BigInt(data.chipHoursRequested)));
  const holder = holderOf(state, data, cell.poolId);
  holder.granted += 1;
  holder.grantedHours += hours;
}

function decide(
  state: EqualAccessState,
  cell: Cell,
  data: Application & { readonly decidedAt: string },
  { recordedAt, limitOf }: Context,
): void {
  observe(cell.decisionDays, workingDays(data.submittedAt, data.decidedAt));
  const late = (Date.parse(day(recordedAt)) - Date.parse(day(data.decidedAt))) / MS_PER_DAY;
  if (late > 0) observe(cell.recordedLateDays, Math.min(LATE_DAYS_MAX, late));
  const limit = limitOf(data.mode, day(data.submittedAt));
  if (limit === undefined) return;
  cell.decidedWithLimit += 1;
  const days = businessDaysBetween(beginOf(limit, limitDaysOf(state, data)), day(data.decidedAt));
  if (days <= limit.workingDaysMax) cell.decidedInTime += 1;
}

function limitDaysOf({ callEnds }: EqualAccessState, { callId, submittedAt }: Application): LimitDays {
  const submittedOn = day(submittedAt);
  return { submittedOn, callEndsOn: callEnds.get(callId) ?? submittedOn };
}

function countPending(state: EqualAccessState, cell: Cell, data: Application, count: number): void {
  const { submittedOn, callEndsOn } = limitDaysOf(state, data);
  const key = `${submittedOn} ${callEndsOn}`;
  const pending = (cell.pending.get(key) ?? 0) + count;
  if (pending === 0) cell.pending.delete(key);
  else cell.pending.set(key, pending);
}

const day = (instant: string): string => dateOf(parseInstant(instant));

/** Working days between two instants, by their UTC dates; see `DECISION_DAYS_MAX`. */
const workingDays = (from: string, to: string): number =>
  Math.min(DECISION_DAYS_MAX, Math.max(0, businessDaysBetween(day(from), day(to))));

/** The pool that an event names. Events from before there were pools name none. */
export function poolOf(data: object): string | null {
  const { poolId } = data as { readonly poolId?: string };
  return poolId ?? null;
}

const allocationCell = (state: EqualAccessState, data: Omit<AllocationFacts, 'poolId'>, stream: string): Cell =>
  cellOf(state, { ...data, facilityId: idOf(stream, 'facility'), poolId: poolOf(data) ?? NO_POOL });

type CellKey = Pick<Cell, 'facilityId' | 'mode' | 'category' | 'country' | 'poolId'>;

function cellOf(state: EqualAccessState, of: CellKey): Cell {
  const { facilityId, mode, category, country, poolId } = of;
  const key = `${facilityId} ${mode} ${category} ${country} ${poolId ?? '-'}`;
  const known = state.cells.get(key);
  if (known) return known;
  const cell = emptyCell({ facilityId, mode, category, country, poolId });
  state.cells.set(key, cell);
  return cell;
}

export const emptyCell = (of: CellKey): Cell => ({
  ...of,
  submitted: 0,
  withdrawn: 0,
  ineligible: 0,
  denied: 0,
  granted: 0,
  grantedFree: 0,
  revoked: 0,
  illustrative: 0,
  requestedHours: 0n,
  withdrawnHours: 0n,
  ineligibleHours: 0n,
  deniedHours: 0n,
  acceptedHours: 0n,
  grantedHours: 0n,
  grantedFreeHours: 0n,
  revokedHours: 0n,
  allocatedChipMs: 0n,
  usedHours: 0n,
  flaggedHours: 0n,
  decisionDays: new Map(),
  withdrawnDays: new Map(),
  refusedDays: new Map(),
  pending: new Map(),
  fulfilmentPerMille: new Map(),
  decidedWithLimit: 0,
  decidedInTime: 0,
  recordedLateDays: new Map(),
  freeHoursByReason: new Map(),
  unionFundedHours: 0n,
  commercialHours: 0n,
});

function holderOf(state: EqualAccessState, of: Application, poolId: string | null): Holder {
  const { facilityId, mode, partnerId, ultimateParentId, category } = of;
  const key = `${facilityId} ${mode} ${partnerId} ${ultimateParentId} ${category} ${poolId ?? '-'}`;
  const known = state.holders.get(key);
  if (known) return known;
  const place = { facilityId, mode, partnerId, ultimateParentId, category, poolId };
  const holder = { ...place, submitted: 0, granted: 0, grantedHours: 0n };
  state.holders.set(key, holder);
  return holder;
}
