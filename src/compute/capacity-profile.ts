/**
 * How many chips of one model are installed and used at every instant of a facility's life: a persistent AVL tree over
 * the changes, in order of time. Every node knows the sum, the lowest and the highest level of the changes below it, so that
 * one comparison settles a rule for a whole subtree. Adding an interval, reading an instant and testing an interval take a
 * number of steps that grows with the logarithm of the changes; a test takes more where the bounds are too loose to decide.
 *
 * Profiles are immutable: a change copies one path and shares the rest, because the write side keeps the durable and the
 * latest state side by side and drops the latter when a commit fails.
 */
export type CapacityProfile = Leaf | Branch | undefined;

/** Categories of user that a profile tells apart; the caller maps its own names to 0 to 6. */
const CATEGORY_COUNT = 7;
const INSTALLED = 0;
/** Used less installed. It is a level of its own, because its maximum is the test for a free chip. */
const LOAD = 1;
const FIRST_CATEGORY = 2;
const LEVEL_COUNT = FIRST_CATEGORY + CATEGORY_COUNT;

/** Levels at one instant, or their lowest or highest over a span: read them with the functions below. Whole chips. */
export type Levels = readonly number[];
export const installedOf = (levels: Levels): number => at(levels, INSTALLED);
/** Used less installed: how far the facility is from full, zero or negative unless it is oversubscribed. */
export const loadOf = (levels: Levels): number => at(levels, LOAD);
export const usedBy = (levels: Levels, category: number): number => at(levels, FIRST_CATEGORY + category);

/** One step of one level. There is at most one for an instant and a level, and none of zero chips. */
interface Change {
  /** Ms since the epoch. */
  readonly instant: number;
  /** `INSTALLED` or a category's. */
  readonly level: number;
  readonly chips: number;
}

interface Span {
  /** The first and the last instant at which something changes. */
  readonly first: number;
  readonly last: number;
  /** What all its changes add up to, per level. */
  readonly sums: Levels;
  /**
   * The lowest and the highest that each level gets, from just before the span to its end, counted from the level just
   * before it. The caller has tested the instant before the span already.
   */
  readonly lows: Levels;
  readonly highs: Levels;
}

/**
 * Changes in a leaf, before it is split. With a node for every change the summaries were 15 times the memory (220 MB for
 * 100,000 allocations) and most of the time went into collecting them.
 */
const CHANGES_PER_LEAF_MAX = 32;

/** In order of instant, then level. All changes of an instant are in one leaf: levels half way through it do not exist. */
interface Leaf extends Span {
  readonly height: 0;
  readonly changes: readonly Change[];
}

interface Branch extends Span {
  readonly height: number;
  readonly left: Leaf | Branch;
  readonly right: Leaf | Branch;
}

/** Changes what is installed from an instant on (ms since the epoch); retired chips are negative. */
export function withInstalled(profile: CapacityProfile, chips: number, from: number): CapacityProfile {
  return changed(profile, { instant: from, level: INSTALLED, chips });
}

/** Changes what a category uses over [from, to); freed chips are negative. */
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

/** The levels that hold at an instant, its own changes included. */
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

/** Something that must hold at every instant of an interval. */
export interface CapacityRule {
  /** Whether it holds at these levels. */
  holdsAt(levels: Levels): boolean;
  /**
   * Whether it must hold wherever the levels are between these two; false where that is not certain, which costs a closer
   * look but never a wrong answer.
   */
  holdsBetween(lows: Levels, highs: Levels): boolean;
}

export interface Breach {
  /** Ms since the epoch. */
  readonly instant: number;
  readonly levels: Levels;
}

/**
 * The earliest instant of [from, to) at which a rule does not hold, if there is one.
 * @param onVisit called for every leaf and branch that is read, so that a test can count the work.
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
  /** The levels just before the instant that the sweep has reached; the sweep updates them. */
  readonly levels: number[];
  /** Scratch for the bounds of the span under test. */
  readonly lows: number[];
  readonly highs: number[];
  readonly onVisit?: () => void;
}

/** Goes through the changes of a span inside (from, to), in order, and returns the first instant at which the rule fails. */
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

/** Merges a change into a leaf. A step of zero chips is removed, so that releases free memory. */
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
  // An instant has fewer changes than half a leaf, so that one side never comes out empty.
  let middle = changes.length >> 1;
  while (!isLastOfInstant(changes, middle - 1)) middle--;
  return branchOf(leafOf(changes.slice(0, middle)), leafOf(changes.slice(middle)));
}

const isLastOfInstant = (changes: readonly Change[], index: number): boolean =>
  changes[index]?.instant !== changes[index + 1]?.instant;

/** Two neighbours, whose heights differ by at most two, under branches whose heights differ by at most one. */
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

/** @param changes at least one. */
function leafOf(changes: readonly Change[]): Leaf {
  const [sums, lows, highs] = [zeros(), zeros(), zeros()];
  for (const [index, change] of changes.entries()) {
    apply(sums, change);
    widen(lows, highs, sums, change.level);
    // The load changes with every level, so that it is valid only when all changes of an instant are in.
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

/** Levels are always of full length; the compiler cannot know. */
function at(levels: Levels, level: number): number {
  return levels[level] ?? 0;
}
