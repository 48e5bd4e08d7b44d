import fc from 'fast-check';
import { allocate, releaseAllocation } from '../../src/access/allocation.js';
import { adoptQuotaPolicy, retireCapacity } from '../../src/compute/capacity.js';
import { installedOf, levelsAt, loadOf } from '../../src/compute/capacity-profile.js';
import type { Facility } from '../../src/compute/facility.js';
import type { FacilityEvent } from '../../src/compute/facility-events.js';
import { Refusal } from '../../src/ledger/refusal.js';
import { MS_PER_HOUR, formatInstant } from '../../src/ledger/time.js';
import { CATEGORIES, type Category } from '../../src/partners/partner.js';
import { FACILITY_ID, fold, grantOf, installedEvent, registeredEvent } from './history.js';

const START = Date.parse('2027-03-01T00:00:00Z');
const HOURS = 30;
const GRANT_CHIP_HOURS = 150;
const at = (hour: number): string => formatInstant(START + hour * MS_PER_HOUR);

const hour = fc.integer({ min: 0, max: HOURS - 1 });
const chipsBy = fc.dictionary(fc.constantFrom(...CATEGORIES), fc.integer({ min: 0, max: 12 }), {
  noNullPrototype: true,
});
const command = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('install' as const), chips: fc.integer({ min: 1, max: 30 }), hour }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('retire' as const), chips: fc.integer({ min: 1, max: 30 }), hour }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('policy' as const), floors: chipsBy, caps: chipsBy, hour }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('allocate' as const),
      chips: fc.integer({ min: 1, max: 12 }),
      hour,
      hours: fc.integer({ min: 1, max: 10 }),
      category: fc.constantFrom(...CATEGORIES),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat(), hour }) },
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

interface ModelAllocation {
  readonly id: string;
  readonly category: Category;
  readonly chips: number;
  readonly from: number;
  to: number;
  released: boolean;
}

/**
 * The expected decisions of the facility, computed hour by hour from plain lists. A year beyond the end represents all
 * later time.
 */
class Model {
  readonly installed: { readonly chips: number; readonly hour: number }[] = [];
  readonly policies: { readonly floors: object; readonly caps: object; readonly hour: number }[] = [];
  readonly allocations: ModelAllocation[] = [];

  installedAt = (time: number): number =>
    this.installed.filter(({ hour }) => hour <= time).reduce((sum, { chips }) => sum + chips, 0);

  usedAt = (time: number, category?: Category): number =>
    this.allocations
      .filter((each) => each.from <= time && time < each.to && (category ?? each.category) === each.category)
      .reduce((sum, { chips }) => sum + chips, 0);

  quotaAt(time: number, which: 'floors' | 'caps', category: Category): number | undefined {
    const policy = this.policies.filter(({ hour }) => hour <= time).at(-1);
    return policy && (policy[which] as Partial<Record<Category, number>>)[category];
  }

  accepts(command: Command): boolean {
    switch (command.kind) {
      case 'install':
        return true;
      case 'retire':
        return (
          this.installed.length > 0 && this.hoursFrom(command.hour).every((time) => this.canRetire(command.chips, time))
        );
      case 'policy':
        return this.canAdopt(command);
      case 'allocate':
        return this.canAllocate(command);
      case 'release': {
        const allocation = this.allocations[command.which % this.allocations.length];
        return allocation !== undefined && !allocation.released && command.hour < allocation.to;
      }
    }
  }

  apply(command: Command, id: string): void {
    if (command.kind === 'install') this.installed.push(command);
    if (command.kind === 'retire') this.installed.push({ chips: -command.chips, hour: command.hour });
    if (command.kind === 'policy') this.policies.push(command);
    if (command.kind === 'allocate') {
      const { category, chips, hour: from, hours } = command;
      this.allocations.push({ id, category, chips, from, to: from + hours, released: false });
    }
    const allocation = command.kind === 'release' && this.allocations[command.which % this.allocations.length];
    if (allocation) Object.assign(allocation, { to: Math.max(allocation.from, command.hour), released: true });
  }

  private hoursFrom = (first: number): number[] =>
    Array.from({ length: HOURS + 12 - first }, (_, index) => first + index);

  private canRetire(chips: number, time: number): boolean {
    const promised = CATEGORIES.reduce(
      (sum, category) => sum + Math.max(this.usedAt(time, category), this.quotaAt(time, 'floors', category) ?? 0),
      0,
    );
    return promised <= this.installedAt(time) - chips;
  }

  private canAdopt({ floors, caps, hour }: Extract<Command, { kind: 'policy' }>): boolean {
    if (this.installed.length === 0 || hour < (this.policies.at(-1)?.hour ?? 0)) return false;
    if (CATEGORIES.some((category) => (floors[category] ?? 0) > (caps[category] ?? Infinity))) return false;
    const sum = Object.values(floors).reduce((total, chips) => total + chips, 0);
    return this.hoursFrom(hour).every((time) => sum <= this.installedAt(time));
  }

  private canAllocate({ category, chips, hour, hours }: Extract<Command, { kind: 'allocate' }>): boolean {
    const allocated = this.allocations
      .filter((each) => each.category === category)
      .reduce((sum, each) => sum + each.chips * (each.to - each.from), 0);
    if (allocated + chips * hours > GRANT_CHIP_HOURS || this.installed.length === 0) return false;
    return Array.from({ length: hours }, (_, index) => hour + index).every((time) => {
      const kept = CATEGORIES.filter((other) => other !== category).reduce(
        (sum, other) => sum + Math.max(0, (this.quotaAt(time, 'floors', other) ?? 0) - this.usedAt(time, other)),
        0,
      );
      return (
        this.usedAt(time) + chips + kept <= this.installedAt(time) &&
        this.usedAt(time, category) + chips <= (this.quotaAt(time, 'caps', category) ?? Infinity)
      );
    });
  }
}

function decide(state: Facility, command: Command, id: string, model: Model): FacilityEvent[] {
  const effectiveFrom = at(command.hour);
  switch (command.kind) {
    case 'install':
      return [installedEvent(command.chips, effectiveFrom)];
    case 'retire':
      return retireCapacity(state, { chipModel: 'GB300', chips: command.chips, effectiveFrom });
    case 'policy': {
      const { floors, caps } = command;
      return adoptQuotaPolicy(state, { chipModel: 'GB300', floors, caps, effectiveFrom, reason: 'test' });
    }
    case 'allocate': {
      const { chips, hours, category } = command;
      const grant = grantOf({ id: `grant of ${category}`, category, chipHours: GRANT_CHIP_HOURS });
      const input = { allocationId: id, chipModel: 'GB300', chips, from: effectiveFrom, to: at(command.hour + hours) };
      return allocate(state, FACILITY_ID, grant, input);
    }
    case 'release': {
      const allocation = model.allocations[command.which % model.allocations.length];
      return releaseAllocation(state, allocation?.id ?? 'none', effectiveFrom, 'test');
    }
  }
}

function accepted(state: Facility, command: Command, id: string, model: Model): FacilityEvent[] {
  try {
    return decide(state, command, id, model);
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}

describe('a facility under any sequence of commands', () => {
  it('accepts and refuses like an hourly model, is never oversubscribed, and replays to the same state', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 70, size: 'max' }), (commands) => {
        const model = new Model();
        const history: FacilityEvent[] = [registeredEvent()];
        let state = fold(history);
        for (const [index, each] of commands.entries()) {
          const id = `allocation ${index}`;
          const events = accepted(state, each, id, model);
          const accepts = model.accepts(each);
          if (events.length > 0 !== accepts) throw new Error(`The model says ${accepts} to ${JSON.stringify(each)}.`);
          if (events.length > 0) model.apply(each, id);
          history.push(...events);
          state = fold(events, state);
        }
        const profile = state.status === 'registered' ? state.chipModels.get('GB300')?.profile : undefined;
        const hours = Array.from({ length: HOURS + 12 }, (_, time) => time);
        const levels = hours.map((time) => levelsAt(profile, START + time * MS_PER_HOUR));
        expect(levels.map(installedOf)).toEqual(hours.map(model.installedAt));
        expect(levels.map((each) => installedOf(each) + loadOf(each))).toEqual(hours.map((time) => model.usedAt(time)));
        expect(Math.max(...levels.map(loadOf))).toBeLessThanOrEqual(0);
        expect(fold(JSON.parse(JSON.stringify(history)) as FacilityEvent[])).toEqual(state);
      }),
      { numRuns: 150 },
    );
  });
});
