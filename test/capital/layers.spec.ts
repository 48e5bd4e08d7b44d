import fc from 'fast-check';
import { allocateDistribution, allocateLoss, type Layer, type Waterfall } from '../../src/capital/layers.js';

const layer = (rank: number, limitMinor: bigint, ...paid: readonly bigint[]): Layer => ({
  trancheId: `tranche-${rank}`,
  rank,
  limitMinor,
  holdings: paid.map((paidMinor, index) => ({ id: `commitment-${rank}-${index}`, paidMinor })),
});
const amounts = ({ lines }: Waterfall) => lines.map(({ rank, amountMinor }) => [rank, amountMinor]);

/** First-loss, mezzanine and senior layer, with 100, 200 and 700 outstanding. */
const FUND = [layer(2, 200n, 150n, 50n), layer(1, 100n, 60n, 40n), layer(3, 700n, 700n)];

describe('a loss', () => {
  it('is taken by the first-loss layer alone, up to the last unit of that layer', () => {
    expect(amounts(allocateLoss(99n, FUND))).toEqual([
      [1, 99n],
      [2, 0n],
      [3, 0n],
    ]);
    expect(amounts(allocateLoss(100n, FUND))).toEqual([
      [1, 100n],
      [2, 0n],
      [3, 0n],
    ]);
    expect(amounts(allocateLoss(101n, FUND))).toEqual([
      [1, 100n],
      [2, 1n],
      [3, 0n],
    ]);
  });

  it('has a rest when all layers are used up', () => {
    expect(allocateLoss(1_001n, FUND)).toMatchObject({ restMinor: 1n });
    expect(amounts(allocateLoss(1_001n, FUND))).toEqual([
      [1, 100n],
      [2, 200n],
      [3, 700n],
    ]);
  });

  it('is shared inside a layer in proportion to the paid-in capital', () => {
    expect(allocateLoss(101n, FUND).lines[0]?.shares).toEqual([
      { id: 'commitment-1-0', amountMinor: 60n },
      { id: 'commitment-1-1', amountMinor: 40n },
    ]);
  });
});

describe('a distribution', () => {
  it('is paid to the senior layer alone, up to the last unit that is due to it', () => {
    expect(amounts(allocateDistribution(700n, FUND))).toEqual([
      [3, 700n],
      [2, 0n],
      [1, 0n],
    ]);
    expect(amounts(allocateDistribution(701n, FUND))).toEqual([
      [3, 700n],
      [2, 1n],
      [1, 0n],
    ]);
    expect(amounts(allocateDistribution(901n, FUND))).toEqual([
      [3, 700n],
      [2, 200n],
      [1, 1n],
    ]);
  });
});

describe('a waterfall', () => {
  const fund = fc
    .array(
      fc.record({
        limitMinor: fc.bigInt(0n, 10n ** 15n),
        paid: fc.array(fc.bigInt(1n, 10n ** 12n), { minLength: 1, maxLength: 6 }),
      }),
      { minLength: 1, maxLength: 6 },
    )
    .map((layers) => layers.map(({ limitMinor, paid }, index) => layer(index + 1, limitMinor, ...paid)));
  const amount = fc.bigInt(0n, 10n ** 16n);

  it.each([
    ['loss', allocateLoss],
    ['distribution', allocateDistribution],
  ])('of a %s conserves every minor unit, over layers and inside each', (_name, allocate) => {
    fc.assert(
      fc.property(amount, fund, (amountMinor, layers) => {
        const { lines, restMinor } = allocate(amountMinor, layers);
        expect(lines.reduce((sum, line) => sum + line.amountMinor, restMinor)).toBe(amountMinor);
        for (const line of lines) {
          expect(line.shares.reduce((sum, share) => sum + share.amountMinor, 0n)).toBe(line.amountMinor);
        }
      }),
    );
  });

  it('reaches a layer only when every layer before it is full', () => {
    fc.assert(
      fc.property(amount, fund, (amountMinor, layers) => {
        for (const { lines, restMinor } of [
          allocateLoss(amountMinor, layers),
          allocateDistribution(amountMinor, layers),
        ]) {
          const room = lines.map((line) => limitOf(layers, line.trancheId) - line.amountMinor);
          expect(room.every((left) => left >= 0n)).toBe(true);
          const firstWithRoom = room.findIndex((left) => left > 0n);
          const after = firstWithRoom < 0 ? [] : lines.slice(firstWithRoom + 1);
          expect(after.every((line) => line.amountMinor === 0n)).toBe(true);
          expect(restMinor === 0n || firstWithRoom < 0).toBe(true);
        }
      }),
    );
  });

  it('does not depend on the order of the layers in the input', () => {
    fc.assert(
      fc.property(amount, fund, (amountMinor, layers) => {
        expect(allocateLoss(amountMinor, [...layers].reverse())).toEqual(allocateLoss(amountMinor, layers));
      }),
    );
  });

  it('refuses input that it cannot allocate exactly', () => {
    expect(() => allocateLoss(-1n, FUND)).toThrow(RangeError);
    expect(() => allocateLoss(1n, [layer(1, 1n, 1n), layer(1, 1n, 1n)])).toThrow(RangeError);
    expect(() => allocateLoss(1n, [layer(1, -1n, 1n)])).toThrow(RangeError);
    expect(() => allocateLoss(1n, [layer(1, 1n, 0n)])).toThrow(RangeError);
  });
});

const limitOf = (layers: readonly Layer[], trancheId: string): bigint =>
  layers.find((candidate) => candidate.trancheId === trancheId)?.limitMinor ?? 0n;
