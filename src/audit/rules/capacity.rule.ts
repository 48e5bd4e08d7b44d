import { idOf } from '../../ledger/aggregate.js';
import type { Findings } from '../audit-finding.js';
import { CapacitySweep, CLASSES, RESERVED, type Change, type Excess, type Quota } from './capacity-sweep.js';
import { notCovered, type EventOf, type TypeOf } from './coverage.js';
import { Partitions } from './partitions.js';
import { Facts, findingOf, runCheck, Violation, type Rule } from './rule.js';

type ChangeType = Exclude<TypeOf<'capacity'>, 'quota-policy-adopted'>;
type ChangeRow = readonly [
  key: string,
  position: number,
  type: ChangeType,
  category: number,
  chips: number,
  from: number,
  to: number,
];
type PolicyRow = readonly [
  key: string,
  position: number,
  type: 'quota-policy-adopted',
  version: number,
  floors: readonly number[],
  caps: readonly (number | null)[],
  from: number,
];
type Row = ChangeRow | PolicyRow;

/** Instants of one sweep, over all levels: bounds the memory to some 50 MB. */
const PLACES_MAX = 1_048_576;
/** Equal parts of the time of a facility, where one sweep cannot take all of its instants. */
const SLICES = 4_096;
const NONE = -1;

/** Chips: installed, promised, and kept for each category of user. */
export class CapacityRule implements Rule<'capacity'> {
  readonly check = 'capacity';
  readonly statement =
    'At no position and at no instant are more chips promised than are installed, for every facility and chip model; caps and ' +
    'floors of the quota policies hold for every allocation and retirement.';
  private readonly rows = new Partitions<Row>();

  constructor(
    private readonly findings: Findings,
    private readonly placesMax = PLACES_MAX,
  ) {}

  accept(event: EventOf<'capacity'>): void {
    runCheck(this.check, this.findings, () => {
      const facts = Facts.of(event);
      const key = JSON.stringify([idOf(event.stream, 'facility'), facts.text('chipModel')]);
      this.rows.add(key, rowOf(key, event.type, event.position, facts));
    });
  }

  finish(): void {
    for (const rows of this.rows) {
      for (const [key, extent] of extentsOf(rows)) {
        const found = firstViolation(rows, key, extent, this.placesMax);
        if (found) this.findings.add(findingOf(this.check, found));
      }
    }
  }

  close(): void {
    this.rows.close();
  }
}

function rowOf(key: string, type: TypeOf<'capacity'>, position: number, facts: Facts): Row {
  switch (type) {
    case 'quota-policy-adopted':
      return policyRow(key, position, facts);
    case 'capacity-installed':
    case 'capacity-retired': {
      const chips = facts.count('chips');
      return [key, position, type, NONE, chips, facts.instant('effectiveFrom'), Number.MAX_SAFE_INTEGER];
    }
    case 'chips-allocated': {
      const { chips, category, from, to } = allocated(facts);
      return [key, position, type, category, chips, from, to];
    }
    case 'allocation-released': {
      const { chips, category, from, to } = allocated(facts);
      return [key, position, type, category, chips, Math.min(to, Math.max(from, facts.instant('at'))), to];
    }
    default:
      return notCovered(type);
  }
}

function allocated(facts: Facts): Pick<Change, 'chips' | 'category' | 'from' | 'to'> {
  const chips = facts.count('chips');
  const known = CLASSES.indexOf(facts.text('category'));
  facts.require(known >= 0 && known !== RESERVED, 'Nobody knows the category.', undefined, facts.text('category'));
  // Events of the first schema do not state a protection: their chips count in the category.
  const category = facts.optional('protection') === CLASSES[RESERVED] ? RESERVED : known;
  return { chips, category, from: facts.instant('from'), to: facts.instant('to') };
}

function policyRow(key: string, position: number, facts: Facts): PolicyRow {
  const [floors, caps] = (['floors', 'caps'] as const).map((name) => new Facts(facts.place, facts.record(name)));
  const floor = CLASSES.map((category) => (floors?.data[category] === undefined ? 0 : floors.count(category)));
  const cap = CLASSES.map((category) => (caps?.data[category] === undefined ? null : caps.count(category)));
  for (const [at, chips] of floor.entries()) {
    const highest = cap[at] ?? Infinity;
    facts.require(chips <= highest, `The floor of ${CLASSES[at]} is above its cap.`, `at most ${highest}`, chips);
  }
  return [key, position, 'quota-policy-adopted', facts.count('version'), floor, cap, facts.instant('effectiveFrom')];
}

const isPolicy = (row: Row): row is PolicyRow => row[2] === 'quota-policy-adopted';

/** The extent of the rows of one facility and chip model. */
interface Extent {
  first: number;
  last: number;
  /** Number of instants, repetitions included. */
  count: number;
  hasPolicies: boolean;
}

function extentsOf(rows: Iterable<Row>): Map<string, Extent> {
  const extents = new Map<string, Extent>();
  for (const row of rows) {
    const extent = extents.get(row[0]) ?? { first: Infinity, last: -Infinity, count: 0, hasPolicies: false };
    extents.set(row[0], extent);
    for (const instant of instantsOf(row)) {
      extent.first = Math.min(extent.first, instant);
      extent.last = Math.max(extent.last, instant);
      extent.count += 1;
    }
    if (isPolicy(row)) extent.hasPolicies = true;
  }
  return extents;
}

const instantsOf = (row: Row): readonly number[] =>
  isPolicy(row) ? [row[6]] : row[6] === Number.MAX_SAFE_INTEGER ? [row[5]] : [row[5], row[6]];

/** Half-open stretch of time. */
interface Slab {
  readonly from: number;
  readonly to: number;
}

function firstViolation(rows: Iterable<Row>, key: string, extent: Extent, placesMax: number): Violation | undefined {
  const levels = extent.hasPolicies ? CLASSES.length + 2 : 2;
  let first: Violation | undefined;
  for (const slab of slabsOf(rows, key, extent, Math.max(1, Math.floor(placesMax / levels)))) {
    const found = sweep(rows, key, slab, extent.hasPolicies);
    if (found && found.place.position < (first?.place.position ?? Infinity)) first = found;
  }
  return first;
}

/**
 * Cuts the time into stretches with so few instants that one sweep takes a stretch. A change that covers a whole stretch
 * costs one step there.
 */
function slabsOf(rows: Iterable<Row>, key: string, { first, last, count }: Extent, instantsMax: number): Slab[] {
  if (count <= instantsMax) return [{ from: -Infinity, to: Infinity }];
  const width = Math.max(1, Math.ceil((last - first + 1) / SLICES));
  const counts = new Uint32Array(SLICES);
  for (const row of rows) {
    if (row[0] !== key) continue;
    for (const instant of instantsOf(row)) {
      const slice = Math.floor((instant - first) / width);
      counts[slice] = (counts[slice] ?? 0) + 1;
    }
  }
  const slabs: Slab[] = [];
  let from = -Infinity;
  let gathered = 0;
  for (const [slice, inSlice] of counts.entries()) {
    if (gathered > 0 && gathered + inSlice > instantsMax) {
      slabs.push({ from, to: first + slice * width });
      from = first + slice * width;
      gathered = 0;
    }
    gathered += inSlice;
  }
  return [...slabs, { from, to: Infinity }];
}

/** Follows the events of one facility and chip model over a stretch of time, up to the first event that does not fit. */
function sweep(rows: Iterable<Row>, key: string, slab: Slab, withQuotas: boolean): Violation | undefined {
  const chips = new CapacitySweep(instantsIn(rows, key, slab), slab.to, withQuotas);
  const policies: Quota[] = [];
  for (const row of rows) {
    if (row[0] !== key) continue;
    const found = isPolicy(row) ? adopt(chips, policies, row, slab) : change(chips, policies, row, slab);
    if (found)
      return new Violation({ position: row[1], stream: streamOf(key), type: row[2] }, found.message, found.facts);
  }
  return undefined;
}

const streamOf = (key: string): string => `facility-${String((JSON.parse(key) as unknown[])[0])}`;

/** The instants of a stretch, with its begin: earlier changes are still in effect there. */
function instantsIn(rows: Iterable<Row>, key: string, { from, to }: Slab): Float64Array {
  const instants = new Set<number>(from === -Infinity ? [] : [from]);
  for (const row of rows) {
    if (row[0] !== key) continue;
    for (const instant of instantsOf(row)) if (from <= instant && instant < to) instants.add(instant);
  }
  return Float64Array.from(instants).sort();
}

interface Trouble {
  readonly message: string;
  readonly facts: { readonly expected: string; readonly found: string };
}

function change(chips: CapacitySweep, policies: readonly Quota[], row: ChangeRow, slab: Slab): Trouble | undefined {
  const [, , type, category, count, from, until] = row;
  const to = until === Number.MAX_SAFE_INTEGER ? Infinity : until;
  if (to <= slab.from || from >= slab.to) return undefined;
  const what = WHAT[type];
  chips.add({ what, category, chips: count, from, to });
  // Only an allocation and a retirement can cause a promise of missing chips.
  if (what !== 'allocated' && what !== 'retired') return undefined;
  for (const [start, end, quota] of underPolicies(policies, from, to)) {
    const excess = start < end ? chips.excess(start, end, category, quota) : undefined;
    if (excess) return troubleOf(excess, category);
  }
  return undefined;
}

const WHAT: Readonly<Record<ChangeType, Change['what']>> = {
  'capacity-installed': 'installed',
  'capacity-retired': 'retired',
  'chips-allocated': 'allocated',
  'allocation-released': 'released',
};

/** The interval in parts, each with the policy in force: the latest version that has begun. */
function* underPolicies(
  policies: readonly Quota[],
  from: number,
  to: number,
): Generator<[number, number, Quota | undefined]> {
  const begun = policies.filter((policy) => policy.from <= from);
  const later = policies.filter((policy) => policy.from > from && policy.from < to);
  let start = from;
  let current = begun.at(-1);
  for (const policy of later) {
    yield [start, policy.from, current];
    start = policy.from;
    current = policy;
  }
  yield [start, to, current];
}

function adopt(chips: CapacitySweep, policies: Quota[], row: PolicyRow, slab: Slab): Trouble | undefined {
  const [, , , version, floors, caps, from] = row;
  const before = policies.at(-1);
  policies.push({ floors, caps: caps.map((cap) => cap ?? Infinity), from });
  if (version !== policies.length) {
    return {
      message: 'The versions of the quota policy have a gap.',
      facts: { expected: String(policies.length), found: String(version) },
    };
  }
  if (before && from < before.from) {
    const facts = { expected: `${iso(before.from)} or later`, found: iso(from) };
    return { message: 'The quota policy takes effect before the one that precedes it.', facts };
  }
  const floor = floors.reduce((sum, one) => sum + one, 0);
  const short = from < slab.to ? chips.shortfall(Math.max(from, slab.from), floor) : undefined;
  if (!short) return undefined;
  const facts = { expected: `at most ${short.installed}`, found: String(floor) };
  return { message: `The floors add up to more chips than are installed at ${iso(short.instant)}.`, facts };
}

function troubleOf({ instant, installed, used, kept, usedByCategory, cap }: Excess, category: number): Trouble {
  const at = iso(instant);
  if (used > installed) {
    return {
      message: `More chips are promised than are installed at ${at}.`,
      facts: { expected: `at most ${installed}`, found: String(used) },
    };
  }
  if (usedByCategory > cap) {
    const facts = { expected: `at most ${cap}`, found: String(usedByCategory) };
    return { message: `${CLASSES[category]} has more chips than its cap at ${at}.`, facts };
  }
  const facts = { expected: `at most ${installed}`, found: `${used} and ${kept} kept` };
  return { message: `Chips that floors keep for others are promised at ${at}.`, facts };
}

const iso = (instant: number): string => new Date(instant).toISOString();
