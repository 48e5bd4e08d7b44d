import {
  requireNotOverdrawn,
  requirePeriod,
  stretchOf,
  type Contributor,
  type HourBook,
  type Pool,
} from './hour-book.js';
import type { Versions } from './pool-policies.js';
import type { Facts } from './rule.js';

// Pools and their hours, in proportion to what was contributed.

/** GBER Art. 26(4): preferential access is for who financed at least a tenth, which is one part in so many. */
const PREFERENCE_PARTS_MAX = 10n;
const MILLION = 1_000_000n;
/** The kind of contribution that is counted for a pool, by the basis of the pool. For another basis none is counted. */
const COUNTED: ReadonlyMap<string, string> = new Map([
  ['capex', 'capex'],
  ['preferential', 'capex'],
  ['purchase', 'access-time-purchase'],
]);

/** Defines a pool. No two pools of a facility have the same hours. */
export function define(book: HourBook, facts: Facts): void {
  const [id, owner, basis] = [facts.text('poolId'), facts.text('owner'), facts.text('basis')];
  const partnerId = facts.optional('partnerId');
  facts.require(!book.pools.has(id), 'The pool is defined a second time.');
  for (const [otherId, pool] of book.pools) {
    const isSameOwner =
      pool.owner === owner && (pool.partnerId === undefined || partnerId === undefined || pool.partnerId === partnerId);
    const isSameSource = (COUNTED.get(pool.basis) ?? pool.basis) === (COUNTED.get(basis) ?? basis);
    facts.require(!(isSameOwner && isSameSource), `The hours of the pool are those of pool ${otherId} as well.`);
  }
  const isNamed = partnerId !== undefined;
  facts.require(isNamed || owner === 'union' || owner === 'consortium', 'The pool names nobody whose hours they are.');
  const bases = BASES.get(owner) ?? [];
  facts.require(
    bases.includes(basis),
    'The hours of this owner do not come from this basis.',
    bases.join(' or '),
    basis,
  );
  book.pools.set(id, { owner, basis, ...(partnerId !== undefined && { partnerId }) });
}

const BASES: ReadonlyMap<string, readonly string[]> = new Map([
  ['union', ['capex', 'purchase', 'donation', 'residual-value']],
  ['member-state', ['capex', 'purchase']],
  ['private', ['capex', 'purchase', 'preferential']],
  ['consortium', ['capex']],
]);

/** Sets the hours of a period. No line is computed: each is tested against the contributions. */
export function entitle(book: HourBook, facts: Facts, bases: Versions): void {
  const stretch = stretchOf(facts);
  const available = BigInt(facts.count('availableUnitHours'));
  const capexMinor = facts.minor('capexMinor');
  facts.require(book.capexMinor === capexMinor, 'The CAPEX is not that of the facility.', book.capexMinor, capexMinor);
  facts.requireSame(facts.text('basis'), 'committed', 'The amounts that count are not the committed ones.');
  const policy = bases.find((each) => each?.version === facts.data['policyVersion']);
  facts.require(policy?.value === 'committed', 'The policy that is named was not in force, or counts other amounts.');
  for (const other of book.periods.values()) {
    const isSame = other.from === stretch.from && other.to === stretch.to;
    const isApart = other.to <= stretch.from || stretch.to <= other.from;
    facts.require(isSame || isApart, 'The period overlaps another one.');
  }
  for (const [partnerId, contributor] of book.contributors) requireItsPools(book, partnerId, contributor, facts);
  const lines = facts.records('lines').map((line) => ({
    id: line.text('poolId'),
    minor: line.minor('contributionMinor'),
    hours: BigInt(line.count('unitHours')),
  }));
  const expected = [...book.pools].filter(([, { basis }]) => COUNTED.has(basis)).map(([id]) => id);
  facts.requireSame(
    lines.map(({ id }) => id).join(' '),
    expected.sort().join(' '),
    'The lines are not those of the pools that contribute, in order of pool id.',
  );
  let restMinor = capexMinor;
  for (const { id, minor } of lines) {
    const pool = book.pools.get(id);
    if (pool === undefined) continue;
    restMinor -= minor;
    if (pool.owner === 'consortium') continue;
    const own = contributionTo(book, pool);
    facts.require(minor === own, `The contribution of pool ${id} is another one.`, own, minor);
    const isEnough = pool.basis !== 'preferential' || minor * PREFERENCE_PARTS_MAX >= capexMinor;
    facts.require(isEnough, `Pool ${id} is preferential, and its partner financed less than 10 % (GBER 26(4)).`);
  }
  facts.require(
    restMinor === 0n,
    'The contributions of the lines do not add up to the CAPEX.',
    capexMinor,
    capexMinor - restMinor,
  );
  requireProportional(lines, available, capexMinor, facts);
  book.entitle(stretch, available, lines);
  for (const { id } of lines)
    requireNotOverdrawn(book, id, stretch, facts, 'The pool has less than is allocated in it.');
}

interface Line {
  readonly id: string;
  readonly minor: bigint;
  readonly hours: bigint;
}

/**
 * Art. 12b(13). Every line is its exact share rounded down, or one more, so that all of them are the available hours; one more is where
 * the most was cut off, and at the lower id where as much was.
 */
function requireProportional(lines: readonly Line[], available: bigint, capexMinor: bigint, facts: Facts): void {
  const sum = lines.reduce((hours, line) => hours + line.hours, 0n);
  facts.require(sum === available, 'The lines do not add up to the available hours (Art. 12b(13)).', available, sum);
  let last: { readonly cut: bigint; readonly id: string } | undefined;
  let first: { readonly cut: bigint; readonly id: string } | undefined;
  for (const { id, minor, hours } of lines) {
    const cut = (minor * available) % capexMinor;
    const above = hours * capexMinor - (minor * available - cut);
    const isOneMore = above === capexMinor;
    const message = `The hours of pool ${id} are not in proportion to its contribution (Art. 12b(13)).`;
    facts.require(minor >= 0n && (above === 0n || isOneMore), message, (minor * available) / capexMinor, hours);
    const isAfter = (one: { cut: bigint; id: string }): boolean => cut < one.cut || (cut === one.cut && id > one.id);
    if (isOneMore && (last === undefined || isAfter(last))) last = { cut, id };
    if (!isOneMore && (first === undefined || !isAfter(first))) first = { cut, id };
  }
  const isFair =
    last === undefined || first === undefined || last.cut > first.cut || (last.cut === first.cut && last.id < first.id);
  facts.require(
    isFair,
    'The hours that are left after rounding went to another pool than the one with the largest remainder.',
  );
}

function contributionTo(book: HourBook, { owner, partnerId, basis }: Pool): bigint {
  const kind = COUNTED.get(basis) ?? '';
  let sumMinor = 0n;
  for (const [id, contributor] of book.contributors) {
    const isOwner = partnerId === undefined ? contributor.kind === owner : id === partnerId;
    if (isOwner) sumMinor += contributor.minorByKind.get(kind) ?? 0n;
  }
  return sumMinor;
}

function requireItsPools(book: HourBook, partnerId: string, { kind, minorByKind }: Contributor, facts: Facts): void {
  if (kind !== 'union' && kind !== 'member-state') return;
  for (const [of, minor] of minorByKind) {
    if (minor <= 0n || of === 'in-kind') continue;
    const has = [...book.pools.values()].some(
      (pool) =>
        pool.owner === kind &&
        COUNTED.get(pool.basis) === of &&
        (pool.partnerId === undefined || pool.partnerId === partnerId),
    );
    facts.require(has, `Partner ${partnerId} contributes (${of}), and has no hours for it (Art. 12b(13)).`);
  }
}

/** Sets preferential access: a share of the CAPEX, and at most the hours of that share. It takes no hours from a pool. */
export function prefer(book: HourBook, facts: Facts): void {
  const available = requirePeriod(book, stretchOf(facts), facts);
  const capex = facts.minor('capexMinor');
  facts.require(capex === book.capexMinor, 'The CAPEX is not that of the facility.', book.capexMinor, capex);
  const own = book.contributors.get(facts.text('partnerId'))?.minorByKind.get('capex') ?? 0n;
  const stated = facts.minor('contributionMinor');
  facts.require(stated === own, 'The partner financed another amount.', own, stated);
  facts.require(
    own * PREFERENCE_PARTS_MAX >= capex,
    'The partner financed less than 10 % (GBER 26(4)).',
    undefined,
    own,
  );
  const ppm = BigInt(facts.count('sharePpm'));
  facts.require(
    ppm * capex <= own * MILLION && own * MILLION < (ppm + 1n) * capex,
    'The share is another one.',
    undefined,
    ppm,
  );
  const hours = BigInt(facts.count('unitHours'));
  facts.require(
    hours * capex <= own * available,
    'Preferential access is to more hours than the partner financed (GBER 26(4)).',
    `at most ${(own * available) / capex}`,
    hours,
  );
}
