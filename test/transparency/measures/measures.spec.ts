import fc from 'fast-check';
import {
  figures,
  fisherExact,
  impacts,
  isDefined,
  representation,
  rounded,
  shareGap,
  successRate,
  wilsonInterval,
} from '../../../src/transparency/measures/measures.js';

describe('Wilson interval', () => {
  // Newcombe, Statistics in Medicine 17, 1998, Table I, and the textbook case of 8 in 10.
  it.each([
    [8, 10, 0.4902, 0.9433],
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
    [10, 10, 0.7225, 1],
  ])('has the published bounds for %i in %i', (successes, trials, low, high) => {
    const interval = wilsonInterval(successes, trials);
    expect(interval).toEqual([expect.closeTo(low, 4), expect.closeTo(high, 4)]);
  });

  it('has no interval without a decision, and gives the reason', () => {
    expect(wilsonInterval(0, 0)).toBe('no-decisions');
  });

  it('holds the rate, stays within 0 and 1, and mirrors when successes and failures change places', () => {
    const counts = fc
      .integer({ min: 1, max: 100_000 })
      .chain((trials) => fc.tuple(fc.nat(trials), fc.constant(trials)));
    fc.assert(
      fc.property(counts, ([successes, trials]) => {
        const [low, high] = wilsonInterval(successes, trials) as [number, number];
        const [mirroredLow, mirroredHigh] = wilsonInterval(trials - successes, trials) as [number, number];
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(successes / trials);
        expect(high).toBeGreaterThanOrEqual(successes / trials);
        expect(high).toBeLessThanOrEqual(1);
        expect(mirroredLow).toBeCloseTo(1 - high, 12);
        expect(mirroredHigh).toBeCloseTo(1 - low, 12);
      }),
    );
  });
});

describe("Fisher's exact test", () => {
  it('is 0.4857 for the lady tasting tea', () => {
    expect(fisherExact({ successes: 3, trials: 4 }, { successes: 1, trials: 4 })).toBeCloseTo(0.485714, 6);
  });

  it('is 0.002759 for 1 of 12 against 9 of 12', () => {
    expect(fisherExact({ successes: 1, trials: 12 }, { successes: 9, trials: 12 })).toBeCloseTo(0.002759456, 9);
  });

  it('agrees with the definition in exact arithmetic, and is the same for either order of the groups', () => {
    const group = fc
      .integer({ min: 1, max: 25 })
      .chain((trials) => fc.record({ successes: fc.nat(trials), trials: fc.constant(trials) }));
    fc.assert(
      fc.property(group, group, (one, other) => {
        const p = fisherExact(one, other);
        expect(p).toBeCloseTo(exactPValue(one, other), 9);
        expect(fisherExact(other, one)).toBeCloseTo(p, 9);
      }),
    );
  });

  it('neither overflows nor hangs on groups of a million', () => {
    expect(
      fisherExact({ successes: 500_000, trials: 1_000_000 }, { successes: 500_000, trials: 1_000_000 }),
    ).toBeCloseTo(1, 6);
    expect(fisherExact({ successes: 0, trials: 1_000_000 }, { successes: 1_000_000, trials: 1_000_000 })).toBe(0);
  });
});

/** Sum over all tables with the same margins that are at most as likely, by binomial coefficients in whole numbers. */
function exactPValue(one: { successes: number; trials: number }, other: { successes: number; trials: number }): number {
  const successes = one.successes + other.successes;
  const ways = (k: number): bigint => binomial(one.trials, k) * binomial(other.trials, successes - k);
  const observed = ways(one.successes);
  let extreme = 0n;
  let all = 0n;
  for (let k = 0; k <= one.trials; k += 1) {
    all += ways(k);
    if (ways(k) <= observed) extreme += ways(k);
  }
  return Number((extreme * 10n ** 15n) / all) / 1e15;
}

function binomial(n: number, k: number): bigint {
  if (k < 0 || k > n) return 0n;
  let value = 1n;
  for (let i = 1; i <= k; i += 1) value = (value * BigInt(n - k + i)) / BigInt(i);
  return value;
}

describe('impact ratio', () => {
  const rule = { decidedMin: 10, flagBelow: 0.8 };
  const group = (successes: number, trials: number) => ({ successes, trials });

  it('flags a ratio below four fifths when there is enough data and chance is unlikely', () => {
    const [best, worse] = impacts([group(40, 50), group(20, 50)], rule);
    expect(best).toMatchObject({ ratio: 1, flag: 'none' });
    expect(worse).toMatchObject({ ratio: 0.5, flag: 'low' });
  });

  it('does not flag the same ratio where chance explains it', () => {
    expect(impacts([group(8, 10), group(4, 10)], rule)[1]).toMatchObject({ ratio: 0.5, flag: 'none' });
  });

  it('does not flag a ratio at the limit', () => {
    expect(impacts([group(500, 500), group(400, 500)], rule)[1]).toMatchObject({ ratio: 0.8, flag: 'none' });
    expect(impacts([group(500, 500), group(399, 500)], rule)[1]).toMatchObject({ flag: 'low' });
  });

  it('judges a group from the minimum of decisions on, not below', () => {
    expect(impacts([group(100, 100), group(0, 9)], rule)[1]).toMatchObject({ ratio: 0, flag: 'not-enough-data' });
    expect(impacts([group(100, 100), group(0, 10)], rule)[1]).toMatchObject({ ratio: 0, flag: 'low' });
  });

  it('does not compare other groups with one lucky applicant', () => {
    const [lucky, usual] = impacts([group(1, 1), group(50, 100)], rule);
    expect(lucky).toMatchObject({ ratio: 2, flag: 'not-enough-data' });
    expect(usual).toMatchObject({ ratio: 1, flag: 'none' });
  });

  it('has reasons instead of figures without decisions, without a group to compare with, and without a grant', () => {
    expect(impacts([group(0, 0), group(20, 20)], rule)[0]).toEqual({
      ratio: 'no-decisions',
      pValue: 'no-decisions',
      flag: 'not-enough-data',
    });
    expect(impacts([group(3, 5), group(1, 5)], rule)[1]).toMatchObject({
      ratio: 'not-enough-data',
      flag: 'not-enough-data',
    });
    expect(impacts([group(0, 20), group(0, 30)], rule)[0]).toMatchObject({ ratio: 'nothing-granted', flag: 'none' });
  });

  it('has a ratio but no flag while the board has adopted no rule', () => {
    expect(impacts([group(40, 50), group(20, 50)], null)[1]).toMatchObject({ ratio: 0.5, flag: null });
  });
});

describe('representation and share gap', () => {
  const hours = fc.bigInt({ min: 0n, max: 10n ** 12n });

  it('are 1 and 0 when access is in proportion to demand', () => {
    const access = { requested: 30n, granted: 10n, requestedByAll: 90n, grantedToAll: 30n };
    expect(representation(access)).toBe(1);
    expect(shareGap(access)).toBe(0);
  });

  it('are not defined without demand, or when nothing is granted to anybody', () => {
    expect(representation({ requested: 0n, granted: 0n, requestedByAll: 90n, grantedToAll: 30n })).toBe('no-demand');
    expect(representation({ requested: 5n, granted: 0n, requestedByAll: 90n, grantedToAll: 0n })).toBe(
      'nothing-granted',
    );
    expect(shareGap({ requested: 0n, granted: 0n, requestedByAll: 0n, grantedToAll: 0n })).toBe('no-demand');
    expect(shareGap({ requested: 5n, granted: 0n, requestedByAll: 90n, grantedToAll: 0n })).toBe('nothing-granted');
  });

  it('of all groups sum to 0 gaps, and to 1 when weighted by demand', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ requested: hours, granted: hours }), { minLength: 1, maxLength: 20 }),
        (groups) => {
          const requestedByAll = groups.reduce((sum, group) => sum + group.requested, 0n);
          const grantedToAll = groups.reduce((sum, group) => sum + group.granted, 0n);
          fc.pre(requestedByAll > 0n && grantedToAll > 0n);
          const gaps = groups.map((group) => Number(shareGap({ ...group, requestedByAll, grantedToAll })));
          expect(gaps.reduce((sum, gap) => sum + gap, 0)).toBeCloseTo(0, 9);
          fc.pre(groups.every(({ requested }) => requested > 0n));
          const weighted = groups.map(
            (group) =>
              (Number(representation({ ...group, requestedByAll, grantedToAll })) * Number(group.requested)) /
              Number(requestedByAll),
          );
          expect(weighted.reduce((sum, term) => sum + term, 0)).toBeCloseTo(1, 9);
        },
      ),
    );
  });

  it('do not change when hours are counted in another unit', () => {
    fc.assert(
      fc.property(
        hours,
        hours,
        hours,
        hours,
        fc.bigInt({ min: 1n, max: 1000n }),
        (requested, granted, moreRequested, moreGranted, unit) => {
          const access = {
            requested,
            granted,
            requestedByAll: requested + moreRequested,
            grantedToAll: granted + moreGranted,
          };
          const scaled = Object.fromEntries(
            Object.entries(access).map(([field, value]) => [field, value * unit]),
          ) as typeof access;
          for (const measure of [representation, shareGap]) {
            const [one, other] = [measure(access), measure(scaled)];
            if (isDefined(one) && isDefined(other))
              expect(Math.abs(other - one)).toBeLessThanOrEqual(1e-12 * Math.abs(one));
            else expect(other).toBe(one);
          }
        },
      ),
    );
  });
});

describe('published figures', () => {
  it('are rounded to six digits, without a negative zero', () => {
    expect(rounded(2 / 3)).toBe(0.666667);
    expect(rounded(-2 / 3)).toBe(-0.666667);
    expect(Object.is(rounded(-1e-9), 0)).toBe(true);
  });

  it('are null with a machine-readable reason where they are not defined', () => {
    expect(figures({ successRate: successRate(0, 0), other: 0.1234567 })).toEqual({
      successRate: null,
      other: 0.123457,
      reasons: { successRate: 'no-decisions' },
    });
  });
});
