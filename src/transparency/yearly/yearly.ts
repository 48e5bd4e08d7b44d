import { idOf } from '../../ledger/aggregate.js';
import type { RecordedEvent } from '../../ledger/event.js';
import { MS_PER_HOUR, parseInstant, type EpochMs } from '../../ledger/time.js';
import type { PoolOwner } from '../../compute/pool-events.js';
import { CATEGORIES } from '../../partners/partner.js';
import { chipHours, chipMs, monthOf, releasedFrom, spreadOverMonths, type Month } from '../measures/chip-time.js';
import { unknownToReport, type LedgerEvent } from '../events/ledger-event.js';
import { Positions } from './positions.js';
import {
  YEARLY_FIGURES,
  YEARLY_FIGURE_NAMES,
  YEARLY_METHOD_VERSION,
  type YearlyFigure,
  type YearlyFigureName,
  type YearlyFile,
  type YearlyGroup,
  type YearlyRow,
  type YearState,
} from './yearly-file.js';

const SCOPE =
  'All access time that the ledger allocates, by pool: "union" is the access time of the Union (Art. 12b(13)), and "unionTime" adds it up. ' +
  'Requests have no pool before they are granted, and what was granted or allocated before there were pools has none: poolOwner "none".';

type Place = Pick<YearlyGroup, 'facilityId' | 'poolOwner' | 'poolId' | 'category' | 'country'>;
type Pool = Pick<YearlyGroup, 'poolOwner' | 'poolId'>;
/** What of a place the events say. */
type User = Pick<YearlyGroup, 'facilityId' | 'category' | 'country'>;

/** Use of an allocation without a pool, within the year, in case that it is assigned to one later. */
interface Unassigned {
  used: bigint;
  flagged: bigint;
}

interface Tally {
  /** Requests and grants by number, chip-time in chip-milliseconds: whole and exact. */
  amount: bigint;
  readonly positions: Positions;
}

/** Counts the use of access time in one calendar year (UTC), event by event. Needs the whole history: use follows earlier allocations. */
export class YearlyUse {
  private readonly from: EpochMs;
  private readonly to: EpochMs;
  private readonly groups = new Map<string, { place: Place; tallies: Map<YearlyFigureName, Tally> }>();
  private readonly facilities = new Map<string, string>();
  private readonly owners = new Map<string, PoolOwner>();
  /** Pools of the grants and allocations that have one, by id. */
  private readonly pools = new Map<string, string>();
  private readonly unassigned = new Map<string, Unassigned>();
  private illustrative = false;
  private asOf: string | null = null;
  private position = 0;

  /** @param facilityId counts this facility alone */
  constructor(
    readonly year: number,
    private readonly facilityId: string | null = null,
  ) {
    this.from = Date.UTC(year, 0, 1);
    this.to = Date.UTC(year + 1, 0, 1);
  }

  /** @throws Error when the event is not the next one, or of a type that this file does not know. */
  accept(recorded: RecordedEvent): void {
    const { position, recordedAt } = recorded;
    if (position !== this.position + 1) throw new Error(`Position ${position} does not follow ${this.position}.`);
    this.count(recorded as unknown as LedgerEvent, position);
    this.position = position;
    this.asOf = recordedAt;
  }

  /** The file as of the last event; `root` is the root of the tree with as many leaves. */
  file(root: Uint8Array): YearlyFile {
    const rows = [...this.groups.values()].map(({ place, tallies }) => this.rowOf(place, tallies)).sort(compareRows);
    const total = rows.find((row) => depth(row) === 0) ?? this.rowOf(EVERYBODY, new Map());
    return {
      year: this.year,
      facilityId: this.facilityId,
      yearState: this.state(),
      methodVersion: YEARLY_METHOD_VERSION,
      position: this.position,
      treeSize: this.position,
      root: Buffer.from(root).toString('base64'),
      asOf: this.asOf,
      scope: SCOPE,
      illustrative: this.illustrative,
      definitions: YEARLY_FIGURES,
      rows: rows.filter((row) => depth(row) === 4),
      byFacility: rows.filter((row) => depth(row) === 1 && row.facilityId !== null),
      byPool: rows.filter((row) => depth(row) === 2 && row.facilityId !== null && row.poolOwner !== null),
      unionTime: rows.filter((row) => row.facilityId === null && row.poolOwner === 'union'),
      byCategory: rows.filter((row) => depth(row) === 1 && row.category !== null),
      byCountry: rows.filter((row) => depth(row) === 1 && row.country !== null),
      total,
    };
  }

  private count(event: LedgerEvent, position: number): void {
    switch (event.type) {
      case 'facility-registered':
        this.facilities.set(facilityOf(event), event.data.name);
        if (event.data.illustrative && this.isOf(facilityOf(event))) this.illustrative = true;
        return;
      case 'access-pool-defined':
        this.owners.set(event.data.poolId, event.data.owner);
        return;
      case 'access-request-submitted':
        if (event.data.illustrative && this.isOf(event.data.facilityId)) this.illustrative = true;
        if (!this.holds(event.data.submittedAt)) return;
        this.add(event.data, NO_POOL, 'requestsSubmitted', 1n, position);
        this.add(event.data, NO_POOL, 'chipHoursRequested', wholeHours(event.data.chipHoursRequested), position);
        return;
      case 'access-request-withdrawn':
        if (this.holds(event.data.withdrawnAt)) this.add(event.data, NO_POOL, 'requestsWithdrawn', 1n, position);
        return;
      case 'eligibility-refused':
        if (this.holds(event.data.checkedAt)) this.add(event.data, NO_POOL, 'requestsIneligible', 1n, position);
        return;
      case 'access-denied':
        if (this.holds(event.data.decidedAt)) this.add(event.data, NO_POOL, 'requestsDenied', 1n, position);
        return;
      case 'access-granted': {
        if (event.data.poolId !== undefined) this.pools.set(grantOf(event), event.data.poolId);
        if (!this.holds(event.data.decidedAt)) return;
        const pool = this.poolOf(grantOf(event));
        const granted = wholeHours(event.data.chipHours);
        this.add(event.data, pool, 'requestsGranted', 1n, position);
        this.add(event.data, pool, 'chipHoursGranted', granted, position);
        if (event.data.priceBasis === 'free') this.add(event.data, pool, 'chipHoursGrantedFree', granted, position);
        return;
      }
      case 'grant-revoked': {
        if (!this.holds(event.data.revokedAt)) return;
        const pool = this.poolOf(grantOf(event));
        this.add(event.data, pool, 'grantsRevoked', 1n, position);
        this.add(event.data, pool, 'chipHoursRevoked', wholeHours(event.data.chipHours), position);
        return;
      }
      case 'chips-allocated': {
        const { allocationId, poolId, chips, from, to } = event.data;
        if (poolId !== undefined) this.pools.set(allocationId, poolId);
        const amount = this.withinYear(chips, parseInstant(from), parseInstant(to));
        this.add(atSite(event), this.poolOf(allocationId), 'chipHoursAllocated', amount, position);
        return;
      }
      case 'allocation-released': {
        const { allocationId, chips, to } = event.data;
        const amount = this.withinYear(chips, releasedFrom(event.data), parseInstant(to));
        this.add(atSite(event), this.poolOf(allocationId), 'chipHoursAllocated', -amount, position);
        return;
      }
      case 'pool-assigned':
        this.assign(event, position);
        return;
      case 'usage-reported':
        for (const record of event.data.records) {
          const place = { ...record, facilityId: event.data.facilityId };
          const used = this.usedInYear(record.chipHours, parseInstant(record.from), parseInstant(record.to));
          this.addUse(place, record.allocationId, used, record.flag === undefined ? 0n : used, position);
        }
        return;
      default:
        return requireUncounted(event);
    }
  }

  /** Moves an allocation, and what was used of it until now, to the pool whose hours it used. */
  private assign(event: Extract<LedgerEvent, { type: 'pool-assigned' }>, position: number): void {
    const { allocationId, poolId, chips, from, to } = event.data;
    const place = atSite(event);
    const { used, flagged } = this.unassigned.get(allocationId) ?? { used: 0n, flagged: 0n };
    this.unassigned.delete(allocationId);
    const before = this.poolOf(allocationId);
    this.pools.set(allocationId, poolId);
    const moved = [
      ['chipHoursAllocated', this.withinYear(chips, parseInstant(from), parseInstant(to))],
      ['chipHoursUsed', used],
      ['chipHoursUsedFlagged', flagged],
    ] as const;
    for (const [figure, amount] of moved) {
      this.add(place, before, figure, -amount, position);
      this.add(place, this.poolOf(allocationId), figure, amount, position);
    }
  }

  private addUse(place: User, allocationId: string, used: bigint, flagged: bigint, position: number): void {
    const pool = this.poolOf(allocationId);
    this.add(place, pool, 'chipHoursUsed', used, position);
    this.add(place, pool, 'chipHoursUsedFlagged', flagged, position);
    if (pool !== NO_POOL || used === 0n) return;
    const before = this.unassigned.get(allocationId) ?? { used: 0n, flagged: 0n };
    this.unassigned.set(allocationId, { used: before.used + used, flagged: before.flagged + flagged });
  }

  /** The pool of a grant or an allocation. */
  private poolOf(id: string): Pool {
    const poolId = this.pools.get(id);
    return poolId === undefined ? NO_POOL : { poolId, poolOwner: this.owners.get(poolId) ?? 'none' };
  }

  private isOf(facilityId: string): boolean {
    return this.facilityId === null || this.facilityId === facilityId;
  }

  private state(): YearState {
    const at = this.asOf === null ? -Infinity : parseInstant(this.asOf);
    if (at < this.from) return 'not-begun';
    return at < this.to ? 'running' : 'over';
  }

  private holds(instant: string): boolean {
    const at = parseInstant(instant);
    return this.from <= at && at < this.to;
  }

  private withinYear(chips: number, from: EpochMs, to: EpochMs): bigint {
    const [begin, end] = [Math.max(from, this.from), Math.min(to, this.to)];
    return begin < end ? chipMs(chips, begin, end) : 0n;
  }

  /** Spreads use as the capacity report does, so that twelve months of that report add up to this year. */
  private usedInYear(hours: number, from: EpochMs, to: EpochMs): bigint {
    if (to <= this.from || from >= this.to) return 0n;
    if (from >= this.from && to <= this.to) return wholeHours(hours);
    const months = new Map<Month, bigint>();
    spreadOverMonths(months, hours, from, to);
    const [first, end] = [monthOf(this.from), monthOf(this.to)];
    return [...months].reduce((sum, [month, used]) => (month >= first && month < end ? sum + used : sum), 0n);
  }

  /** Adds to the group and to every sum that it is part of. */
  private add(user: User, pool: Pool, figure: YearlyFigureName, amount: bigint, position: number): void {
    const { facilityId, category, country } = user;
    if (amount === 0n || facilityId === null || !this.isOf(facilityId)) return;
    const groups: Place[] = [
      { facilityId, ...pool, category, country },
      { ...EVERYBODY, facilityId },
      { ...EVERYBODY, facilityId, ...pool },
      { ...EVERYBODY, category },
      { ...EVERYBODY, country },
      EVERYBODY,
    ];
    const { poolOwner } = pool;
    if (poolOwner === 'union') groups.push({ ...EVERYBODY, poolOwner }, { ...EVERYBODY, poolOwner, category });
    for (const group of groups) this.tally(group, figure, amount, position);
  }

  private tally(place: Place, figure: YearlyFigureName, amount: bigint, position: number): void {
    const { facilityId, poolOwner, poolId, category, country } = place;
    const key = [facilityId, poolOwner, poolId, category, country].map((part) => part ?? '').join(' ');
    let group = this.groups.get(key);
    if (!group) this.groups.set(key, (group = { place, tallies: new Map() }));
    let tally = group.tallies.get(figure);
    if (!tally) group.tallies.set(figure, (tally = { amount: 0n, positions: new Positions() }));
    tally.amount += amount;
    tally.positions.add(position);
  }

  private rowOf(
    { facilityId, poolOwner, poolId, category, country }: Place,
    tallies: ReadonlyMap<YearlyFigureName, Tally>,
  ): YearlyRow {
    const figures = YEARLY_FIGURE_NAMES.map((name): [YearlyFigureName, YearlyFigure] => {
      const { amount = 0n, positions } = tallies.get(name) ?? {};
      const value = YEARLY_FIGURES[name].unit === 'chip-hours' ? chipHours(amount) : Number(amount);
      return [name, { value, positions: positions?.ranges ?? [] }];
    });
    const facilityName = facilityId === null ? null : (this.facilities.get(facilityId) ?? '');
    return {
      facilityId,
      facilityName,
      poolOwner,
      poolId,
      category,
      country,
      figures: Object.fromEntries(figures) as YearlyRow['figures'],
    };
  }
}

const EVERYBODY: Place = { facilityId: null, poolOwner: null, poolId: null, category: null, country: null };
const NO_POOL: Pool = { poolOwner: 'none', poolId: null };

const wholeHours = (hours: number): bigint => chipMs(hours, 0, MS_PER_HOUR);
const facilityOf = ({ stream }: { readonly stream: string }): string => idOf(stream, 'facility');
const grantOf = ({ stream }: { readonly stream: string }): string => idOf(stream, 'access-request');
const atSite = (event: { readonly stream: string; readonly data: Omit<User, 'facilityId'> }): User => ({
  ...event.data,
  facilityId: facilityOf(event),
});

/** The number of members, of facility, pool, category and country, by which a row is split. */
const depth = ({ facilityId, poolOwner, category, country }: YearlyGroup): number =>
  [facilityId, poolOwner, category, country].filter((part) => part !== null).length;

/** Compares by facility (its name, then its id), pool, category and country; by code unit, so that the order is the same on every machine. */
function compareRows(one: YearlyRow, other: YearlyRow): number {
  const keys = ({ facilityName, facilityId, poolOwner, poolId, category, country }: YearlyRow) => [
    facilityName ?? '',
    facilityId ?? '',
    poolOwner ?? '',
    poolId ?? '',
    category === null ? '' : String(CATEGORIES.indexOf(category)),
    country ?? '',
  ];
  const [left, right] = [keys(one), keys(other)];
  const at = left.findIndex((key, index) => key !== right[index]);
  const [a = '', b = ''] = [left[at], right[at]];
  return a < b ? -1 : a > b ? 1 : 0;
}

type Counted =
  | 'facility-registered'
  | 'access-pool-defined'
  | 'access-request-withdrawn'
  | 'eligibility-refused'
  | 'access-denied'
  | 'pool-assigned'
  | 'access-request-submitted'
  | 'access-granted'
  | 'grant-revoked'
  | 'chips-allocated'
  | 'allocation-released'
  | 'usage-reported';

/** Names every type that has no figure of this file, so that a new type does not compile until its place is decided. */
function requireUncounted(event: Exclude<LedgerEvent, { type: Counted }>): void {
  switch (event.type) {
    case 'api-key-issued':
    case 'api-key-revoked':
    case 'policy-adopted':
    case 'partner-registered':
    case 'partner-classified':
    case 'affiliation-recorded':
    case 'affiliation-ended':
    case 'partner-acquired':
    case 'fund-established':
    case 'tranche-defined':
    case 'tranche-subscribed':
    case 'financial-close-reached':
    case 'commitment-pledged':
    case 'commitment-accepted':
    case 'commitment-signed':
    case 'commitment-amended':
    case 'decrease-requested':
    case 'capital-call-issued':
    case 'capital-call-paid':
    case 'distribution-paid':
    case 'commitment-cancelled':
    case 'contribution-recorded':
    case 'yearly-submitted':
    case 'capacity-installed':
    case 'capacity-retired':
    case 'quota-policy-adopted':
    case 'operations-started':
    case 'entitlement-set':
    case 'access-time-donated':
    case 'ownership-transferred':
    case 'preferential-access-set':
    case 'access-call-opened':
    case 'call-hours-granted':
    case 'call-hours-returned':
    case 'eligibility-confirmed':
    case 'report-published':
    case 'replay-attested':
    case 'corrective-action-decided':
    case 'personal-data-erased':
      return;
    default:
      return unknownToReport(event);
  }
}
