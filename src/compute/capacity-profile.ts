/**
 * Installed and used chips of one model at every instant of a facility's life: a persistent AVL tree over the changes,
 * in order of time. Every node keeps the sum, the lowest and the highest level of the changes below it, so that one
 * comparison can decide a rule for a whole subtree. Adding an interval, reading an instant and testing an interval take
 * a number of steps that grows with the logarithm of the number of changes. A test takes more steps where the bounds
 * are too wide for a decision.
 *
 * Profiles are immutable: a change copies one path and shares the rest, because the write side keeps the durable and the
 * latest state, and drops the latest one if a commit fails.
 */
export type CapacityProfile = Leaf | Branch | undefined;

/** Classes of users in a profile: seven categories, and Union-funded projects. The caller maps its own names to 0 to 7. */
const CATEGORY_COUNT = 8;
const INSTALLED = 0;
/** Used less installed. It has its own level, because its maximum is the test for a free chip. */
const LOAD = 1;
const FIRST_CATEGORY = 2;
const LEVEL_COUNT = FIRST_CATEGORY + CATEGORY_COUNT;

/**
 * Levels in whole chips at one instant, or their lowest or highest values over a span. Read them with the functions
 * below.
 */
export type Levels = readonly number[];
export const installedOf = (levels: Levels): number => at(levels, INSTALLED);
/** Used less installed. It is zero or negative unless the facility is oversubscribed. */
export const loadOf = (levels: Levels): number => at(levels, LOAD);
export const usedBy = (levels: Levels, category: number): number => at(levels, FIRST_CATEGORY + category);

/** One step of one level. An instant and a level have at most one step, and no step is of zero chips. */
interface Change {
  /** Ms since the epoch. */
  readonly instant: number;
  /** `INSTALLED`, or the level of a category. */
  readonly level: number;
  readonly chips: number;
}

interface Span {
  /** The first and the last instant of a change. */
  readonly first: number;
  readonly last: number;
  /** For each level, the sum of its changes in the span. */
  readonly sums: Levels;
  /**
   * For each level, its lowest and highest value from just before the span to its end, relative to the value just
   * before the span. The caller has tested the instant before the span already.
   */
  readonly lows: Levels;
  readonly highs: Levels;
}

/**
 * Maximum number of changes in a leaf. With a node for every change, the summaries took 15 times the memory (220 MB for
 * 100,000 allocations), and most of the time went into their computation.
 */
const CHANGES_PER_LEAF_MAX = 32;

/**
 * In order of instant, then level. All changes of an instant are in one leaf, because they take effect at the same
 * time.
 */
interface Leaf extends Span {
  readonly height: 0;
  readonly changes: readonly Change[];
}

interface Branch extends Span {
  readonly height: number;
  readonly left: Leaf | Branch;
  readonly right: Leaf | Branch;
}

/** Changes the installed chips from an instant on (ms since the epoch). Retired chips are negative. */
export function withInstalled(profile: CapacityProfile, chips: number, from: number): CapacityProfile {
  return changed(profile, { instant: from, level: INSTALLED, chips });
}

/** Changes the chips that a category uses over [from, to). Released chips are negative. */
export function withUsed(
  profile: CapacityProfile,
  category: number,
  chips: number,
  from: number,
  to: number,
): CapacityProfile {
  const level = FIRST_CATEGORY + category;
  return changed(changed(profile, { instant: from, level, chips }), { instant: to, level, chips: -chips });
}

/** The levels at an instant, including the changes at that instant. */
export function levelsAt(profile: CapacityProfile, instant: number): Levels {
  const levels = zeros();
  let span = profile;
  while (span && 'left' in span) {
    if (instant < span.right.first) {
      span = span.left;
    } else {
      accumulate(levels, span.left.sums);
      span = span.right;
    }
  }
  for (const change of span?.changes ?? []) {
    if (change.instant <= instant) apply(levels, change);
  }
  return levels;
}

/** A condition that must hold at every instant of an interval. */
export interface CapacityRule {
  /** Whether the condition holds at these levels. */
  holdsAt(levels: Levels): boolean;
  /**
   * True only if the condition holds for all levels between the two bounds. False if that is not certain: then the
   * search reads the changes themselves, and its result is still exact.
   */
  holdsBetween(lows: Levels, highs: Levels): boolean;
}

export interface Breach {
  /** Ms since the epoch. */
  readonly instant: number;
  readonly levels: Levels;
}

/**
 * The earliest instant of [from, to) at which a rule does not hold; undefined if there is none.
 * @param onVisit called for every leaf and branch that the search reads, so that a test can count them.
 */
export function firstBreach(
  profile: CapacityProfile,
  rule: CapacityRule,
  from: number,
  to: number,
  onVisit?: () => void,
): Breach | undefined {
  const levels = [...levelsAt(profile, from)];
  if (!rule.holdsAt(levels)) return { instant: from, levels };
  if (!profile) return undefined;
  const search: Search = { rule, from, to, levels, lows: zeros(), highs: zeros(), ...(onVisit && { onVisit }) };
  const instant = sweep(search, profile);
  return instant === undefined ? undefined : { instant, levels };
}

interface Search {
  readonly rule: CapacityRule;
  readonly from: number;
  readonly to: number;
  /** The levels just before the instant that the sweep has reached. The sweep updates them. */
  readonly levels: number[];
  /** Reused arrays for the bounds of the span under test. */
  readonly lows: number[];
  readonly highs: number[];
  readonly onVisit?: () => void;
}

/** Reads the changes of a span inside (from, to) in order, and returns the first instant at which the rule fails. */
function sweep(search: Search, span: Leaf | Branch): number | undefined {
  const { levels, from, to } = search;
  if (span.last <= from || span.first >= to) return undefined;
  search.onVisit?.();
  if (from < span.first && span.last < to && holdsThroughout(search, span)) {
    accumulate(levels, span.sums);
    return undefined;
  }
  if ('left' in span) return sweep(search, span.left) ?? sweep(search, span.right);
  for (const [index, change] of span.changes.entries()) {
    if (change.instant <= from) continue;
    if (change.instant >= to) return undefined;
    apply(levels, change);
    if (isLastOfInstant(span.changes, index) && !search.rule.holdsAt(levels)) return change.instant;
  }
  return undefined;
}

function holdsThroughout({ rule, levels, lows, highs }: Search, span: Span): boolean {
  for (let level = 0; level < LEVEL_COUNT; level++) {
    lows[level] = at(levels, level) + at(span.lows, level);
    highs[level] = at(levels, level) + at(span.highs, level);
  }
  return rule.holdsBetween(lows, highs);
}

function changed(span: CapacityProfile, change: Change): CapacityProfile {
  if (!span) return leafOf([change]);
  if (!('left' in span)) return changedLeaf(span.changes, change);
  if (change.instant >= span.right.first) return joined(span.left, changed(span.right, change));
  return joined(changed(span.left, change), span.right);
}

/** Merges a change into a leaf. It removes a step of zero chips, so that releases free memory. */
function changedLeaf(changes: readonly Change[], change: Change): CapacityProfile {
  const { instant, level, chips } = change;
  const place = changes.findIndex(
    (each) => each.instant > instant || (each.instant === instant && each.level >= level),
  );
  const index = place < 0 ? changes.length : place;
  const present = changes[index];
  if (present?.instant !== instant || present.level !== level) return split(changes.toSpliced(index, 0, change));
  const sum = present.chips + chips;
  if (sum !== 0) return leafOf(changes.with(index, { instant, level, chips: sum }));
  return changes.length > 1 ? leafOf(changes.toSpliced(index, 1)) : undefined;
}

function split(changes: readonly Change[]): Leaf | Branch {
  if (changes.length <= CHANGES_PER_LEAF_MAX) return leafOf(changes);
  // An instant has fewer changes than half a leaf, so neither side is empty.
  let middle = changes.length >> 1;
  while (!isLastOfInstant(changes, middle - 1)) middle--;
  return branchOf(leafOf(changes.slice(0, middle)), leafOf(changes.slice(middle)));
}

const isLastOfInstant = (changes: readonly Change[], index: number): boolean =>
  changes[index]?.instant !== changes[index + 1]?.instant;

/**
 * Joins two neighbours whose heights differ by at most two. In the result, the heights of siblings differ by at most
 * one.
 */
function joined(left: CapacityProfile, right: CapacityProfile): CapacityProfile {
  if (!left) return right;
  if (!right) return left;
  if ('left' in left && left.height > right.height + 1) {
    const { left: outer, right: inner } = left;
    if (!('left' in inner) || inner.height <= outer.height) return branchOf(outer, branchOf(inner, right));
    return branchOf(branchOf(outer, inner.left), branchOf(inner.right, right));
  }
  if ('left' in right && right.height > left.height + 1) {
    const { left: inner, right: outer } = right;
    if (!('left' in inner) || inner.height <= outer.height) return branchOf(branchOf(left, inner), outer);
    return branchOf(branchOf(left, inner.left), branchOf(inner.right, outer));
  }
  return branchOf(left, right);
}

function branchOf(left: Leaf | Branch, right: Leaf | Branch): Branch {
  const [sums, lows, highs] = [zeros(), zeros(), zeros()];
  for (let level = 0; level < LEVEL_COUNT; level++) {
    const between = at(left.sums, level);
    sums[level] = between + at(right.sums, level);
    lows[level] = Math.min(at(left.lows, level), between + at(right.lows, level));
    highs[level] = Math.max(at(left.highs, level), between + at(right.highs, level));
  }
  const height = 1 + Math.max(left.height, right.height);
  return { height, first: left.first, last: right.last, left, right, sums, lows, highs };
}

/** @param changes at least one change. */
function leafOf(changes: readonly Change[]): Leaf {
  const [sums, lows, highs] = [zeros(), zeros(), zeros()];
  for (const [index, change] of changes.entries()) {
    apply(sums, change);
    widen(lows, highs, sums, change.level);
    // Every change changes the load, so the load is valid only after all changes of an instant.
    if (isLastOfInstant(changes, index)) widen(lows, highs, sums, LOAD);
  }
  const [first, last] = [changes[0]?.instant ?? Infinity, changes.at(-1)?.instant ?? -Infinity];
  return { height: 0, first, last, changes, sums, lows, highs };
}

function widen(lows: number[], highs: number[], levels: Levels, level: number): void {
  const reached = at(levels, level);
  if (reached < at(lows, level)) lows[level] = reached;
  if (reached > at(highs, level)) highs[level] = reached;
}

const zeros = (): number[] => new Array<number>(LEVEL_COUNT).fill(0);

function apply(levels: number[], { level, chips }: Change): void {
  levels[level] = at(levels, level) + chips;
  levels[LOAD] = at(levels, LOAD) + (level === INSTALLED ? -chips : chips);
}

function accumulate(levels: number[], more: Levels): void {
  for (let level = 0; level < LEVEL_COUNT; level++) levels[level] = at(levels, level) + at(more, level);
}

/** `Levels` always has its full length, which the compiler cannot check. */
function at(levels: Levels, level: number): number {
  return levels[level] ?? 0;
}
