import { addDays, daysBetween, midnight, PROGRAMME_END, PROGRAMME_START } from './calendar.js';
import { CATEGORIES } from '../partners/partner.js';
import { PROFILES } from './categories.js';
import type { Category } from '../partners/partner.js';
import type { CommandList } from './command-list.js';
import type { Facility } from './facilities.js';
import type { Random } from './random.js';
import type { RequestPlan } from './request-plan.js';

export interface Allocation {
  /** Name of the command that makes the allocation. */
  readonly name: string;
  readonly request: RequestPlan;
  readonly chips: number;
  /** Dates; the interval includes `from` and excludes `to`. */
  readonly from: string;
  readonly to: string;
  /** First day on which the chips are free again, if they are released early. */
  readonly releasedOn?: string;
  /** Used part of the allocated chip-hours. It is above 1 in a few cases, which the ledger flags. */
  readonly utilisation: number;
}

const HOURS_PER_DAY = 24;
const ALLOCATED_SHARE = 0.92;
const TWO_PHASES_SHARE = 0.2;
const RELEASED_SHARE = 0.04;
const OVERUSED_SHARE = 0.006;
const DELAY_DAYS = 7;
const HALVINGS_MAX = 3;
/** Grants of the last days of the programme end up to a year and some weeks after the programme. */
const CALENDAR_DAYS = 1_200;

/**
 * The free chips of one facility on each day. An allocation is admitted only if it fits in every order in which the
 * ledger may learn of the allocations: on every day, the sum over categories of the larger of use and floor stays
 * within the installed chips.
 */
export class CapacityCalendar {
  private readonly installed = new Int32Array(CALENDAR_DAYS);
  private readonly used: readonly Int32Array[] = CATEGORIES.map(() => new Int32Array(CALENDAR_DAYS));

  constructor(private readonly facility: Facility) {
    for (const { from, chips } of facility.installations) {
      for (let day = daysBetween(PROGRAMME_START, from); day < CALENDAR_DAYS; day += 1) {
        this.installed[day] = (this.installed[day] ?? 0) + chips;
      }
    }
  }

  fits(category: Category, chips: number, from: string, to: string): boolean {
    for (let day = daysBetween(PROGRAMME_START, from); day < daysBetween(PROGRAMME_START, to); day += 1) {
      if (!this.fitsOn(day, category, chips)) return false;
    }
    return true;
  }

  take(category: Category, chips: number, from: string, to: string): void {
    const used = this.used[CATEGORIES.indexOf(category)];
    if (used === undefined) return;
    for (let day = daysBetween(PROGRAMME_START, from); day < daysBetween(PROGRAMME_START, to); day += 1) {
      used[day] = (used[day] ?? 0) + chips;
    }
  }

  private fitsOn(day: number, category: Category, chips: number): boolean {
    const { floors, caps } = this.facility;
    let promised = 0;
    for (const [index, each] of CATEGORIES.entries()) {
      const used = (this.used[index]?.[day] ?? 0) + (each === category ? chips : 0);
      if (each === category && used > (caps[each] ?? Infinity)) return false;
      promised += Math.max(used, floors[each] ?? 0);
    }
    return promised <= (this.installed[day] ?? 0);
  }
}

/**
 * Finds room for granted requests, as an operator would: first as granted, then at a later time, then with fewer chips.
 */
export class AllocationPlanner {
  private readonly calendars = new Map<string, CapacityCalendar>();

  constructor(private readonly random: Random) {}

  /**
   * `hoursShare` below 1 leaves a part of the grant unallocated. The result is empty if nothing fits, or if the holder
   * does not use its grant.
   */
  plan(request: RequestPlan, hoursShare = 1): Allocation[] {
    const { random } = this;
    if (request.outcome.kind !== 'granted') return [];
    const { chipHours, validFrom, validTo } = request.outcome.award;
    if (hoursShare === 1 && !random.chance(ALLOCATED_SHARE)) return [];
    const hours = chipHours * hoursShare * random.between(0.85, 1);
    const days = daysBetween(validFrom, validTo);
    if (days < 60 || !random.chance(TWO_PHASES_SHARE)) {
      return this.phase(request, 1, hours, validFrom, this.end(validFrom, days));
    }
    const middle = addDays(validFrom, Math.floor(days / 2));
    const first = random.between(0.3, 0.6);
    return [
      ...this.phase(request, 1, hours * first, validFrom, middle),
      ...this.phase(request, 2, hours * (1 - first), middle, this.end(middle, daysBetween(middle, validTo))),
    ];
  }

  /** Work seldom fills the whole period of a grant. */
  private end(from: string, days: number): string {
    return addDays(from, Math.max(1, Math.floor(days * this.random.between(0.6, 1))));
  }

  private phase(request: RequestPlan, number: number, hours: number, from: string, latest: string): Allocation[] {
    const { call, category } = request;
    const calendar = this.calendarOf(call.facility);
    const days = Math.min(daysBetween(from, latest), Math.max(1, Math.floor(hours / HOURS_PER_DAY)));
    let chips = Math.floor(hours / (days * HOURS_PER_DAY));
    for (let halving = 0; halving <= HALVINGS_MAX && chips >= 1; halving += 1) {
      for (let start = from; addDays(start, days) <= latest; start = addDays(start, DELAY_DAYS)) {
        const to = addDays(start, days);
        if (!calendar.fits(category, chips, start, to)) continue;
        calendar.take(category, chips, start, to);
        return [this.allocation(request, number, chips, start, to)];
      }
      chips = Math.floor(chips / 2);
    }
    return [];
  }

  private allocation(request: RequestPlan, number: number, chips: number, from: string, to: string): Allocation {
    const { random } = this;
    const name = `allocation:${request.name.slice('request:'.length)}-${number}`;
    const mean = PROFILES[request.category].utilisation;
    const utilisation = random.chance(OVERUSED_SHARE) ? 1.03 : Math.min(1, mean * random.between(0.7, 1.2));
    const releasedOn = addDays(from, Math.floor(daysBetween(from, to) * random.between(0.4, 0.8)));
    const isReleased = random.chance(RELEASED_SHARE) && releasedOn > from && releasedOn < PROGRAMME_END;
    return { name, request, chips, from, to, utilisation, ...(isReleased ? { releasedOn } : {}) };
  }

  private calendarOf(facility: Facility): CapacityCalendar {
    const known = this.calendars.get(facility.name);
    if (known !== undefined) return known;
    const calendar = new CapacityCalendar(facility);
    this.calendars.set(facility.name, calendar);
    return calendar;
  }
}

export function addAllocation(commands: CommandList, allocation: Allocation): void {
  const { name, request, chips, from, to, releasedOn } = allocation;
  const { facility } = request.call;
  const grantId = { ref: request.name };
  commands.add({
    name,
    path: `/v1/facilities/{${facility.name}}/allocations`,
    body: { grantId, chipModel: facility.chipModel, chips, from: midnight(from), to: midnight(to) },
    answerField: 'allocationId',
    after: [`decision:${request.name}`, ...facility.ready],
  });
  if (releasedOn === undefined) return;
  commands.add({
    name: `release:${name}`,
    path: `/v1/facilities/{${facility.name}}/allocations/{${name}}/release`,
    body: { at: midnight(releasedOn) },
  });
}

/** One chip more than the facility has, for an hour. The ledger must refuse it, whatever else is allocated. */
export function addOverAllocation(commands: CommandList, request: RequestPlan): string {
  if (request.outcome.kind !== 'granted')
    throw new Error(`${request.name} must be granted to show an over-allocation.`);
  const { facility } = request.call;
  const { validFrom } = request.outcome.award;
  const name = `over-allocation:${request.name}`;
  commands.add({
    name,
    path: `/v1/facilities/{${facility.name}}/allocations`,
    body: {
      grantId: { ref: request.name },
      chipModel: facility.chipModel,
      chips: facility.installations.reduce((sum, { chips }) => sum + chips, 1),
      from: midnight(validFrom),
      to: `${validFrom}T01:00:00Z`,
    },
    answerField: 'allocationId',
    after: [`decision:${request.name}`, ...facility.ready],
    expectedStatus: 409,
  });
  return name;
}
