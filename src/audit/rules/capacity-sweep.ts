import { CATEGORIES } from '../../partners/partner.js';
import { LevelTree, placesFor } from './level-tree.js';

/** A change of installed or used chips, in the order of positions. */
export interface Change {
  readonly position: number;
  readonly what: 'installed' | 'retired' | 'allocated' | 'released';
  /** Number of the category; -1 for installed and retired chips. */
  readonly category: number;
  readonly chips: number;
  /** Ms since the epoch, half-open; `to` is Infinity for installed and retired chips. */
  readonly from: number;
  readonly to: number;
}
/** Floors and caps by number of category. */
export interface Quota {
  readonly floors: readonly number[];
  readonly caps: readonly number[];
  readonly from: number;
}

/** Levels at the first instant at which a change does not fit. */
export interface Excess {
  readonly instant: number;
  readonly installed: number;
  readonly used: number;
  /** Chips that floors keep for other categories, beyond the chips that those categories use. */
  readonly kept: number;
  readonly usedByCategory: number;
  readonly cap: number;
}

/** The classes that floors and caps are for: the categories, and last the Union-funded projects (Art. 12b(15)(c)). */
export const CLASSES: readonly string[] = [...CATEGORIES, 'union-funded'];
export const RESERVED = CATEGORIES.length;

const NONE = -1;
const LOAD = 0;
const INSTALLED = 1;
const FIRST_CATEGORY = 2;

/**
 * Chips of one model at one facility over a span of time. The sweep runs along the positions: after every event it knows
 * the installed and used chips at each instant, so that no event can promise missing chips, not even for a moment of the
 * history. It works on the sorted instants of all changes, which must be known beforehand.
 */
export class CapacitySweep {
  private readonly trees: LevelTree[];
  private readonly places: number;
  /** The sum of `added` above the current node, by depth and level. */
  private readonly carried: Float64Array[] = [];

  /**
   * @param instants sorted, without repetition: place number i stands for the time from instant i to instant i + 1.
   * @param end the end of the last place.
   * @param withQuotas false leaves out the levels by category.
   */
  constructor(
    private readonly instants: Float64Array,
    private readonly end: number,
    withQuotas: boolean,
  ) {
    this.places = placesFor(instants.length);
    const levels = withQuotas ? FIRST_CATEGORY + CLASSES.length : FIRST_CATEGORY;
    this.trees = Array.from({ length: levels }, () => new LevelTree(this.places));
    for (let depth = 0; 2 ** depth <= 2 * this.places; depth += 1) this.carried.push(new Float64Array(levels));
  }

  add({ what, category, chips, from, to }: Omit<Change, 'position'>): void {
    const [first, last] = this.range(from, to);
    const amount = what === 'installed' || what === 'allocated' ? chips : -chips;
    if (category === NONE) {
      this.trees[INSTALLED]?.add(first, last, amount);
      this.trees[LOAD]?.add(first, last, -amount);
    } else {
      this.trees[LOAD]?.add(first, last, amount);
      this.trees[FIRST_CATEGORY + category]?.add(first, last, amount);
    }
  }

  /**
   * The first instant of an interval at which used chips, and chips that floors keep for other categories than the asking
   * one, are more than the installed chips; or at which the category has more than its cap.
   */
  excess(from: number, to: number, category: number, quota: Quota | undefined): Excess | undefined {
    const [first, last] = this.range(from, to);
    if (first >= last) return undefined;
    const floors = CLASSES.map((_, at) => (at === category ? 0 : (quota?.floors[at] ?? 0)));
    const asked = { floors, category, cap: category === NONE ? Infinity : (quota?.caps[category] ?? Infinity) };
    const fits = (node: number, depth: number): boolean => this.fits(node, depth, asked);
    const place = this.find(1, 0, this.places, 0, { fits, first, last });
    return place === undefined ? undefined : this.excessAt(place, asked);
  }

  /** The first instant from `from` on at which fewer than `chips` are installed, with the number that is installed. */
  shortfall(from: number, chips: number): { readonly instant: number; readonly installed: number } | undefined {
    const [first, last] = this.range(from, Infinity);
    const fits = (node: number, depth: number): boolean => this.bound('lows', INSTALLED, node, depth) >= chips;
    const place = this.find(1, 0, this.places, 0, { fits, first, last });
    if (place === undefined) return undefined;
    return { instant: this.instants[place] ?? 0, installed: this.levelsAt(place)[INSTALLED] ?? 0 };
  }

  private range(from: number, to: number): readonly [first: number, last: number] {
    return [this.placeOf(from), to >= this.end ? this.instants.length : this.placeOf(to)];
  }

  /** Number of the first place that begins at an instant or later. */
  private placeOf(instant: number): number {
    let low = 0;
    let high = this.instants.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.instants[middle] ?? Infinity) < instant) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Descends only where the bounds of a node do not prove that everything below it fits. */
  private find(node: number, start: number, end: number, depth: number, wanted: Wanted): number | undefined {
    if (end <= wanted.first || start >= wanted.last || wanted.fits(node, depth)) return undefined;
    if (end - start === 1) return start;
    const carried = this.carried[depth];
    const below = this.carried[depth + 1];
    if (carried === undefined || below === undefined) throw new Error('The tree is deeper than its places demand.');
    for (const [level, tree] of this.trees.entries()) below[level] = (carried[level] ?? 0) + (tree.added[node] ?? 0);
    const middle = (start + end) / 2;
    const left = this.find(2 * node, start, middle, depth + 1, wanted);
    // Both children carry the same sum, and the left descent does not change it at this depth.
    return left ?? this.find(2 * node + 1, middle, end, depth + 1, wanted);
  }

  /** Two upper bounds: the first is exact where no floor has an effect, the second where floors exceed the used chips. */
  private fits(node: number, depth: number, { floors, category, cap }: Asked): boolean {
    const high = (level: number): number => this.bound('highs', level, node, depth);
    if (cap !== Infinity && high(FIRST_CATEGORY + category) > cap) return false;
    const load = high(LOAD);
    if (this.trees.length <= FIRST_CATEGORY) return load <= 0;
    let unmet = 0;
    let promised = 0;
    for (const [at, floor] of floors.entries()) {
      unmet += Math.max(0, floor - this.bound('lows', FIRST_CATEGORY + at, node, depth));
      promised += Math.max(floor, high(FIRST_CATEGORY + at));
    }
    return load + unmet <= 0 || promised - this.bound('lows', INSTALLED, node, depth) <= 0;
  }

  private bound(side: 'lows' | 'highs', level: number, node: number, depth: number): number {
    return (this.trees[level]?.[side][node] ?? 0) + (this.carried[depth]?.[level] ?? 0);
  }

  private levelsAt(place: number): Float64Array {
    const levels = new Float64Array(this.trees.length);
    for (let node = this.places + place; node >= 1; node = node >>> 1) {
      for (const [level, tree] of this.trees.entries()) levels[level] = (levels[level] ?? 0) + (tree.added[node] ?? 0);
    }
    return levels;
  }

  private excessAt(place: number, { floors, category, cap }: Asked): Excess {
    const levels = this.levelsAt(place);
    const usedBy = (at: number): number => levels[FIRST_CATEGORY + at] ?? 0;
    const installed = levels[INSTALLED] ?? 0;
    return {
      instant: this.instants[place] ?? 0,
      installed,
      used: (levels[LOAD] ?? 0) + installed,
      kept: floors.reduce((sum, floor, at) => sum + Math.max(0, floor - usedBy(at)), 0),
      usedByCategory: category === NONE ? 0 : usedBy(category),
      cap,
    };
  }
}

interface Asked {
  readonly floors: readonly number[];
  readonly category: number;
  readonly cap: number;
}
interface Wanted {
  /** True if everything below the node is proven to fit. */
  readonly fits: (node: number, depth: number) => boolean;
  readonly first: number;
  readonly last: number;
}
