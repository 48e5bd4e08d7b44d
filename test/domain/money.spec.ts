import fc from 'fast-check';
import {
  AMOUNT_MINOR_MAX,
  formatMinor,
  moneyOf,
  moneyText,
  parseMinor,
  splitByLargestRemainder,
} from '../../src/domain/money.js';

describe('minor units', () => {
  it('survive writing and reading up to 18 digits and either sign', () => {
    fc.assert(
      fc.property(fc.bigInt(-AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX), (amountMinor) => {
        expect(parseMinor(formatMinor(amountMinor))).toBe(amountMinor);
      }),
    );
  });

  it('have one text per amount', () => {
    for (const text of ['', '-0', '+1', '01', '1.0', '1e3', ' 1', '0x1', '1'.repeat(19), '\u0661']) {
      expect(() => parseMinor(text)).toThrow(RangeError);
    }
  });

  it('are refused beyond 18 digits before they are written', () => {
    expect(formatMinor(AMOUNT_MINOR_MAX)).toBe('9'.repeat(18));
    expect(() => formatMinor(AMOUNT_MINOR_MAX + 1n)).toThrow(RangeError);
    expect(() => formatMinor(-AMOUNT_MINOR_MAX - 1n)).toThrow(RangeError);
  });
});

describe('a split by largest remainder', () => {
  const takers = fc.uniqueArray(fc.record({ id: fc.string({ maxLength: 3 }), weight: fc.bigInt(0n, 10n ** 12n) }), {
    selector: ({ id }) => id,
    minLength: 1,
    maxLength: 12,
  });

  it('adds up exactly and stays within one unit of every exact share', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, AMOUNT_MINOR_MAX), takers, (totalMinor, weighted) => {
        const weightOfAll = weighted.reduce((sum, { weight }) => sum + weight, 0n);
        fc.pre(weightOfAll > 0n);
        const shares = splitByLargestRemainder(totalMinor, weighted);
        expect(shares.reduce((sum, { amountMinor }) => sum + amountMinor, 0n)).toBe(totalMinor);
        for (const [index, { id, weight }] of weighted.entries()) {
          const share = shares[index];
          expect(share?.id).toBe(id);
          const error = (share?.amountMinor ?? -1n) * weightOfAll - totalMinor * weight;
          expect(error > -weightOfAll && error < weightOfAll).toBe(true);
        }
      }),
    );
  });

  it('does not depend on the order of the takers', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 1_000n), takers, (totalMinor, weighted) => {
        fc.pre(weighted.some(({ weight }) => weight > 0n));
        const byId = (order: typeof weighted) =>
          new Map(splitByLargestRemainder(totalMinor, order).map(({ id, amountMinor }) => [id, amountMinor]));
        expect(byId([...weighted].reverse())).toEqual(byId(weighted));
      }),
    );
  });

  it('adds the unit left over to the largest remainder and, between equals, to the lower id', () => {
    const split = (weights: Record<string, bigint>) =>
      splitByLargestRemainder(
        100n,
        Object.entries(weights).map(([id, weight]) => ({ id, weight })),
      ).map(({ id, amountMinor }) => `${id}${amountMinor}`);
    expect(split({ c: 1n, b: 1n, a: 1n })).toEqual(['c33', 'b33', 'a34']);
    expect(split({ a: 1n, b: 2n })).toEqual(['a33', 'b67']);
    expect(split({ a: 1n, b: 0n })).toEqual(['a100', 'b0']);
  });

  it('refuses to lose money when no taker has a weight', () => {
    expect(splitByLargestRemainder(0n, [{ id: 'a', weight: 0n }])).toEqual([{ id: 'a', amountMinor: 0n }]);
    expect(() => splitByLargestRemainder(1n, [{ id: 'a', weight: 0n }])).toThrow(RangeError);
    expect(() => splitByLargestRemainder(1n, [])).toThrow(RangeError);
    expect(() => splitByLargestRemainder(-1n, [{ id: 'a', weight: 1n }])).toThrow(RangeError);
    expect(() => splitByLargestRemainder(1n, [{ id: 'a', weight: -1n }])).toThrow(RangeError);
    expect(() =>
      splitByLargestRemainder(1n, [
        { id: 'a', weight: 1n },
        { id: 'a', weight: 1n },
      ]),
    ).toThrow(RangeError);
  });
});

describe('an amount for people', () => {
  it.each([
    [0n, 'EUR', 'EUR 0.00'],
    [5n, 'EUR', 'EUR 0.05'],
    [-5n, 'EUR', 'EUR -0.05'],
    [99_999n, 'EUR', 'EUR 999.99'],
    [100_000n, 'EUR', 'EUR 1,000.00'],
    [12_000_000_000n, 'EUR', 'EUR 120,000,000.00'],
    [1_234_567n, 'JPY', 'JPY 1,234,567'],
    [1_234_567n, 'KWD', 'KWD 1,234.567'],
    [1_234_567n, 'CLF', 'CLF 123.4567'],
    [7n, 'XXX', '7 minor units of XXX'],
    [7n, 'constructor', '7 minor units of constructor'],
  ])('of %s minor units of %s is %s', (amountMinor, currency, text) => {
    expect(moneyText(amountMinor, currency)).toBe(text);
  });

  it('has every digit of the minor units, in order', () => {
    fc.assert(
      fc.property(
        fc.bigInt(-AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX),
        fc.constantFrom('EUR', 'JPY', 'KWD'),
        (amount, code) => {
          expect(
            BigInt(
              moneyText(amount, code)
                .slice(code.length + 1)
                .replaceAll(/[,.]/g, ''),
            ),
          ).toBe(amount);
        },
      ),
    );
  });

  it('is in the currency that the data of an event name, and without one in minor units', () => {
    expect(moneyOf({ currency: 'EUR' }, '150')).toBe('EUR 1.50');
    expect(moneyOf({}, '150')).toBe('150 minor units');
    expect(() => moneyOf({ currency: 'EUR' }, '1.5')).toThrow(RangeError);
  });
});
