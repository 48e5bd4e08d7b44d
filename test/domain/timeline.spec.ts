import { decided, fromThenOn, inForceAt, type Timeline } from '../../src/domain/timeline.js';

interface Rate {
  readonly effectiveFrom: string;
  readonly value: number;
}
const rate = (effectiveFrom: string, value: number): Rate => ({ effectiveFrom, value });
const timelineOf = (...rates: Rate[]): Timeline<Rate> => rates.reduce<Timeline<Rate>>(decided, []);

describe('a timeline', () => {
  const rates = timelineOf(rate('2026-01-01', 1), rate('2026-02-01', 2));

  it('has no decision in force before the first one', () => {
    expect(inForceAt(rates, '2025-12-31T23:59:59.999Z')).toBeUndefined();
    expect(inForceAt([], '2026-01-01')).toBeUndefined();
  });

  it('changes at the first instant of the date, UTC', () => {
    expect(inForceAt(rates, '2026-01-31T23:59:59.999Z')?.value).toBe(1);
    expect(inForceAt(rates, '2026-02-01T00:00:00Z')?.value).toBe(2);
    expect(inForceAt(rates, '2026-02-01')?.value).toBe(2);
  });

  it('orders instants with and without milliseconds by time, not as text', () => {
    const instants = timelineOf(rate('2026-01-01T00:00:00Z', 1), rate('2026-01-01T00:00:00.500Z', 2));
    expect(inForceAt(instants, '2026-01-01T00:00:00.499Z')?.value).toBe(1);
    expect(inForceAt(instants, '2026-01-01T00:00:00.500Z')?.value).toBe(2);
  });

  it('replaces decisions that would begin at the same time or later than a new one', () => {
    expect(timelineOf(rate('2026-01-01', 1), rate('2026-03-01', 2), rate('2026-02-01', 3))).toEqual([
      rate('2026-01-01', 1),
      rate('2026-02-01', 3),
    ]);
    expect(timelineOf(rate('2026-01-01', 1), rate('2026-01-01', 2))).toEqual([rate('2026-01-01', 2)]);
  });

  it('finds the decision in force and those that follow', () => {
    expect(fromThenOn(rates, '2026-01-15').map(({ value }) => value)).toEqual([1, 2]);
    expect(fromThenOn(rates, '2026-02-01').map(({ value }) => value)).toEqual([2]);
    expect(fromThenOn(rates, '2025-06-01').map(({ value }) => value)).toEqual([1, 2]);
    expect(fromThenOn([], '2025-06-01')).toEqual([]);
  });
});
