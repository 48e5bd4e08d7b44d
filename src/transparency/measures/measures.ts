// Published reports of method 1.0 depend on this file: before a change, copy the old behaviour into `transparency/method-1`.

/**
 * Measures of one group, e.g. a category of users, as pure functions of exact counts and sums. Their results are rounded only once, where
 * the report is written (`figures`). Every method version uses these functions, and the corpus of each version protects them: a new
 * formula gets a new function.
 */

/** Why a figure is not defined. Published beside the `null`, because 0 would have another meaning. */
export const REASONS = [
  'no-requests',
  'no-demand',
  'nothing-granted',
  'no-decisions',
  'no-decisions-with-a-limit',
  'not-enough-data',
  'no-policy',
  'median-not-reached',
  'no-public-contribution',
  'nothing-committed',
  'no-facility-with-capex',
  'not-recorded',
  'nothing-recorded-late',
  'no-entitlement',
] as const;
export type Reason = (typeof REASONS)[number];

/** A figure, or the reason why there is none. */
export type Measure = number | Reason;

export const isDefined = (measure: Measure): measure is number => typeof measure === 'number';

/** Digits after the point of every published share and measure. */
const FIGURE_DIGITS = 6;
const FIGURE_SCALE = 10 ** FIGURE_DIGITS;

/** Rounds half up to six digits. Never returns -0: JSON prints it as 0, but a comparison distinguishes the two. */
export const rounded = (value: number): number => Math.round(value * FIGURE_SCALE) / FIGURE_SCALE + 0;

/** Published figures: rounded, `null` where one is not defined, and the reason for every `null` by field. */
export function figures<Field extends string>(
  measures: Readonly<Record<Field, Measure>>,
): Record<Field, number | null> & { readonly reasons: Partial<Record<Field, Reason>> } {
  const values: Partial<Record<Field, number | null>> = {};
  const reasons: Partial<Record<Field, Reason>> = {};
  for (const field of Object.keys(measures) as Field[]) {
    const measure: Measure = measures[field];
    values[field] = isDefined(measure) ? rounded(measure) : null;
    if (!isDefined(measure)) reasons[field] = measure;
  }
  return { ...(values as Record<Field, number | null>), reasons };
}

/** Quotient of exact integers, rounded once. The denominator must not be 0: callers return a reason instead. */
export const quotient = (numerator: bigint, denominator: bigint): number => Number(numerator) / Number(denominator);

/** Part of a whole; `reason` when the whole is nothing. */
export const share = (part: bigint, whole: bigint, reason: Reason): Measure =>
  whole === 0n ? reason : quotient(part, whole);

/** Chip-hours of one group and of all groups together. */
export interface Access {
  readonly requested: bigint;
  readonly granted: bigint;
  readonly requestedByAll: bigint;
  readonly grantedToAll: bigint;
}

/**
 * Share of the granted hours over share of the requested hours, `(g/G) / (q/Q)`. 1 means that a group gets access in proportion to its
 * demand, which Art. 12b(16) of Regulation (EU) 2021/1173 monitors.
 */
export function representation({ requested, granted, requestedByAll, grantedToAll }: Access): Measure {
  if (requested === 0n) return 'no-demand';
  if (grantedToAll === 0n) return 'nothing-granted';
  return quotient(granted * requestedByAll, grantedToAll * requested);
}

/** Share of the granted hours less share of the requested hours, as a fraction (0.05 is 5 points). Over all groups it sums to 0. */
export function shareGap({ requested, granted, requestedByAll, grantedToAll }: Access): Measure {
  if (requestedByAll === 0n) return 'no-demand';
  if (grantedToAll === 0n) return 'nothing-granted';
  return quotient(granted * requestedByAll - requested * grantedToAll, grantedToAll * requestedByAll);
}

/** Granted among decided requests. An undecided request is neither a success nor a failure. */
export const successRate = (granted: number, decided: number): Measure =>
  decided === 0 ? 'no-decisions' : granted / decided;

/** 97.5th percentile of the standard normal distribution: two-sided 95 %. */
const Z_95 = 1.959963984540054;

/**
 * Wilson's score interval for a proportion, 95 % (Wilson, JASA 22, 1927): unlike the textbook interval it stays inside [0, 1] and keeps
 * its coverage for small numbers, which some categories will always have.
 */
export function wilsonInterval(successes: number, trials: number): readonly [low: number, high: number] | Reason {
  if (trials === 0) return 'no-decisions';
  const rate = successes / trials;
  const z2 = Z_95 * Z_95;
  const centre = rate + z2 / (2 * trials);
  const spread = Z_95 * Math.sqrt((rate * (1 - rate) + z2 / (4 * trials)) / trials);
  const scale = 1 + z2 / trials;
  // The exact bounds at the ends; floating point would leave something like 5e-17 there.
  const low = successes === 0 ? 0 : (centre - spread) / scale;
  const high = successes === trials ? 1 : (centre + spread) / scale;
  return [low, high];
}

/** Successes among trials of one group. */
export interface Outcomes {
  readonly successes: number;
  readonly trials: number;
}

/** As in R's `fisher.test`: a table as likely as the observed one counts although rounding makes it look likelier. */
const LIKELIHOOD_SLACK = 1 + 1e-7;

/**
 * Two-sided p-value of Fisher's exact test that two groups have the same chance of success: the probability, with all margins given,
 * of every table that is at most as likely as the observed one. Weights are computed from the mode outwards as ratios of neighbours: so
 * nothing overflows, and the four basic operations are enough. Far tails underflow to 0, which does not change the sum.
 */
export function fisherExact(one: Outcomes, other: Outcomes): number {
  const successes = one.successes + other.successes;
  const trials = one.trials + other.trials;
  const low = Math.max(0, successes - other.trials);
  const high = Math.min(successes, one.trials);
  const mode = Math.min(high, Math.max(low, Math.floor(((successes + 1) * (one.trials + 1)) / (trials + 2))));
  // P(k + 1) / P(k) of the hypergeometric distribution.
  const step = (k: number): number =>
    ((successes - k) * (one.trials - k)) / ((k + 1) * (other.trials - successes + k + 1));
  const weights = new Map([[mode, 1]]);
  for (let k = mode, weight = 1; k < high && weight > 0; k++) weights.set(k + 1, (weight *= step(k)));
  for (let k = mode, weight = 1; k > low && weight > 0; k--) weights.set(k - 1, (weight /= step(k - 1)));
  const limit = (weights.get(one.successes) ?? 0) * LIKELIHOOD_SLACK;
  const ascending = [...weights.values()].sort((a, b) => a - b);
  return Math.min(1, sum(ascending.filter((weight) => weight <= limit)) / sum(ascending));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** A low ratio is flagged up to this p-value. */
const SIGNIFICANCE_MAX = 0.05;

/** The rule by which an impact ratio is judged: the board's policy `impact-ratio-minimum`. The four-fifths rule (29 CFR 1607.4(D)) flags below 0.8. */
export interface ImpactRule {
  /** Decided requests that a group needs. */
  readonly decidedMin: number;
  readonly flagBelow: number;
}
export const IMPACT_FLAGS = ['low', 'none', 'not-enough-data'] as const;
export type ImpactFlag = (typeof IMPACT_FLAGS)[number];
export interface Impact {
  /** Success rate over that of the reference group. */
  readonly ratio: Measure;
  /** Fisher's exact test against the reference group. */
  readonly pValue: Measure;
  /** Null while no rule is adopted. */
  readonly flag: ImpactFlag | null;
}

/**
 * Success rate of every group over that of the best group. Only a group with enough decisions can be the best one: otherwise one lucky
 * applicant in a group of one would make all other groups look badly treated. So a small group may have a ratio above 1. A low ratio is
 * flagged only when the group has enough decisions and chance is an unlikely explanation.
 */
export function impacts(groups: readonly Outcomes[], rule: ImpactRule | null): Impact[] {
  const decidedMin = rule?.decidedMin ?? 1;
  const reference = best(groups.filter(({ trials }) => trials >= decidedMin));
  const nobody = rule ? 'not-enough-data' : null;
  return groups.map((group) => {
    if (group.trials === 0) return { ratio: 'no-decisions', pValue: 'no-decisions', flag: nobody };
    if (!reference) return { ratio: 'not-enough-data', pValue: 'not-enough-data', flag: nobody };
    const ratio = ratioOf(group, reference);
    if (group.trials < decidedMin) return { ratio, pValue: 'not-enough-data', flag: nobody };
    const pValue = fisherExact(group, reference);
    return { ratio, pValue, flag: rule ? flagOf(ratio, pValue, rule) : null };
  });
}

const flagOf = (ratio: Measure, pValue: number, { flagBelow }: ImpactRule): ImpactFlag =>
  isDefined(ratio) && ratio < flagBelow && pValue < SIGNIFICANCE_MAX ? 'low' : 'none';

/** The highest rate; among equal rates the group with more trials, because its rate is better known; then the first. */
function best(groups: readonly Outcomes[]): Outcomes | undefined {
  return groups.reduce<Outcomes | undefined>((leader, group) => {
    if (!leader) return group;
    const lead = group.successes * leader.trials - leader.successes * group.trials;
    return lead > 0 || (lead === 0 && group.trials > leader.trials) ? group : leader;
  }, undefined);
}

const ratioOf = (group: Outcomes, reference: Outcomes): Measure =>
  reference.successes === 0
    ? 'nothing-granted'
    : (group.successes * reference.trials) / (group.trials * reference.successes);
