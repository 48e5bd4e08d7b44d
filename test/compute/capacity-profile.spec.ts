import fc from 'fast-check';
import {
  firstBreach,
  installedOf,
  levelsAt,
  loadOf,
  usedBy,
  withInstalled,
  withUsed,
  type CapacityProfile,
} from '../../src/compute/capacity-profile.js';
import { firstShortage, roomFor, type QuotaPolicy } from '../../src/compute/quota.js';
import { MS_PER_HOUR } from '../../src/ledger/time.js';
import { CATEGORIES, type Category } from '../../src/partners/partner.js';

const HOURS = 48;

/** The same facility hour by hour, in the simplest form. */
class HourlyModel {
  readonly installed = new Array<number>(HOURS + 1).fill(0);
  readonly used = CATEGORIES.map(() => new Array<number>(HOURS + 1).fill(0));

  install(chips: number, from: number): void {
    for (let hour = from; hour <= HOURS; hour++) this.installed[hour] = (this.installed[hour] ?? 0) + chips;
  }

  use(category: number, chips: number, from: number, to: number): void {
    const hours = this.used[category] ?? [];
    for (let hour = from; hour < to; hour++) hours[hour] = (hours[hour] ?? 0) + chips;
  }

  usedAt(category: number, hour: number): number {
    return this.used[category]?.[hour] ?? 0;
  }

  usedTotal(hour: number): number {
    return CATEGORIES.reduce((sum, _, category) => sum + this.usedAt(category, hour), 0);
  }

  /** The three inequalities of domain.md, in the same form as there. */
  admits(chips: number, category: number, policy: QuotaPolicy | undefined, hour: number): boolean {
    const installed = this.installed[hour] ?? 0;
    const used = this.usedTotal(hour);
    const cap = policy?.caps[CATEGORIES[category] as Category] ?? Infinity;
    const kept = CATEGORIES.reduce((sum, each, index) => {
      const floor = policy?.floors[each] ?? 0;
      return index === category ? sum : sum + Math.max(0, floor - this.usedAt(index, hour));
    }, 0);
    return used + chips <= installed && this.usedAt(category, hour) + chips <= cap && used + chips <= installed - kept;
  }
}

const interval = fc
  .tuple(fc.integer({ min: 0, max: HOURS - 1 }), fc.integer({ min: 1, max: HOURS }))
  .map(([from, length]) => ({ from, to: Math.min(HOURS, from + length) }));
const categoryNumber = fc.integer({ min: 0, max: CATEGORIES.length - 1 });
const step = fc.oneof(
  fc.record({ kind: fc.constant('install' as const), chips: fc.integer({ min: -40, max: 90 }), span: interval }),
  fc.record({
    kind: fc.constant('use' as const),
    chips: fc.integer({ min: 1, max: 12 }),
    span: interval,
    category: categoryNumber,
  }),
);
const chipsBy = fc.dictionary(fc.constantFrom(...CATEGORIES), fc.integer({ min: 0, max: 40 }), {
  noNullPrototype: true,
});

function build(steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[]) {
  const model = new HourlyModel();
  let profile: CapacityProfile;
  for (const each of steps) {
    const from = each.span.from * MS_PER_HOUR;
    if (each.kind === 'install') {
      if (each.chips === 0) continue;
      profile = withInstalled(profile, each.chips, from);
      model.install(each.chips, each.span.from);
    } else {
      profile = withUsed(profile, each.category, each.chips, from, each.span.to * MS_PER_HOUR);
      model.use(each.category, each.chips, each.span.from, each.span.to);
    }
  }
  return { model, profile };
}

describe('a capacity profile', () => {
  it('has the same levels as an hourly model, at every hour', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const { model, profile } = build(steps);
        const hours = Array.from({ length: HOURS }, (_, hour) => hour);
        const actual = hours.map((hour) => {
          const levels = levelsAt(profile, hour * MS_PER_HOUR + 17);
          const used = CATEGORIES.map((_, category) => usedBy(levels, category));
          return { installed: installedOf(levels), load: loadOf(levels), used };
        });
        const expected = hours.map((hour) => {
          const [installed, used] = [model.installed[hour] ?? 0, CATEGORIES.map((_, each) => model.usedAt(each, hour))];
          return { installed, load: model.usedTotal(hour) - installed, used };
        });
        expect(actual).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('finds the same first hour without room as a test of the inequalities hour by hour', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120, size: 'max' }),
        fc.integer({ min: 1, max: 30 }),
        categoryNumber,
        chipsBy,
        chipsBy,
        interval,
        (steps, chips, category, floors, caps, span) => {
          const { model, profile } = build(steps);
          const policy = { version: 1, floors, caps, effectiveFrom: 0 };
          const rule = roomFor({ chips, category: CATEGORIES[category] as Category, policy });
          const found = firstBreach(profile, rule, span.from * MS_PER_HOUR, span.to * MS_PER_HOUR);
          let expected: number | undefined;
          for (let hour = span.to - 1; hour >= span.from; hour--) {
            if (!model.admits(chips, category, policy, hour)) expected = hour * MS_PER_HOUR;
          }
          expect(found?.instant).toBe(expected);
          if (found) expect(found.levels).toEqual(levelsAt(profile, found.instant));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('is exact at the limit, where floors, capacity and use differ by one chip in the fullest hour', () => {
    const weeks = 14 * 24;
    const use = fc.record({
      chips: fc.integer({ min: 1, max: 30 }),
      from: fc.integer({ min: 0, max: weeks - 1 }),
      hours: fc.integer({ min: 1, max: 60 }),
      category: categoryNumber,
    });
    fc.assert(
      fc.property(
        fc.array(use, { minLength: 60, maxLength: 160, size: 'max' }),
        fc.dictionary(fc.constantFrom(...CATEGORIES), fc.integer({ min: 0, max: 250 }), { noNullPrototype: true }),
        fc.integer({ min: 0, max: 2 }),
        categoryNumber,
        (uses, floors, missing, category) => {
          const chips = 5;
          const used = CATEGORIES.map(() => new Array<number>(weeks + 60).fill(0));
          for (const { chips, from, hours, category } of uses) {
            const levels = used[category] ?? [];
            for (let hour = from; hour < from + hours; hour++) levels[hour] = (levels[hour] ?? 0) + chips;
          }
          const needed = Array.from({ length: weeks }, (_, hour) =>
            CATEGORIES.reduce((sum, each, index) => {
              const floor = index === category ? 0 : (floors[each] ?? 0);
              return sum + Math.max(used[index]?.[hour] ?? 0, floor);
            }, chips),
          );
          const installed = Math.max(...needed) - missing;
          const profile = uses.reduce(
            (current, { chips, from, hours, category }) => withUsed(current, category, chips, from, from + hours),
            withInstalled(undefined, installed, -1),
          );
          const policy = { version: 1, floors, caps: {}, effectiveFrom: 0 };
          const rule = roomFor({ chips, category: CATEGORIES[category] as Category, policy });
          const first = needed.findIndex((need) => need > installed);
          expect(firstBreach(profile, rule, 0, weeks)?.instant).toBe(first < 0 ? undefined : first);
        },
      ),
      // Shrinking such long histories may take minutes, and the first counterexample is enough.
      { numRuns: 150, interruptAfterTimeLimit: 20_000 },
    );
  });

  it('tests every hour under the policy in force at that hour', () => {
    const effectiveFrom = fc.integer({ min: -5, max: HOURS });
    const policy = fc.record({ effectiveFrom, floors: chipsBy, caps: chipsBy });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.integer({ min: 1, max: 30 }),
        categoryNumber,
        fc.array(policy, { maxLength: 5, size: 'max' }),
        interval,
        (steps, chips, category, unordered, span) => {
          const { model, profile } = build(steps);
          const policies = unordered
            .toSorted((a, b) => a.effectiveFrom - b.effectiveFrom)
            .map((each, index) => ({ ...each, version: index + 1, effectiveFrom: each.effectiveFrom * MS_PER_HOUR }));
          const demand = { chips, category: CATEGORIES[category] as Category };
          const from = span.from * MS_PER_HOUR;
          const found = firstShortage(profile, policies, demand, from, span.to * MS_PER_HOUR);
          let expected: object | undefined;
          for (let hour = span.to - 1; hour >= span.from; hour--) {
            const inForce = policies.filter((each) => each.effectiveFrom <= hour * MS_PER_HOUR).at(-1);
            if (!model.admits(chips, category, inForce, hour)) expected = { hour, policy: inForce };
          }
          expect(found && { hour: found.instant / MS_PER_HOUR, policy: found.policy }).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never changes an earlier profile', () => {
    const before = build([{ kind: 'install', chips: 50, span: { from: 0, to: 1 } }]).profile;
    let after = before;
    for (let hour = 1; hour < 200; hour++) after = withUsed(after, hour % 7, 3, hour, hour + 40);
    expect(loadOf(levelsAt(before, 100))).toBe(-50);
    expect(loadOf(levelsAt(after, 100))).toBe(-50 + 3 * 40);
  });

  it('is empty again when all used chips are released, in any order', () => {
    const use = fc.record({ chips: fc.integer({ min: 1, max: 9 }), span: interval, category: categoryNumber });
    fc.assert(
      fc.property(fc.array(use, { maxLength: 150, size: 'max' }), fc.infiniteStream(fc.nat()), (uses, order) => {
        let profile: CapacityProfile;
        for (const { chips, span, category } of uses) profile = withUsed(profile, category, chips, span.from, span.to);
        const keyed = uses.map((each) => ({ each, key: order.next().value as number })).sort((a, b) => a.key - b.key);
        for (const { each } of keyed) {
          profile = withUsed(profile, each.category, -each.chips, each.span.from, each.span.to);
        }
        expect(profile).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });
});

/** Filling a profile with PROFILE_LIVE=100000 takes a while. The bounds are tested for every number. */
const LIVE = Number(process.env['PROFILE_LIVE'] ?? 20_000);

describe(`the work of a capacity profile with ${LIVE} live allocations`, () => {
  const SEED = 20_260_120;
  const installed = 1_000_000;
  const year = 365 * 24 * MS_PER_HOUR;
  /**
   * The logarithm of the number of stored changes. Leaves are at least half full, and AVL trees are at most 1.45 times
   * too deep.
   */
  const heightMax = Math.ceil(1.45 * Math.log2((2 * LIVE) / 16));

  let random = SEED;
  const below = (limit: number): number => {
    // Numerical Recipes' linear congruential generator. Any fixed sequence is suitable.
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((random / 2 ** 32) * limit);
  };
  const spans = Array.from({ length: LIVE }, () => {
    const from = below(year);
    return { category: below(7), chips: 1 + below(20), from, to: from + MS_PER_HOUR + below(60 * 24 * MS_PER_HOUR) };
  });
  const profile = spans.reduce(
    (current, { category, chips, from, to }) => withUsed(current, category, chips, from, to),
    withInstalled(undefined, installed, 0),
  );
  /** The maximum number of chips in use at any time. */
  const busiest = spans
    .flatMap(({ chips, from, to }) => [
      { instant: from, chips },
      { instant: to, chips: -chips },
    ])
    .sort((a, b) => a.instant - b.instant || a.chips - b.chips)
    .reduce(({ used, most }, { chips }) => ({ used: used + chips, most: Math.max(most, used + chips) }), {
      used: 0,
      most: 0,
    }).most;
  const visitsOf = (of: CapacityProfile, chips: number, policy: QuotaPolicy | undefined, from: number, to: number) => {
    let visits = 0;
    const breach = firstBreach(of, roomFor({ chips, category: 'sme', policy }), from, to, () => visits++);
    return { visits, refused: breach !== undefined };
  };

  it('is a few paths down the tree for an interval with room', () => {
    const work = spans
      .slice(0, 2_000)
      .map(({ chips, from, to }) => visitsOf(profile, chips, undefined, from, to).visits);
    expect(Math.max(...work)).toBeLessThanOrEqual(3 * heightMax);
  });

  it('is a few paths down the tree for the whole year, even if only one chip is missing', () => {
    const free = installed - busiest;
    const room = visitsOf(profile, free, undefined, 0, 2 * year);
    const shortage = visitsOf(profile, free + 1, undefined, 0, 2 * year);
    expect([room.refused, shortage.refused]).toEqual([false, true]);
    expect(Math.max(room.visits, shortage.visits)).toBeLessThanOrEqual(3 * heightMax);
  });

  it('is a few paths down the tree under floors and caps with room', () => {
    const floors = { 'start-up': 20_000, research: 30_000, 'public-body': 1_000 };
    const policy = { version: 1, floors, caps: { sme: 60_000 }, effectiveFrom: 0 };
    const work = spans.slice(0, 2_000).map(({ chips, from, to }) => visitsOf(profile, chips, policy, from, to).visits);
    expect(Math.max(...work)).toBeLessThanOrEqual(3 * heightMax);
  });

  it('is a few paths down the tree, on average, in a full facility with half-used floors', () => {
    const full = withInstalled(profile, busiest - installed, 0);
    const floor = Math.floor(busiest / CATEGORIES.length);
    const floors = Object.fromEntries(CATEGORIES.map((category) => [category, floor]));
    const policy = { version: 1, floors, caps: {}, effectiveFrom: 0 };
    const work = spans.slice(0, 2_000).map(({ chips, from, to }) => visitsOf(full, chips, policy, from, to));
    const refused = work.filter((each) => each.refused).length;
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(work.length);
    expect(work.reduce((sum, { visits }) => sum + visits, 0) / work.length).toBeLessThanOrEqual(3 * heightMax);
  });
});
