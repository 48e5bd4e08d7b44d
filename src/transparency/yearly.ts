import { idOf } from '../ledger/aggregate.js';
import type { RecordedEvent } from '../ledger/event.js';
import { MS_PER_HOUR, parseInstant, type EpochMs } from '../ledger/time.js';
import { CATEGORIES } from '../partners/partner.js';
import { chipHours, chipMs, monthOf, releasedFrom, spreadOverMonths, type Month } from './chip-time.js';
import { unknownToReport, type LedgerEvent } from './ledger-event.js';
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
  'All access time that the ledger allocates. No event tells the part of the Union from that of the Participating States yet ' +
  '(Art. 12b(10) and (13)), so that the figures are not split by who gave the time.';

type Place = Pick<YearlyGroup, 'facilityId' | 'category' | 'country'>;
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
  private illustrative = false;
  private asOf: string | null = null;
  private position = 0;

  constructor(readonly year: number) {
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
      yearState: this.state(),
      methodVersion: YEARLY_METHOD_VERSION,
      position: this.position,
      treeSize: this.position,
      root: Buffer.from(root).toString('base64'),
      asOf: this.asOf,
      scope: SCOPE,
      illustrative: this.illustrative,
      definitions: YEARLY_FIGURES,
      rows: rows.filter((row) => depth(row) === 3),
      byFacility: rows.filter((row) => depth(row) === 1 && row.facilityId !== null),
      byCategory: rows.filter((row) => depth(row) === 1 && row.category !== null),
      byCountry: rows.filter((row) => depth(row) === 1 && row.country !== null),
      total,
    };
  }

  private count(event: LedgerEvent, position: number): void {
    switch (event.type) {
      case 'facility-registered':
        this.facilities.set(facilityOf(event), event.data.name);
        if (event.data.illustrative) this.illustrative = true;
        return;
      case 'access-request-submitted':
        if (event.data.illustrative) this.illustrative = true;
        if (!this.holds(event.data.submittedAt)) return;
        this.add(event.data, 'requestsSubmitted', 1n, position);
        this.add(event.data, 'chipHoursRequested', wholeHours(event.data.chipHoursRequested), position);
        return;
      case 'access-granted': {
        if (!this.holds(event.data.decidedAt)) return;
        const granted = wholeHours(event.data.chipHours);
        this.add(event.data, 'grantsDecided', 1n, position);
        this.add(event.data, 'chipHoursGranted', granted, position);
        if (event.data.priceBasis === 'free') this.add(event.data, 'chipHoursGrantedFree', granted, position);
        return;
      }
      case 'grant-revoked':
        if (this.holds(event.data.revokedAt)) this.add(event.data, 'grantsRevoked', 1n, position);
        return;
      case 'chips-allocated':
      case 'allocation-released': {
        const place = { ...event.data, facilityId: facilityOf(event) };
        const { chips, from, to } = event.data;
        const begin = event.type === 'allocation-released' ? releasedFrom(event.data) : parseInstant(from);
        const amount = this.withinYear(chips, begin, parseInstant(to));
        this.add(place, 'chipHoursAllocated', event.type === 'allocation-released' ? -amount : amount, position);
        return;
      }
      case 'usage-reported':
        for (const record of event.data.records) {
          const place = { ...record, facilityId: event.data.facilityId };
          const used = this.usedInYear(record.chipHours, parseInstant(record.from), parseInstant(record.to));
          this.add(place, 'chipHoursUsed', used, position);
          if (record.flag) this.add(place, 'chipHoursUsedFlagged', used, position);
        }
        return;
      default:
        return requireUncounted(event);
    }
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
  private add(place: Place, figure: YearlyFigureName, amount: bigint, position: number): void {
    if (amount === 0n) return;
    const { facilityId, category, country } = place;
    this.tally({ facilityId, category, country }, figure, amount, position);
    this.tally({ ...EVERYBODY, facilityId }, figure, amount, position);
    this.tally({ ...EVERYBODY, category }, figure, amount, position);
    this.tally({ ...EVERYBODY, country }, figure, amount, position);
    this.tally(EVERYBODY, figure, amount, position);
  }

  private tally(place: Place, figure: YearlyFigureName, amount: bigint, position: number): void {
    const key = `${place.facilityId ?? ''} ${place.category ?? ''} ${place.country ?? ''}`;
    let group = this.groups.get(key);
    if (!group) this.groups.set(key, (group = { place, tallies: new Map() }));
    let tally = group.tallies.get(figure);
    if (!tally) group.tallies.set(figure, (tally = { amount: 0n, positions: new Positions() }));
    tally.amount += amount;
    tally.positions.add(position);
  }

  private rowOf({ facilityId, category, country }: Place, tallies: ReadonlyMap<YearlyFigureName, Tally>): YearlyRow {
    const figures = YEARLY_FIGURE_NAMES.map((name): [YearlyFigureName, YearlyFigure] => {
      const { amount = 0n, positions } = tallies.get(name) ?? {};
      const value = YEARLY_FIGURES[name].unit === 'chip-hours' ? chipHours(amount) : Number(amount);
      return [name, { value, positions: positions?.ranges ?? [] }];
    });
    const facilityName = facilityId === null ? null : (this.facilities.get(facilityId) ?? '');
    return {
      facilityId,
      facilityName,
      category,
      country,
      figures: Object.fromEntries(figures) as YearlyRow['figures'],
    };
  }
}

const EVERYBODY: Place = { facilityId: null, category: null, country: null };

const wholeHours = (hours: number): bigint => chipMs(hours, 0, MS_PER_HOUR);
const facilityOf = ({ stream }: { readonly stream: string }): string => idOf(stream, 'facility');

/** The number of members, of facility, category and country, by which a row is split. */
const depth = ({ facilityId, category, country }: YearlyGroup): number =>
  [facilityId, category, country].filter((part) => part !== null).length;

/** Compares by facility (its name, then its id), category and country; by code unit, so that the order is the same on every machine. */
function compareRows(one: YearlyRow, other: YearlyRow): number {
  const keys = ({ facilityName, facilityId, category, country }: YearlyRow) => [
    facilityName ?? '',
    facilityId ?? '',
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
    case 'capital-call-issued':
    case 'capital-call-paid':
    case 'distribution-paid':
    case 'commitment-cancelled':
    case 'contribution-recorded':
    case 'capacity-installed':
    case 'capacity-retired':
    case 'quota-policy-adopted':
    case 'pool-assigned':
    case 'operations-started':
    case 'access-pool-defined':
    case 'entitlement-set':
    case 'access-time-donated':
    case 'ownership-transferred':
    case 'preferential-access-set':
    case 'access-call-opened':
    case 'call-hours-granted':
    case 'call-hours-returned':
    case 'access-request-withdrawn':
    case 'eligibility-confirmed':
    case 'eligibility-refused':
    case 'access-denied':
    case 'report-published':
    case 'replay-attested':
    case 'corrective-action-decided':
    case 'personal-data-erased':
      return;
    default:
      return unknownToReport(event);
  }
}
