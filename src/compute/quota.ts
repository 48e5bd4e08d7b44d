import type { Category } from '../partners/partner.js';
import { QUOTA_CLASSES, type Protection, type QuotaClass } from './pool-events.js';
import {
  firstBreach,
  installedOf,
  loadOf,
  usedBy,
  type Breach,
  type CapacityProfile,
  type CapacityRule,
  type Levels,
} from './capacity-profile.js';

/**
 * Chips per class of users: a category, or Union-funded projects of all categories (Art. 12b(15)(c)). A class that is not named has no
 * floor, or no cap.
 */
export type ChipsByClass = Readonly<Partial<Record<QuotaClass, number>>>;

/**
 * Floors and caps of one chip model, which the board adopted. They apply from an instant on until the next policy takes
 * effect.
 */
export interface QuotaPolicy {
  /** Counted from 1, per facility and chip model. */
  readonly version: number;
  /** Chips kept for a category, whether it uses them or not. */
  readonly floors: ChipsByClass;
  /** Maximum number of chips that a category may use. */
  readonly caps: ChipsByClass;
  /** Ms since the epoch. */
  readonly effectiveFrom: number;
}

/** The class in which chips count: reserved chips of Union-funded projects do not count in the category of their user. */
export const quotaClassOf = (of: { readonly category: Category; readonly protection: Protection }): QuotaClass =>
  of.protection === 'union-funded' ? 'union-funded' : of.category;

export const classIndex = (quotaClass: QuotaClass): number => QUOTA_CLASSES.indexOf(quotaClass);

export const sumOfFloors = (floors: ChipsByClass): number =>
  QUOTA_CLASSES.reduce((sum, category) => sum + (floors[category] ?? 0), 0);

/**
 * A demand for `chips` more. The rule is nested protection (domain.md, "Floors and caps"): for the category of the
 * demand, the floors of all other categories count as used, and its own floor does not.
 *
 * used + n <= C - sum over others of max(0, floor - used)  is the same as  sum of max(used, floor) + n <= C  with the
 * floor of the asking category taken as 0. Without a category every floor counts: the sum is then all promised chips.
 */
export interface Demand {
  readonly chips: number;
  readonly category?: QuotaClass;
  readonly policy?: QuotaPolicy | undefined;
}

export function roomFor({ chips, category, policy }: Demand): CapacityRule {
  const floors = floorsOfOthers(policy, category);
  const asking = category === undefined ? 0 : classIndex(category);
  const cap = category === undefined ? Infinity : (policy?.caps[category] ?? Infinity);
  return {
    holdsAt: (levels) =>
      usedBy(levels, asking) + chips <= cap && loadOf(levels) + unmetFloors(floors, levels) + chips <= 0,
    holdsBetween: (lows, highs) => {
      if (usedBy(highs, asking) + chips > cap) return false;
      // Two upper bounds: the first is exact if every floor is used up, the second if no floor is.
      if (loadOf(highs) + unmetFloors(floors, lows) + chips <= 0) return true;
      return usedOrFloor(floors, highs) - installedOf(lows) + chips <= 0;
    },
  };
}

/** The floors by category. The floor of the demanding category is 0, because it may use its own floor. */
function floorsOfOthers(policy: QuotaPolicy | undefined, category: QuotaClass | undefined): readonly number[] {
  return QUOTA_CLASSES.map((each) => (each === category ? 0 : (policy?.floors[each] ?? 0)));
}

function unmetFloors(floors: readonly number[], levels: Levels): number {
  return floors.reduce((sum, floor, category) => sum + Math.max(0, floor - usedBy(levels, category)), 0);
}

function usedOrFloor(floors: readonly number[], levels: Levels): number {
  return floors.reduce((sum, floor, category) => sum + Math.max(floor, usedBy(levels, category)), 0);
}

/** At least `chips` chips are installed. */
export const installedAtLeast = (chips: number): CapacityRule => ({
  holdsAt: (levels) => installedOf(levels) >= chips,
  holdsBetween: (lows) => installedOf(lows) >= chips,
});

export interface Shortage extends Breach {
  /** The policy in force at the instant of the shortage. */
  readonly policy: QuotaPolicy | undefined;
}

/** The earliest instant of [from, to) without room, under the policy in force at each instant. */
export function firstShortage(
  profile: CapacityProfile,
  policies: readonly QuotaPolicy[],
  demand: Omit<Demand, 'policy'>,
  from: number,
  to: number,
  onVisit?: () => void,
): Shortage | undefined {
  let next = policies.findIndex((policy) => policy.effectiveFrom > from);
  if (next < 0) next = policies.length;
  for (let start = from; start < to; next++) {
    const policy = policies[next - 1];
    const end = Math.min(to, policies[next]?.effectiveFrom ?? Infinity);
    // The interval is empty if a policy was replaced on the day on which it would have taken effect.
    const breach = start < end ? firstBreach(profile, roomFor({ ...demand, policy }), start, end, onVisit) : undefined;
    if (breach) return { ...breach, policy };
    start = end;
  }
  return undefined;
}

/** The numbers of a refusal for lack of room, in chips. */
export interface ShortageFacts {
  readonly installed: number;
  readonly used: number;
  /** Chips that floors keep beyond the use of their categories, without the floor of the demanding category. */
  readonly protectedByFloors: number;
  readonly policyVersion: number | null;
}

export function shortageFacts({ levels, policy }: Shortage, category?: QuotaClass): ShortageFacts {
  const installed = installedOf(levels);
  return {
    installed,
    used: installed + loadOf(levels),
    protectedByFloors: unmetFloors(floorsOfOthers(policy, category), levels),
    policyVersion: policy?.version ?? null,
  };
}
