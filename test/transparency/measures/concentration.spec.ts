import fc from 'fast-check';
import { gini, hhi, jain, lorenz, theil } from '../../../src/transparency/measures/concentration.js';

const amounts = fc
  .array(fc.bigInt({ min: 0n, max: 10n ** 11n }), { minLength: 1, maxLength: 60 })
  .filter((values) => values.some((value) => value > 0n));
const holdings = fc
  .array(
    fc.record({
      group: fc.constantFrom('sme', 'research', 'start-up'),
      amount: fc.bigInt({ min: 0n, max: 10n ** 9n }),
    }),
    {
      minLength: 1,
      maxLength: 60,
    },
  )
  .filter((all) => all.some(({ amount }) => amount > 0n));

describe('concentration', () => {
  it('has the values that are computed by hand', () => {
    expect(gini([1n, 2n, 3n, 4n, 5n])).toBeCloseTo(4 / 15, 12);
    expect(gini([0n, 0n, 0n, 8n])).toBe(0.75);
    expect(hhi([50n, 30n, 20n])).toBeCloseTo(0.38, 12);
    expect(jain([1n, 1n, 1n, 1n])).toBe(1);
    expect(jain([0n, 0n, 0n, 8n])).toBe(0.25);
    expect(
      theil(['a', 'b', 'c', 'd'].map((group, index) => ({ group, amount: BigInt(10 * (index + 1)) }))).total,
    ).toBeCloseTo(0.10644, 5);
    expect(theil([0n, 0n, 7n].map((amount) => ({ group: 'sme', amount }))).total).toBeCloseTo(Math.log(3), 12);
  });

  it('is not defined when there is no amount', () => {
    for (const measure of [gini, hhi, jain]) {
      expect(measure([])).toBe('nothing-granted');
      expect(measure([0n, 0n])).toBe('nothing-granted');
    }
    expect(theil([{ group: 'sme', amount: 0n }])).toEqual({
      total: 'nothing-granted',
      between: 'nothing-granted',
      within: 'nothing-granted',
    });
    expect(lorenz([], 20)).toEqual([]);
  });

  it("keeps Jain's index at 1 / (n HHI)", () => {
    fc.assert(
      fc.property(amounts, (values) => {
        expect(jain(values)).toBeCloseTo(1 / (values.length * Number(hhi(values))), 12);
      }),
    );
  });

  it("keeps Gini's coefficient in [0, 1 - 1/n]", () => {
    fc.assert(
      fc.property(amounts, (values) => {
        expect(gini(values)).toBeGreaterThanOrEqual(0);
        expect(gini(values)).toBeLessThanOrEqual(1 - 1 / values.length + 1e-12);
      }),
    );
  });

  it("equals the mean difference between all pairs, which is another definition of Gini's coefficient", () => {
    fc.assert(
      fc.property(amounts, (values) => {
        const sum = values.reduce((total, value) => total + value, 0n);
        let differences = 0n;
        for (const one of values) for (const other of values) differences += one > other ? one - other : other - one;
        expect(gini(values)).toBeCloseTo(Number(differences) / (2 * values.length * Number(sum)), 9);
      }),
    );
  });

  it("splits Theil's measure exactly into between and within, neither of them negative", () => {
    fc.assert(
      fc.property(holdings, (all) => {
        const { total, between, within } = theil(all);
        expect(Number(between) + Number(within)).toBeCloseTo(Number(total), 9);
        expect(between).toBeGreaterThanOrEqual(0);
        expect(within).toBeGreaterThanOrEqual(0);
        expect(total).toBeLessThanOrEqual(Math.log(all.length) + 1e-12);
      }),
    );
  });

  it('finds all inequality between groups of equals, and none between equal groups', () => {
    const of = (group: string, ...all: bigint[]) => all.map((amount) => ({ group, amount }));
    expect(theil([...of('sme', 2n, 2n), ...of('research', 9n, 9n, 9n)]).within).toBe(0);
    expect(theil([...of('sme', 1n, 3n), ...of('research', 0n, 4n)]).between).toBe(0);
  });

  it('changes neither with the unit nor with the order of holders, to the last bit', () => {
    fc.assert(
      fc.property(holdings, fc.bigInt({ min: 1n, max: 10_000n }), (all, unit) => {
        const scaled = all.map(({ group, amount }) => ({ group, amount: amount * unit }));
        const values = all.map(({ amount }) => amount);
        const backwards = values.toReversed();
        expect(theil(all.toReversed())).toEqual(theil(all));
        for (const measure of [gini, hhi, jain]) {
          expect(measure(backwards)).toBe(measure(values));
          expect(measure(values.map((value) => value * unit))).toBeCloseTo(Number(measure(values)), 12);
        }
        expect(theil(scaled).total).toBeCloseTo(Number(theil(all).total), 12);
      }),
    );
  });

  it('draws a Lorenz curve from nothing to everything that never lies above equality and never bends down', () => {
    fc.assert(
      fc.property(amounts, fc.integer({ min: 1, max: 30 }), (values, steps) => {
        const points = lorenz(values, steps);
        expect(points).toHaveLength(steps + 1);
        expect(points[0]).toEqual({ holders: 0, amount: 0 });
        expect(points.at(-1)).toEqual({ holders: 1, amount: 1 });
        let [before, slope] = [0, 0];
        for (const { holders, amount } of points.slice(1)) {
          expect(amount).toBeLessThanOrEqual(holders + 1e-12);
          expect(amount - before).toBeGreaterThanOrEqual(slope - 1e-12);
          [before, slope] = [amount, amount - before];
        }
      }),
    );
  });

  it('has the Lorenz points of [1, 1, 2] that are computed by hand', () => {
    expect(lorenz([2n, 1n, 1n], 3).map(({ amount }) => amount)).toEqual([0, 0.25, 0.5, 1]);
    expect(lorenz([1n, 3n], 4).map(({ amount }) => amount)).toEqual([0, 0.125, 0.25, 0.625, 1]);
  });
});
