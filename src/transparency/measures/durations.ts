// Published reports of method 1.0 depend on this file: before a change, copy the old behaviour into `transparency/method-1`.

import type { Measure } from './measures.js';

/** How often each whole number (of working days, of per mille) was observed. Bounded by distinct values, not by observations. */
export type Histogram = Map<number, number>;

/** Adds observations, by default one. */
export function observe(histogram: Histogram, value: number, count = 1): void {
  histogram.set(value, (histogram.get(value) ?? 0) + count);
}

export function merged(histograms: readonly Histogram[]): Histogram {
  const all: Histogram = new Map();
  for (const histogram of histograms) for (const [value, count] of histogram) observe(all, value, count);
  return all;
}

const observations = (histogram: Histogram): number => [...histogram.values()].reduce((sum, count) => sum + count, 0);

const ordered = (histogram: Histogram): [value: number, count: number][] =>
  [...histogram].sort(([one], [other]) => one - other);

/** The value at a rank, from 1. */
function valueAt(histogram: Histogram, rank: number): number | undefined {
  let seen = 0;
  for (const [value, count] of ordered(histogram)) {
    seen += count;
    if (seen >= rank) return value;
  }
  return undefined;
}

/** Median of the observations; of an even number of them the mean of the middle two. */
export function median(histogram: Histogram): Measure {
  const count = observations(histogram);
  const low = valueAt(histogram, Math.floor((count + 1) / 2));
  const high = valueAt(histogram, Math.floor(count / 2) + 1);
  return low === undefined || high === undefined ? 'no-decisions' : (low + high) / 2;
}

/** The smallest value that at least `percent` of 100 observations do not exceed (nearest rank). */
export function percentile(histogram: Histogram, percent: number): Measure {
  const rank = Math.ceil((observations(histogram) * percent) / 100);
  return valueAt(histogram, Math.max(1, rank)) ?? 'no-decisions';
}

/** Survival is a product of fractions: one half may come out as 0.5000000000000001. */
const SURVIVAL_SLACK = 1e-12;

/**
 * Median time to an event when some observations ended before theirs (Kaplan and Meier, JASA 53, 1958): the smallest time by which the
 * product-limit estimate of survival is at most one half. `censored` are the times at which observation ended without an event: the request
 * is pending, or was withdrawn. A median of the decided requests alone would be short for a programme that leaves its hard requests
 * undecided. At equal times events come first. The median is not reached when more than half still wait at the longest time observed.
 */
export function kaplanMeierMedian(events: Histogram, censored: Histogram): Measure {
  let atRisk = observations(events) + observations(censored);
  if (atRisk === 0) return 'no-requests';
  let survival = 1;
  for (const [time] of ordered(merged([events, censored]))) {
    const happened = events.get(time) ?? 0;
    survival *= 1 - happened / atRisk;
    if (survival <= 0.5 + SURVIVAL_SLACK) return time;
    atRisk -= happened + (censored.get(time) ?? 0);
  }
  return 'median-not-reached';
}
