import fc from 'fast-check';
import type { EventOf, TypeOf } from '../../../src/audit/rules/coverage.js';
import { CATEGORIES } from '../../../src/partners/partner.js';
import { Findings } from '../../../src/audit/audit-finding.js';
import { CapacityRule } from '../../../src/audit/rules/capacity.rule.js';

const BEGIN = Date.parse('2026-01-01T00:00:00Z');
const HOUR_MS = 3_600_000;
/** Hours of the model. Every change lies within them. */
const HOURS = 24;
const KINDS = ['start-up', 'sme'] as const;

type Step =
  | { readonly type: 'capacity-installed' | 'capacity-retired'; readonly chips: number; readonly from: number }
  | {
      readonly type: 'chips-allocated';
      readonly chips: number;
      readonly from: number;
      readonly to: number;
      readonly kind: 0 | 1;
    }
  | { readonly type: 'allocation-released'; readonly which: number; readonly at: number }
  | { readonly type: 'quota-policy-adopted'; readonly floor: number; readonly cap: number; readonly from: number };

const hour = fc.integer({ min: 0, max: HOURS - 1 });
const chips = fc.integer({ min: 1, max: 6 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('capacity-installed' as const),
      chips: fc.integer({ min: 5, max: 20 }),
      from: hour,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('capacity-retired' as const), chips, from: hour }) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(chips, hour, fc.integer({ min: 1, max: HOURS }), fc.constantFrom(0 as const, 1 as const))
      .map(([n, from, length, kind]) => ({
        type: 'chips-allocated' as const,
        chips: n,
        from,
        to: Math.min(HOURS, from + length),
        kind,
      })),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('allocation-released' as const), which: fc.nat(), at: hour }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 5, max: 15 }), hour)
      .map(([floor, cap, from]) => ({ type: 'quota-policy-adopted' as const, floor, cap, from })),
  },
);

const iso = (at: number): string => new Date(BEGIN + at * HOUR_MS).toISOString();

/** The rule, counted hour by hour, without code of the sweep. */
class Model {
  readonly installed = new Array<number>(HOURS).fill(0);
  readonly used = KINDS.map(() => new Array<number>(HOURS).fill(0));
  readonly allocations: { chips: number; from: number; to: number; kind: 0 | 1 }[] = [];
  readonly policies: { floor: number; cap: number; from: number }[] = [];

  /** Data of the event, and whether it keeps the rules; undefined if the step is impossible. */
  take(taken: Step): { data: object; isRight: boolean } | undefined {
    switch (taken.type) {
      case 'capacity-installed':
      case 'capacity-retired': {
        const sign = taken.type === 'capacity-installed' ? 1 : -1;
        for (let at = taken.from; at < HOURS; at += 1)
          this.installed[at] = (this.installed[at] ?? 0) + sign * taken.chips;
        const isRight =
          sign > 0 || this.every(taken.from, HOURS, (at) => this.load(at) + this.unmet(at, undefined) <= 0);
        return { data: { chips: taken.chips, effectiveFrom: iso(taken.from) }, isRight };
      }
      case 'chips-allocated': {
        this.use(taken, taken.from, taken.chips);
        this.allocations.push({ ...taken });
        return {
          data: this.dataOf(taken),
          isRight: this.every(taken.from, taken.to, (at) => this.fits(at, taken.kind)),
        };
      }
      case 'allocation-released': {
        const allocation = this.allocations[taken.which % Math.max(1, this.allocations.length)];
        if (!allocation) return undefined;
        const data = { ...this.dataOf(allocation), at: iso(taken.at) };
        const end = Math.min(allocation.to, Math.max(allocation.from, taken.at));
        this.use(allocation, end, -allocation.chips);
        allocation.to = end;
        return { data, isRight: true };
      }
      case 'quota-policy-adopted': {
        const isInOrder = taken.from >= (this.policies.at(-1)?.from ?? 0);
        this.policies.push(taken);
        const data = {
          version: this.policies.length,
          floors: { 'start-up': taken.floor },
          caps: { 'start-up': taken.cap },
          effectiveFrom: iso(taken.from),
        };
        return {
          data,
          isRight: isInOrder && this.every(taken.from, HOURS, (at) => (this.installed[at] ?? 0) >= taken.floor),
        };
      }
    }
  }

  private dataOf({ chips: count, from, to, kind }: { chips: number; from: number; to: number; kind: 0 | 1 }): object {
    return { chips: count, from: iso(from), to: iso(to), category: KINDS[kind] };
  }

  private use({ kind, to }: { kind: 0 | 1; to: number }, from: number, count: number): void {
    const used = this.used[kind] ?? [];
    for (let at = from; at < to; at += 1) used[at] = (used[at] ?? 0) + count;
  }

  private every(from: number, to: number, holds: (at: number) => boolean): boolean {
    for (let at = from; at < to; at += 1) if (!holds(at)) return false;
    return true;
  }

  private load(at: number): number {
    return (this.used[0]?.[at] ?? 0) + (this.used[1]?.[at] ?? 0) - (this.installed[at] ?? 0);
  }

  private policy(at: number): { floor: number; cap: number } | undefined {
    return this.policies.findLast(({ from }) => from <= at);
  }

  /** Chips that the floor of the start-ups keeps beyond their use, unless the start-ups ask. */
  private unmet(at: number, kind: 0 | 1 | undefined): number {
    return kind === 0 ? 0 : Math.max(0, (this.policy(at)?.floor ?? 0) - (this.used[0]?.[at] ?? 0));
  }

  private fits(at: number, kind: 0 | 1): boolean {
    if (kind === 0 && (this.used[0]?.[at] ?? 0) > (this.policy(at)?.cap ?? Infinity)) return false;
    return this.load(at) + this.unmet(at, kind) <= 0;
  }
}

/** The position of the first finding, with `placesMax` places in one sweep. */
function blamed(events: readonly EventOf<'capacity'>[], placesMax?: number): number | undefined {
  const findings = new Findings();
  const rule = new CapacityRule(findings, placesMax);
  for (const event of events) rule.accept(event);
  rule.finish();
  rule.close();
  return findings.first?.position;
}

const eventOf = (position: number, type: TypeOf<'capacity'>, data: object): EventOf<'capacity'> =>
  ({
    position,
    stream: 'facility-site',
    type,
    data: { ...data, chipModel: 'gb300' },
  }) as unknown as EventOf<'capacity'>;

describe('the sweep over capacity', () => {
  it('blames the same event as a model that counts hour by hour, for every length of a stretch of time', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom(undefined, 9, 27, 90), (steps, placesMax) => {
        const model = new Model();
        const events: EventOf<'capacity'>[] = [];
        let expected: number | undefined;
        for (const each of steps) {
          const taken = model.take(each);
          if (taken === undefined) continue;
          events.push(eventOf(events.length + 1, each.type, taken.data));
          if (!taken.isRight) expected ??= events.length;
        }
        expect(blamed(events, placesMax)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the capacities of facilities apart', () => {
    const installed = eventOf(1, 'capacity-installed', { chips: 10, effectiveFrom: iso(0) });
    const allocated = eventOf(2, 'chips-allocated', { chips: 10, from: iso(0), to: iso(1), category: CATEGORIES[0] });
    const elsewhere = { ...allocated, position: 3, stream: 'facility-other' };
    expect(blamed([installed, allocated])).toBeUndefined();
    expect(blamed([installed, allocated, elsewhere])).toBe(3);
  });
});
