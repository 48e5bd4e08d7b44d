import { businessDaysBetween } from '../../domain/business-days.js';
import { chipHours } from '../measures/chip-time.js';
import { kaplanMeierMedian, median, merged, observe, percentile, type Histogram } from '../measures/durations.js';
import { DECISION_DAYS_MAX, type Cell } from './equal-access-fold.js';
import {
  figures,
  isDefined,
  representation,
  rounded,
  share,
  shareGap,
  successRate,
  wilsonInterval,
} from '../measures/measures.js';
import type { Impact, Measure, Reason } from '../measures/measures.js';

/** Sums of cells: of one category, of one country, or of all. */
export type AccessSums = Omit<Cell, 'facilityId' | 'mode' | 'category' | 'country'>;

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
] as const;
const HISTOGRAMS = ['decisionDays', 'abandonedDays', 'fulfilmentPerMille'] as const;

/** Adds cells up. Sums of integers and histograms are the same in every order and grouping. */
export function sumsOf(cells: readonly Cell[]): AccessSums {
  const counts = COUNTS.map((field) => [field, cells.reduce((sum, cell) => sum + cell[field], 0)]);
  const sums = SUMS.map((field) => [field, cells.reduce((sum, cell) => sum + cell[field], 0n)]);
  const histograms = HISTOGRAMS.map((field) => [field, merged(cells.map((cell) => cell[field]))]);
  const pendingSince = new Map<string, number>();
  for (const cell of cells) {
    for (const [date, count] of cell.pendingSince) pendingSince.set(date, (pendingSince.get(date) ?? 0) + count);
  }
  return { ...Object.fromEntries([...counts, ...sums, ...histograms]), pendingSince } as AccessSums;
}

type Reasons = Readonly<Partial<Record<string, Reason>>>;
export type AccessFigures = ReturnType<typeof accessFigures>;

/** The published line of one group, compared with all groups, on a date (null: nothing is recorded yet). */
export function accessFigures(own: AccessSums, all: AccessSums, asOfDate: string | null) {
  const { reasons, ...measured } = figures({ ...accessMeasures(own, all), ...timeMeasures(own, asOfDate) });
  const interval = wilsonInterval(own.granted, own.denied + own.granted);
  const noInterval = typeof interval === 'string';
  return {
    ...countsOf(own),
    ...hoursOf(own),
    ...measured,
    successRateInterval: noInterval ? null : interval.map(rounded),
    reasons: { ...reasons, ...(noInterval && { successRateInterval: interval }) } as Reasons,
  };
}

/** The same line, with the comparison of the group with the best one. */
export function withImpact(line: AccessFigures, { ratio, pValue, flag }: Impact) {
  const { reasons, ...measured } = figures({ impactRatio: ratio, impactPValue: pValue });
  return {
    ...line,
    ...measured,
    impactFlag: flag,
    reasons: { ...line.reasons, ...reasons, ...(flag === null && { impactFlag: 'no-policy' }) } as Reasons,
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
    chipHoursAllocated: chipHours(own.allocatedChipMs),
    chipHoursUsed: Number(own.usedHours),
    chipHoursUsedFlagged: Number(own.flaggedHours),
  };
}

function accessMeasures(own: AccessSums, all: AccessSums) {
  const access = {
    requested: own.requestedHours,
    granted: own.grantedHours,
    requestedByAll: all.requestedHours,
    grantedToAll: all.grantedHours,
  };
  const medianPerMille = median(own.fulfilmentPerMille);
  return {
    shareRequested: share(own.requestedHours, all.requestedHours, 'no-demand'),
    shareGranted: share(own.grantedHours, all.grantedHours, 'nothing-granted'),
    representation: representation(access),
    shareGap: shareGap(access),
    successRate: successRate(own.granted, own.denied + own.granted),
    fulfilment: share(own.grantedHours, own.requestedHours, 'no-demand'),
    fulfilmentMedian: isDefined(medianPerMille) ? medianPerMille / 1000 : ('nothing-granted' as const),
  };
}

function timeMeasures(own: AccessSums, asOfDate: string | null) {
  const waiting = merged([own.abandonedDays, waitingDays(own.pendingSince, asOfDate)]);
  const inTime: Measure =
    own.decidedWithLimit === 0 ? 'no-decisions-with-a-limit' : own.decidedInTime / own.decidedWithLimit;
  return {
    medianDecisionDays: median(own.decisionDays),
    p90DecisionDays: percentile(own.decisionDays, 90),
    medianDecisionDaysCensored: kaplanMeierMedian(own.decisionDays, waiting),
    decidedWithinLimit: inTime,
  };
}

/** Working days that pending requests have waited. At least 0: a request that was recorded late may be dated after the report. */
function waitingDays(pendingSince: AccessSums['pendingSince'], asOfDate: string | null): Histogram {
  const days: Histogram = new Map();
  if (asOfDate === null) return days;
  for (const [date, count] of pendingSince) {
    observe(days, Math.min(DECISION_DAYS_MAX, Math.max(0, businessDaysBetween(date, asOfDate))), count);
  }
  return days;
}
