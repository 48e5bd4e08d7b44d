import { idOf } from '../../ledger/aggregate.js';
import { recordedSchema } from '../../ledger/event.js';
import type { Findings } from '../audit-finding.js';
import { CLOCKS_APART_MS_MAX } from './clocks.js';
import { notCovered, type EventOf } from './coverage.js';
import { HourBook, type Contributor, type Pool, type Stretch } from './hour-book.js';
import { Facts, runCheck, type Rule } from './rule.js';
import { Timeline } from './timeline.js';

/** An allocation states its pool from this schema on. */
const POOL_SINCE_SCHEMA = 2;
/** Art. 12b(12). */
const OWNERSHIP_YEARS_MIN = 5;
/** GBER Art. 26(4): the partner financed at least one part in so many. */
const PREFERENCE_PARTS_MAX = 10n;
const MILLION = 1_000_000n;
/** Where the hours of a pool come from, and which contributions are counted for it. */
const COUNTED: ReadonlyMap<string, string> = new Map([
  ['capex', 'capex'],
  ['preferential', 'capex'],
  ['purchase', 'access-time-purchase'],
]);

/** A chip of factor 1 counts as so many thousandths of a unit. */
const THOUSANDTHS = 1_000;

/** One version of a policy that hours depend on. */
interface Version {
  readonly version: number;
  readonly value: unknown;
}
type Versions = readonly (Version | undefined)[];
const POLICIES = ['entitlement-basis', 'chip-equivalence', 'commercial-share-maximum'] as const;
type PolicyName = (typeof POLICIES)[number];

/**
 * Whose every hour is. Memory grows with facilities, their pools and their periods, and not with allocations: a release repeats the pool
 * of its allocation.
 */
export class PoolRule implements Rule<'pools'> {
  readonly check = 'pools';
  readonly statement =
    'The hours of every period are divided in proportion to the contributions, and exactly (Art. 12b(13)); from the first pool of a facility ' +
    'on, every allocation has one, and no pool allocates or gives more hours than it has; given time is no contribution (12b(10)); ownership ' +
    'is transferred after five years for hours by the formula (12b(12)); preferential access is for those who financed 10 % (GBER 26(4)); ' +
    'commercial use stays within its part of the time of the Union (Arts. 17, 18).';
  private readonly books = new Map<string, HourBook>();
  private readonly policies = new Map<string, Timeline<Version>>(POLICIES.map((name) => [name, new Timeline()]));

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'pools'>, decidedFromMs: number): void {
    runCheck(this.check, this.findings, () => this.apply(event, Facts.of(event), decidedFromMs));
  }

  finish(): void {}

  close(): void {}

  private apply(event: EventOf<'pools'>, facts: Facts, decidedFromMs: number): void {
    const { type, stream } = event;
    if (type === 'policy-adopted') {
      const version = { version: facts.count('version'), value: facts.data['value'] };
      this.policies.get(facts.text('policy'))?.add(version, facts.instant('effectiveFrom'));
      return;
    }
    const inForce = (name: PolicyName): Versions =>
      this.policies.get(name)?.within(decidedFromMs, Date.parse(event.recordedAt) + CLOCKS_APART_MS_MAX) ?? [];
    if (type === 'access-granted') return grant(this.books.get(facts.text('facilityId')), facts);
    const id = idOf(stream, 'facility');
    if (type === 'facility-registered') {
      this.books.set(id, registered(facts));
      return;
    }
    const book = this.books.get(id);
    if (book === undefined) return facts.require(false, `The facility ${id} is used before it is registered.`);
    switch (type) {
      case 'contribution-recorded':
        return book.contribute(
          facts.text('partnerId'),
          facts.text('partnerKind'),
          facts.text('kind'),
          facts.minor('deltaMinor'),
        );
      case 'capacity-installed':
        return void book.models.add(facts.text('chipModel'));
      case 'operations-started':
        facts.require(book.startedOn === undefined, 'Operations start a second time.');
        book.startedOn = facts.date('on');
        return;
      case 'access-pool-defined':
        return define(book, facts);
      case 'entitlement-set':
        return entitle(book, facts, inForce('entitlement-basis'));
      case 'chips-allocated':
        if (recordedSchema(event) < POOL_SINCE_SCHEMA) return;
        facts.require(
          facts.optional('poolId') !== undefined || book.pools.size === 0,
          'The facility has access pools, and the allocation uses the hours of none.',
        );
        return allocate(book, facts, inForce);
      case 'pool-assigned':
        facts.require(facts.optional('poolId') !== undefined, 'No pool is assigned.');
        return allocate(book, facts, inForce);
      case 'allocation-released':
        return release(book, facts);
      case 'access-time-donated':
        return donate(book, facts);
      case 'ownership-transferred':
        return transfer(book, facts);
      case 'preferential-access-set':
        return prefer(book, facts);
      default:
        return notCovered(type);
    }
  }
}

function registered(facts: Facts): HourBook {
  const capexMinor = facts.optional('capexMinor') === undefined ? undefined : facts.minor('capexMinor');
  return new HourBook(facts.text('kind'), capexMinor);
}

/** Before pools a grant names none. */
function grant(book: HourBook | undefined, facts: Facts): void {
  const poolId = facts.optional('poolId');
  if (poolId === undefined) return;
  facts.require(book?.pools.has(poolId) === true, `The grant is of pool ${poolId}, which its facility does not have.`);
}

function define(book: HourBook, facts: Facts): void {
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

function stretchOf(facts: Facts): Stretch {
  const [from, to] = [facts.instant('periodFrom'), facts.instant('periodTo')];
  facts.require(from < to, 'The period ends before it begins.');
  return { from, to };
}

/** The stated lines against the contributions: no line is computed, each is tested. */
function entitle(book: HourBook, facts: Facts, bases: Versions): void {
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

/** Books an allocation, or one that got its pool later. */
function allocate(book: HourBook, facts: Facts, inForce: (name: PolicyName) => Versions): void {
  const poolId = facts.optional('poolId');
  if (poolId === undefined) {
    facts.require(facts.data['unitThousandths'] === undefined, 'The allocation counts units, and uses no pool.');
    return;
  }
  const pool = book.pools.get(poolId);
  if (pool === undefined) return facts.require(false, `The facility has no access pool ${poolId}.`);
  requireFactor(book, facts, inForce('chip-equivalence'));
  const [from, to] = [facts.instant('from'), facts.instant('to')];
  const isCommercial = facts.optional('use') === 'commercial';
  const { periods, uncoveredMs } = book.book(poolId, facts, { from, to }, 1n, isCommercial);
  facts.require(uncoveredMs === 0, 'Some of the allocation lies in no period for which hours are divided.');
  for (const period of periods) {
    requireNotOverdrawn(book, poolId, period, facts, 'More hours are allocated in the pool than it has in the period.');
    if (isCommercial && pool.owner === 'union')
      requireCommercialShare(book, period, inForce('commercial-share-maximum'), facts);
  }
}

function release(book: HourBook, facts: Facts): void {
  const poolId = facts.optional('poolId');
  if (poolId === undefined) return;
  const [from, to, at] = [facts.instant('from'), facts.instant('to'), facts.instant('at')];
  book.book(poolId, facts, { from: Math.max(from, at), to }, -1n, facts.optional('use') === 'commercial');
}

/** The stated factor is that of a version of the policy that may have been in force; without one, the facility has one model. */
function requireFactor(book: HourBook, facts: Facts, versions: Versions): void {
  const stated = facts.count('unitThousandths');
  const model = facts.text('chipModel');
  const allowed = versions.flatMap((version) => {
    if (version === undefined) return book.models.size <= 1 ? [THOUSANDTHS] : [];
    const factor = numberIn(version.value, 'factors', model);
    return factor === undefined ? [] : [Number((factor * THOUSANDTHS).toFixed(0))];
  });
  facts.require(
    allowed.includes(stated),
    'The chips count as other units than the policy on equivalence says.',
    allowed.join(' or ') || 'no allocation',
    stated,
  );
}

function numberIn(value: unknown, member: string, name: string): number | undefined {
  const numbers = (value as Readonly<Record<string, unknown>> | null | undefined)?.[member];
  if (typeof numbers !== 'object' || numbers === null || !Object.hasOwn(numbers, name)) return undefined;
  const number = (numbers as Readonly<Record<string, unknown>>)[name];
  return typeof number === 'number' ? number : undefined;
}

function requireNotOverdrawn(book: HourBook, poolId: string, period: Stretch, facts: Facts, message: string): void {
  const { hours, allocated } = book.sumsOf(poolId, period);
  const hasParts = hours * HourBook.partsPerHour;
  facts.require(
    allocated <= hasParts,
    message,
    `at most ${hours} unit-hours`,
    `${Number(allocated) / Number(HourBook.partsPerHour)}`,
  );
}

function requireCommercialShare(book: HourBook, period: Stretch, versions: Versions, facts: Facts): void {
  let [hours, commercial] = [0n, 0n];
  for (const [id, { owner }] of book.pools) {
    if (owner !== 'union') continue;
    const sums = book.sumsOf(id, period);
    hours += sums.hours;
    commercial += sums.commercial;
  }
  const isAllowed = versions.some((version) => {
    const ppm = version === undefined ? undefined : numberIn(version.value, 'sharesPpm', book.kind);
    if (ppm === undefined || !Number.isSafeInteger(ppm)) return true;
    return commercial * MILLION <= BigInt(ppm) * hours * HourBook.partsPerHour;
  });
  facts.require(isAllowed, 'Commercial use takes more than its part of the access time of the Union (Arts. 17, 18).');
}

function donate(book: HourBook, facts: Facts): void {
  const stretch = stretchOf(facts);
  const [fromId, toId] = [facts.text('fromPoolId'), facts.text('unionPoolId')];
  const [donor, taker] = [book.pools.get(fromId), book.pools.get(toId)];
  facts.require(
    donor?.owner === 'member-state',
    'The time that is given is not that of a Member State (Art. 12b(10)).',
  );
  facts.requireSame(facts.text('partnerId'), donor?.partnerId, 'The time is given by another partner than its owner.');
  facts.require(taker?.owner === 'union', 'The time is not given to the Union (Art. 12b(10)).');
  requirePeriod(book, stretch, facts);
  const [from, to] = [facts.instant('from'), facts.instant('to')];
  const isInside = stretch.from <= from && from < to && to <= stretch.to;
  facts.require(isInside, 'The time is given for an interval outside of its period.');
  book.give(fromId, toId, stretch, BigInt(facts.count('unitHours')));
  requireNotOverdrawn(book, fromId, stretch, facts, 'The state gives more hours than its pool has left.');
}

function transfer(book: HourBook, facts: Facts): void {
  const stretch = stretchOf(facts);
  facts.require(book.transferredOn === undefined, 'Ownership is transferred a second time.');
  const on = facts.date('on');
  book.transferredOn = on;
  facts.require(book.startedOn !== undefined, 'Ownership is transferred before operations started.');
  const earliest = yearsLater(book.startedOn ?? on);
  facts.require(
    on >= earliest,
    'Ownership is transferred within five years (Art. 12b(12)).',
    `${earliest} or later`,
    on,
  );
  const poolId = facts.text('unionPoolId');
  facts.require(
    book.pools.get(poolId)?.owner === 'union',
    'The residual value becomes hours of another than the Union.',
  );
  const available = requirePeriod(book, stretch, facts);
  const isInside = stretch.from <= Date.parse(on) && Date.parse(on) < stretch.to;
  facts.require(isInside, 'The day of the transfer lies outside of the period.');
  const [residual, capex] = [facts.minor('residualMinor'), facts.minor('capexMinor')];
  facts.require(capex === book.capexMinor, 'The CAPEX is not that of the facility.', book.capexMinor, capex);
  facts.require(residual >= 0n && residual <= capex, 'The residual value is below 0 or above the CAPEX.');
  facts.require(
    BigInt(facts.count('availableUnitHours')) === available,
    'The available hours are not those of the period.',
    available,
    facts.data['availableUnitHours'],
  );
  const hours = BigInt(facts.count('unitHours'));
  const isFormula = hours * capex <= residual * available && residual * available < (hours + 1n) * capex;
  facts.require(
    isFormula,
    'The hours do not follow from the residual value (Art. 12b(12)).',
    (residual * available) / capex,
    hours,
  );
  book.addResidual(poolId, stretch, hours);
}

/** The same day five years later; the day after for 29 February. */
function yearsLater(date: string): string {
  const later = `${Number(date.slice(0, 4)) + OWNERSHIP_YEARS_MIN}${date.slice(4)}`;
  return date.endsWith('-02-29') ? later.replace('-02-29', '-03-01') : later;
}

function prefer(book: HourBook, facts: Facts): void {
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

/** @returns the available hours of the period, which must have been divided. */
function requirePeriod(book: HourBook, { from, to }: Stretch, facts: Facts): bigint {
  const period = book.periods.get(from);
  facts.require(period?.to === to, 'No hours are divided for this period.');
  return period?.available ?? 0n;
}
