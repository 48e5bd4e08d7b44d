import type { Mode } from '../../domain/access-modes.js';
import type { Application } from '../../access/access-request.js';
import type { AllocationFacts } from '../../compute/facility-events.js';
import { idOf } from '../../ledger/aggregate.js';
import type { RecordedEvent } from '../../ledger/event.js';
import { dateOf, parseInstant } from '../../ledger/time.js';
import type { Category } from '../../partners/partner.js';
import { businessDaysBetween } from '../../domain/business-days.js';
import { allocatedChipMs, releasedChipMs } from '../measures/chip-time.js';
import { observe, type Histogram } from '../measures/durations.js';
import { unknownToReport } from '../events/ledger-event.js';
import type { CorrectiveAction } from '../events/publication.js';
import { DECISION_LIMITS } from './decision-limits.js';
import type { EventOf } from './method-events.js';

/**
 * The part of the state for the report on equal access: counts, exact sums and histograms per cell. It grows with the facilities, modes,
 * categories, countries and applicants, never with the number of requests. So a state is small enough to be stored often, and few events
 * have to be folded for a report as of any position.
 */
export interface EqualAccessState {
  readonly cells: Map<string, Cell>;
  readonly holders: Map<string, Holder>;
  /** Decided by the Governing Board, in order. */
  readonly correctiveActions: CorrectiveAction[];
  /** Cut-off dates of the calls whose limit for a decision is counted from them. */
  readonly cutOffs: Map<string, string>;
}

/** The requests of one category and country to one facility in one mode. Sums are whole chip-hours. */
export interface Cell {
  readonly facilityId: string;
  readonly mode: Mode;
  readonly category: Category;
  readonly country: string;
  submitted: number;
  withdrawn: number;
  ineligible: number;
  denied: number;
  /** Revoked grants included: `revoked` counts them a second time. */
  granted: number;
  grantedFree: number;
  revoked: number;
  /** Requests that are marked illustrative. */
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
  /** Working days from submission to withdrawal or to the refusal of eligibility. */
  readonly abandonedDays: Histogram;
  /** Number of requests without an outcome, by date of submission. A date is removed when its number is 0. */
  readonly pendingSince: Map<string, number>;
  /** Granted over requested hours of granted requests, in per mille, rounded down. */
  readonly fulfilmentPerMille: Histogram;
  /** Decisions in a mode that has a time limit. `decidedInTime` counts the decisions within the limit. */
  decidedWithLimit: number;
  decidedInTime: number;
}

/** Requests and grants of one applicant, under the parent and the category that it had at submission. */
export interface Holder {
  readonly facilityId: string;
  readonly mode: Mode;
  readonly partnerId: string;
  readonly ultimateParentId: string;
  readonly category: Category;
  submitted: number;
  granted: number;
  grantedHours: bigint;
}

export const initialEqualAccess = (): EqualAccessState => ({
  cells: new Map(),
  holders: new Map(),
  correctiveActions: [],
  cutOffs: new Map(),
});

/** Three years of working days. A longer time counts as this one, which bounds the histograms. */
export const DECISION_DAYS_MAX = 750;

type AccessRequestEvent = EventOf<
  | 'access-request-submitted'
  | 'access-request-withdrawn'
  | 'eligibility-confirmed'
  | 'eligibility-refused'
  | 'access-granted'
  | 'access-denied'
  | 'grant-revoked'
>;
export type EqualAccessEvent =
  | AccessRequestEvent
  | EventOf<
      'access-call-opened' | 'usage-reported' | 'corrective-action-decided' | 'chips-allocated' | 'allocation-released'
    >;

/** Applies one event to the state, in place. */
export function foldEqualAccess(
  state: EqualAccessState,
  event: EqualAccessEvent,
  stream: RecordedEvent['stream'],
): void {
  switch (event.type) {
    case 'access-call-opened':
      if (event.data.mode === 'large-scale') {
        state.cutOffs.set(idOf(stream, 'access-call'), day(event.data.closesAt));
      }
      return;
    case 'chips-allocated':
      allocationCell(state, event.data, stream).allocatedChipMs += allocatedChipMs(event.data);
      return;
    case 'allocation-released':
      allocationCell(state, event.data, stream).allocatedChipMs -= releasedChipMs(event.data);
      return;
    case 'corrective-action-decided':
      state.correctiveActions.push(event.data);
      return;
    case 'usage-reported':
      for (const record of event.data.records) {
        const cell = cellOf(state, { ...record, facilityId: event.data.facilityId });
        cell.usedHours += BigInt(record.chipHours);
        if (record.flag) cell.flaggedHours += BigInt(record.chipHours);
      }
      return;
    default:
      foldRequest(state, event);
  }
}

function foldRequest(state: EqualAccessState, event: AccessRequestEvent): void {
  const cell = cellOf(state, event.data);
  const requestedHours = BigInt(event.data.chipHoursRequested);
  switch (event.type) {
    case 'access-request-submitted':
      cell.submitted += 1;
      cell.requestedHours += requestedHours;
      if (event.data.illustrative) cell.illustrative += 1;
      observePending(cell, event.data.submittedAt, 1);
      holderOf(state, event.data).submitted += 1;
      return;
    case 'access-request-withdrawn':
      cell.withdrawn += 1;
      cell.withdrawnHours += requestedHours;
      abandon(cell, event.data, event.data.withdrawnAt);
      return;
    case 'eligibility-confirmed':
      return;
    case 'eligibility-refused':
      cell.ineligible += 1;
      cell.ineligibleHours += requestedHours;
      abandon(cell, event.data, event.data.checkedAt);
      return;
    case 'access-denied':
      cell.denied += 1;
      cell.deniedHours += requestedHours;
      decide(state, cell, event.data);
      return;
    case 'access-granted':
      grant(state, cell, event.data);
      decide(state, cell, event.data);
      return;
    case 'grant-revoked':
      cell.revoked += 1;
      cell.revokedHours += BigInt(event.data.chipHours);
      return;
    default:
      unknownToReport(event);
  }
}

function grant(state: EqualAccessState, cell: Cell, data: EventOf<'access-granted'>['data']): void {
  const hours = BigInt(data.chipHours);
  cell.granted += 1;
  cell.acceptedHours += BigInt(data.chipHoursRequested);
  cell.grantedHours += hours;
  if (data.priceBasis === 'free') {
    cell.grantedFree += 1;
    cell.grantedFreeHours += hours;
  }
  observe(cell.fulfilmentPerMille, Number((hours * 1000n) / BigInt(data.chipHoursRequested)));
  const holder = holderOf(state, data);
  holder.granted += 1;
  holder.grantedHours += hours;
}

function decide(state: EqualAccessState, cell: Cell, data: Application & { readonly decidedAt: string }): void {
  observePending(cell, data.submittedAt, -1);
  observe(cell.decisionDays, workingDays(data.submittedAt, data.decidedAt));
  const limit = DECISION_LIMITS[data.mode];
  if (limit === undefined) return;
  cell.decidedWithLimit += 1;
  // No request is submitted after the cut-off of its call. Without a cut-off the limit runs from the submission.
  const from = state.cutOffs.get(data.callId) ?? day(data.submittedAt);
  if (businessDaysBetween(from, day(data.decidedAt)) <= limit) cell.decidedInTime += 1;
}

function abandon(cell: Cell, data: Application, at: string): void {
  observePending(cell, data.submittedAt, -1);
  observe(cell.abandonedDays, workingDays(data.submittedAt, at));
}

function observePending(cell: Cell, submittedAt: string, count: number): void {
  const date = day(submittedAt);
  const pending = (cell.pendingSince.get(date) ?? 0) + count;
  if (pending === 0) cell.pendingSince.delete(date);
  else cell.pendingSince.set(date, pending);
}

const day = (instant: string): string => dateOf(parseInstant(instant));

/** Working days between two instants, by their UTC dates; see `DECISION_DAYS_MAX`. */
const workingDays = (from: string, to: string): number =>
  Math.min(DECISION_DAYS_MAX, Math.max(0, businessDaysBetween(day(from), day(to))));

const allocationCell = (state: EqualAccessState, data: AllocationFacts, stream: string): Cell =>
  cellOf(state, { ...data, facilityId: idOf(stream, 'facility') });

function cellOf(state: EqualAccessState, of: Pick<Cell, 'facilityId' | 'mode' | 'category' | 'country'>): Cell {
  const { facilityId, mode, category, country } = of;
  const key = `${facilityId} ${mode} ${category} ${country}`;
  const known = state.cells.get(key);
  if (known) return known;
  const cell = emptyCell({ facilityId, mode, category, country });
  state.cells.set(key, cell);
  return cell;
}

const emptyCell = (of: Pick<Cell, 'facilityId' | 'mode' | 'category' | 'country'>): Cell => ({
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
  abandonedDays: new Map(),
  pendingSince: new Map(),
  fulfilmentPerMille: new Map(),
  decidedWithLimit: 0,
  decidedInTime: 0,
});

function holderOf(state: EqualAccessState, of: Application): Holder {
  const { facilityId, mode, partnerId, ultimateParentId, category } = of;
  const key = `${facilityId} ${mode} ${partnerId} ${ultimateParentId} ${category}`;
  const known = state.holders.get(key);
  if (known) return known;
  const holder = {
    facilityId,
    mode,
    partnerId,
    ultimateParentId,
    category,
    submitted: 0,
    granted: 0,
    grantedHours: 0n,
  };
  state.holders.set(key, holder);
  return holder;
}
