import fc from 'fast-check';
import {
  kaplanMeierMedian,
  median,
  merged,
  observe,
  percentile,
  type Histogram,
} from '../../../src/transparency/measures/durations.js';

const histogramOf = (values: readonly number[]): Histogram => {
  const histogram: Histogram = new Map();
  for (const value of values) observe(histogram, value);
  return histogram;
};
const days = fc.array(fc.nat(40), { minLength: 1, maxLength: 80 });

describe('a histogram of durations', () => {
  it('has the median of the sorted list, the mean of the middle two for an even number', () => {
    expect(median(histogramOf([5, 1, 3]))).toBe(3);
    expect(median(histogramOf([4, 1, 3, 2]))).toBe(2.5);
    fc.assert(
      fc.property(days, (values) => {
        const sorted = [...values].sort((a, b) => a - b);
        const middle = [sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, sorted[Math.floor(sorted.length / 2)] ?? 0];
        expect(median(histogramOf(values))).toBe(((middle[0] ?? 0) + (middle[1] ?? 0)) / 2);
      }),
    );
  });

  it('has the nearest-rank percentile', () => {
    const ten = histogramOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(percentile(ten, 90)).toBe(9);
    expect(percentile(histogramOf([7]), 90)).toBe(7);
    expect(percentile(ten, 100)).toBe(10);
  });

  it('has neither median nor percentile without an observation', () => {
    expect(median(new Map())).toBe('no-decisions');
    expect(percentile(new Map(), 90)).toBe('no-decisions');
  });

  it('adds up with others', () => {
    fc.assert(
      fc.property(days, days, (one, other) => {
        const together = histogramOf([...one, ...other]);
        const sum = merged([histogramOf(one), histogramOf(other)]);
        expect([...sum].sort(([a], [b]) => a - b)).toEqual([...together].sort(([a], [b]) => a - b));
      }),
    );
  });
});

describe('Kaplan-Meier median', () => {
  // Remission of leukaemia in weeks, Freireich et al., Blood 21, 1963: the standard example of the method.
  const placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23];
  const treated = [6, 6, 6, 7, 10, 13, 16, 22, 23];
  const treatedCensored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35];

  it('is the value of the literature, with and without censoring', () => {
    expect(kaplanMeierMedian(histogramOf(placebo), new Map())).toBe(8);
    expect(kaplanMeierMedian(histogramOf(treated), histogramOf(treatedCensored))).toBe(23);
  });

  it('is not reached while more than half still wait, and not defined without a request', () => {
    expect(kaplanMeierMedian(histogramOf([1]), histogramOf([5, 5]))).toBe('median-not-reached');
    expect(kaplanMeierMedian(new Map(), histogramOf([3]))).toBe('median-not-reached');
    expect(kaplanMeierMedian(new Map(), new Map())).toBe('no-requests');
  });

  it('is the lower median of the decided requests when none is pending', () => {
    fc.assert(
      fc.property(days, (values) => {
        const sorted = [...values].sort((a, b) => a - b);
        expect(kaplanMeierMedian(histogramOf(values), new Map())).toBe(sorted[Math.ceil(sorted.length / 2) - 1]);
      }),
    );
  });

  it('never falls because more requests are pending', () => {
    fc.assert(
      fc.property(days, days, (decided, pending) => {
        const longest = Math.max(...decided, ...pending);
        const without = kaplanMeierMedian(histogramOf(decided), new Map());
        const withPending = kaplanMeierMedian(histogramOf(decided), histogramOf(pending.map(() => longest)));
        if (typeof withPending === 'number') expect(withPending).toBeGreaterThanOrEqual(Number(without));
        else expect(withPending).toBe('median-not-reached');
      }),
    );
  });
});
