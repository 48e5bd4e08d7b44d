import { businessDaysBetween } from '../../domain/business-days.js';
import { chipHours } from '../measures/chip-time.js';
import { kaplanMeierMedian, median, merged, observe, percentile, type Histogram } from '../measures/durations.js';
import {
  figures,
  isDefined,
  representation,
  rounded,
  share,
  shareGap,
  successRate,
  wilsonInterval,
  type Impact,
  type Measure,
  type Reason,
} from '../measures/measures.js';
import { DECISION_DAYS_MAX } from '../method-1/equal-access-fold.js';
import { beginOf, type LimitOf } from './decision-limits.js';
import type { Cell } from './equal-access-fold.js';

/** Sums of cells: of one category, of one country, or of all. Pending requests are counted by their mode too, which has the limit. */
export interface AccessSums extends Omit<Cell, 'facilityId' | 'mode' | 'category' | 'country' | 'poolId' | 'pending'> {
  readonly pending: readonly Pick<Cell, 'mode' | 'pending'>[];
}

const COUNTS = [
  'submitted',
  'withdrawn',
  'ineligible',
  'denied',
  'granted',
  'grantedFree',
  'revoked',
  'illustrative',
  'decidedWithLimit',
  'decidedInTime',
] as const;
const SUMS = [
  'requestedHours',
  'withdrawnHours',
  'ineligibleHours',
  'deniedHours',
  'acceptedHours',
  'grantedHours',
  'grantedFreeHours',
  'revokedHours',
  'allocatedChipMs',
  'usedHours',
  'flaggedHours',
  'unionFundedHours',
  'commercialHours',
] as const;
const HISTOGRAMS = ['decisionDays', 'withdrawnDays', 'refusedDays', 'fulfilmentPerMille', 'recordedLateDays'] as const;

/** Adds cells up. Sums of integers and histograms are the same in every order and grouping. */
export function sumsOf(cells: readonly Cell[]): AccessSums {
  const counts = COUNTS.map((field) => [field, cells.reduce((sum, cell) => sum + cell[field], 0)]);
  const sums = SUMS.map((field) => [field, cells.reduce((sum, cell) => sum + cell[field], 0n)]);
  const histograms = HISTOGRAMS.map((field) => [field, merged(cells.map((cell) => cell[field]))]);
  const freeHoursByReason = new Map<string, bigint>();
  for (const cell of cells) {
    for (const [reason, hours] of cell.freeHoursByReason) {
      freeHoursByReason.set(reason, (freeHoursByReason.get(reason) ?? 0n) + hours);
    }
  }
  const pending = cells.filter((cell) => cell.pending.size > 0).map(({ mode, pending }) => ({ mode, pending }));
  return { ...Object.fromEntries([...counts, ...sums, ...histograms]), freeHoursByReason, pending } as AccessSums;
}

/** What was added to a cell since an earlier state of it. Pending requests are those of the later state: they wait, whenever they came. */
export function cellSince(later: Cell, earlier: Cell | undefined): Cell {
  if (earlier === undefined) return later;
  const counts = COUNTS.map((field) => [field, later[field] - earlier[field]]);
  const sums = SUMS.map((field) => [field, later[field] - earlier[field]]);
  const histograms = HISTOGRAMS.map((field) => [field, histogramSince(later[field], earlier[field])]);
  const freeHoursByReason = new Map(
    [...later.freeHoursByReason].map(([reason, hours]) => [
      reason,
      hours - (earlier.freeHoursByReason.get(reason) ?? 0n),
    ]),
  );
  const { facilityId, mode, category, country, poolId, pending } = later;
  const place = { facilityId, mode, category, country, poolId, pending };
  return { ...place, ...Object.fromEntries([...counts, ...sums, ...histograms]), freeHoursByReason } as Cell;
}

function histogramSince(later: Histogram, earlier: Histogram): Histogram {
  const since: Histogram = new Map();
  for (const [value, count] of later) {
    const added = count - (earlier.get(value) ?? 0);
    if (added !== 0) since.set(value, added);
  }
  return since;
}

/** What counts as demand: all submitted requests, those that were not refused as ineligible, or those that were decided. */
export const DEMAND_BASES = ['all', 'eligible', 'decided'] as const;
export type DemandBasis = (typeof DEMAND_BASES)[number];

const DEMAND_OF: Readonly<Record<DemandBasis, (of: AccessSums) => bigint>> = {
  all: ({ requestedHours }) => requestedHours,
  eligible: ({ requestedHours, ineligibleHours }) => requestedHours - ineligibleHours,
  decided: ({ deniedHours, acceptedHours }) => deniedHours + acceptedHours,
};

type Reasons = Readonly<Partial<Record<string, Reason>>>;
export type DemandFigures = ReturnType<typeof demandOf>;
export type AccessFigures = ReturnType<typeof accessFigures>;

/** The point of a report, for what is measured against time, and the rules by which it is read. */
export interface Reading {
  /** Null: nothing is recorded yet. */
  readonly asOfDate: string | null;
  readonly limitOf: LimitOf;
  readonly demandBasis: DemandBasis;
}

/** The published line of one group, compared with all groups. */
export function accessFigures(own: AccessSums, all: AccessSums, reading: Reading) {
  const overdue = overdueOf(own, reading);
  const demand = {
    all: demandOf('all', own, all),
    eligible: demandOf('eligible', own, all),
    decided: demandOf('decided', own, all),
  };
  const {
    share: shareRequested,
    representation: represented,
    shareGap: gap,
    reasons: ofDemand,
  } = demand[reading.demandBasis];
  const { share: noShare, ...others } = ofDemand;
  const { reasons, ...measured } = figures({ ...accessMeasures(own, all), ...timeMeasures(own, overdue, reading) });
  const interval = wilsonInterval(own.granted, own.denied + own.granted);
  const noInterval = typeof interval === 'string';
  return {
    ...countsOf(own),
    overdue,
    recordedLate: [...own.recordedLateDays.values()].reduce((sum, count) => sum + count, 0),
    ...hoursOf(own),
    demand,
    shareRequested,
    representation: represented,
    shareGap: gap,
    ...measured,
    successRateInterval: noInterval ? null : interval.map(rounded),
    reasons: {
      ...(noShare !== undefined && { shareRequested: noShare }),
      ...others,
      ...reasons,
      ...(noInterval && { successRateInterval: interval }),
    } as Reasons,
  };
}

/** The same line, with the comparison of the group with the best one. */
export function withImpact(line: AccessFigures, { ratio, pValue, flag }: Impact) {
  const { reasons, ...measured } = figures({ impactRatio: ratio, impactPValue: pValue });
  return { ...line, ...measured, impactFlag: flag, reasons: { ...line.reasons, ...reasons } as Reasons };
}

/** Demand on one basis, and how the granted hours compare with it. */
function demandOf(basis: DemandBasis, own: AccessSums, all: AccessSums) {
  const requested = DEMAND_OF[basis](own);
  const requestedByAll = DEMAND_OF[basis](all);
  const access = { requested, granted: own.grantedHours, requestedByAll, grantedToAll: all.grantedHours };
  return {
    chipHours: Number(requested),
    ...figures({
      share: requestedByAll <= 0n ? 'no-demand' : share(requested, requestedByAll, 'no-demand'),
      representation: requested <= 0n || requestedByAll <= 0n ? 'no-demand' : representation(access),
      shareGap: requestedByAll <= 0n ? 'no-demand' : shareGap(access),
    }),
  };
}

function countsOf(own: AccessSums) {
  const { submitted, withdrawn, ineligible, denied, granted, grantedFree, revoked } = own;
  return {
    submitted,
    withdrawn,
    ineligible,
    pending: submitted - withdrawn - ineligible - denied - granted,
    denied,
    granted,
    grantedFree,
    grantedPayPerUse: granted - grantedFree,
    revoked,
  };
}

function hoursOf(own: AccessSums) {
  const { requestedHours, withdrawnHours, ineligibleHours, deniedHours, acceptedHours } = own;
  return {
    chipHoursRequested: Number(requestedHours),
    chipHoursRequestedBy: {
      withdrawn: Number(withdrawnHours),
      ineligible: Number(ineligibleHours),
      pending: Number(requestedHours - withdrawnHours - ineligibleHours - deniedHours - acceptedHours),
      denied: Number(deniedHours),
      granted: Number(acceptedHours),
    },
    chipHoursGranted: Number(own.grantedHours),
    chipHoursGrantedFree: Number(own.grantedFreeHours),
    chipHoursGrantedPayPerUse: Number(own.grantedHours - own.grantedFreeHours),
    chipHoursRevoked: Number(own.revokedHours),
    chipHoursGrantedNet: Number(own.grantedHours - own.revokedHours),
    chipHoursUnionFunded: Number(own.unionFundedHours),
    chipHoursCommercial: Number(own.commercialHours),
    chipHoursAllocated: signedChipHours(own.allocatedChipMs),
    chipHoursUsed: Number(own.usedHours),
    chipHoursUsedFlagged: Number(own.flaggedHours),
  };
}

/** Releases of a period may exceed its allocations. */
export const signedChipHours = (chipMs: bigint): number => (chipMs < 0n ? -chipHours(-chipMs) : chipHours(chipMs));

function accessMeasures(own: AccessSums, all: AccessSums) {
  const netOfAll = all.grantedHours - all.revokedHours;
  return {
    shareGranted: share(own.grantedHours, all.grantedHours, 'nothing-granted'),
    shareGrantedNet: share(own.grantedHours - own.revokedHours, netOfAll, 'nothing-granted'),
    successRate: successRate(own.granted, own.denied + own.granted),
    fulfilment:
      own.requestedHours <= 0n ? ('no-demand' as const) : share(own.grantedHours, own.requestedHours, 'no-demand'),
    fulfilmentMedian: inWhole(median(merged([own.fulfilmentPerMille, deniedOf(own)])), 'no-decisions'),
    grantedFulfilmentMedian: inWhole(median(own.fulfilmentPerMille), 'nothing-granted'),
  };
}

/** A denial grants nothing of what was requested. */
const deniedOf = ({ denied }: AccessSums): Histogram => (denied === 0 ? new Map() : new Map([[0, denied]]));

const inWhole = (perMille: Measure, reason: Reason): Measure => (isDefined(perMille) ? perMille / 1000 : reason);

function timeMeasures(own: AccessSums, overdue: number, { asOfDate }: Reading) {
  const { decisionDays, refusedDays, withdrawnDays } = own;
  const answerDays = merged([decisionDays, refusedDays]);
  const waiting = merged([withdrawnDays, waitingDays(own, asOfDate)]);
  const withLimit = own.decidedWithLimit + overdue;
  const late = median(own.recordedLateDays);
  return {
    medianDecisionDays: median(decisionDays),
    p90DecisionDays: percentile(decisionDays, 90),
    medianDecisionDaysCensored: kaplanMeierMedian(decisionDays, merged([refusedDays, waiting])),
    medianAnswerDays: median(answerDays),
    p90AnswerDays: percentile(answerDays, 90),
    medianAnswerDaysCensored: kaplanMeierMedian(answerDays, waiting),
    decidedWithinLimit: withLimit === 0 ? ('no-decisions-with-a-limit' as const) : own.decidedInTime / withLimit,
    recordedLateMedianDays: isDefined(late) ? late : ('nothing-recorded-late' as const),
  };
}

function* pendingOf({ pending }: AccessSums) {
  for (const { mode, pending: counts } of pending) {
    for (const [key, count] of counts) {
      const [submittedOn = '', callEndsOn = ''] = key.split(' ');
      yield { mode, days: { submittedOn, callEndsOn }, count };
    }
  }
}

/** Pending requests that are past the limit of their mode. */
function overdueOf(own: AccessSums, { asOfDate, limitOf }: Reading): number {
  if (asOfDate === null) return 0;
  let overdue = 0;
  for (const { mode, days, count } of pendingOf(own)) {
    const limit = limitOf(mode, days.submittedOn);
    if (limit && businessDaysBetween(beginOf(limit, days), asOfDate) > limit.workingDaysMax) overdue += count;
  }
  return overdue;
}

/** Working days that pending requests have waited. At least 0: a request that was recorded late may be dated after the report. */
function waitingDays(own: AccessSums, asOfDate: string | null): Histogram {
  const days: Histogram = new Map();
  if (asOfDate === null) return days;
  for (const {
    days: { submittedOn },
    count,
  } of pendingOf(own)) {
    observe(days, Math.min(DECISION_DAYS_MAX, Math.max(0, businessDaysBetween(submittedOn, asOfDate))), count);
  }
  return days;
}
