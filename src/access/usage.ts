import { Map as PersistentMap } from 'immutable';
import { MODES } from '../domain/access-modes.js';
import { chipMsOf, type Allocation } from '../compute/facility.js';
import { unknownType, upcast, type DomainEvent, type Aggregate } from '../ledger/aggregate.js';
import { invalid } from '../ledger/refusal.js';
import { country } from '../domain/countries.js';
import { id, instant, list, object, oneOf, optional, whole, type ValueOf } from '../ledger/schema.js';
import { MS_PER_DAY, MS_PER_HOUR, formatInstant, parseInstant, type EpochMs } from '../ledger/time.js';
import { CATEGORIES } from '../partners/partner.js';

/** The reason why a record is unusual. The record is accepted, because the use has happened. */
export const USAGE_FLAGS = [
  /** With this record, the use exceeds the chip-hours of the allocation: its chips times its hours. */
  'exceeds-allocation',
  /**
   * The chips of the allocation do not give as many chip-hours in the interval of the record, or in that of this record and
   * the records directly before it that overlap. Since schema 2.
   */
  'exceeds-interval',
  /** The interval of the record is not inside the interval of the allocation. */
  'outside-allocation',
] as const;
export type UsageFlag = (typeof USAGE_FLAGS)[number];

const recordWith = <Flag extends UsageFlag>(flags: readonly Flag[], reasons: string) =>
  object({
    allocationId: id(),
    grantId: id(),
    partnerId: id(),
    category: oneOf(CATEGORIES, 'Category of the partner at the submission of its request.'),
    country: country(),
    mode: oneOf(MODES),
    from: instant(),
    to: instant('First instant after the use.'),
    chipHours: whole(),
    poolId: optional(id('The access pool whose hours the allocation uses.')),
    flag: optional(oneOf(flags, reasons)),
  });
const OF_ALLOCATION =
  'Why the record is unusual: with it the use exceeds the chip-hours of the allocation, or its interval is not inside the one of the ' +
  'allocation';
const record = recordWith(
  USAGE_FLAGS,
  `${OF_ALLOCATION}, or its chips do not give as many chip-hours in its interval.`,
);
export type UsageRecord = ValueOf<typeof record>;
const reported = object({ facilityId: id(), records: list(record) });
const reportedV1 = object({
  facilityId: id(),
  records: list(recordWith(['exceeds-allocation', 'outside-allocation'], `${OF_ALLOCATION}.`)),
});

export interface UsageReported extends DomainEvent {
  readonly type: 'usage-reported';
  readonly data: ValueOf<typeof reported>;
}
export type UsageEvent = UsageReported;

/**
 * The use of one facility. Each facility has its own stream, so that its reports do not wait for reports on other
 * facilities.
 */
export interface Usage {
  readonly status: 'absent' | 'reported';
  /** A persistent map: a report on one allocation must not copy the use of a hundred thousand others. */
  readonly byAllocation: PersistentMap<string, AllocationUse>;
}

/** The use of one allocation. */
export interface AllocationUse {
  readonly chipHours: bigint;
  readonly run: Run;
}

/**
 * The latest records of an allocation, as long as each overlaps the records before it. The state keeps this one run, so that its size
 * does not grow with the number of records: a record that repeats an earlier one is seen while no record of another time came
 * between.
 */
interface Run {
  /** The interval from the first begin to the last end. */
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly chipHours: bigint;
  readonly records: number;
}

export const usage: Aggregate<Usage, UsageEvent> = {
  name: 'usage',
  initial: { status: 'absent', byAllocation: PersistentMap() },
  events: {
    'usage-reported': {
      schema: 3,
      data: reported,
      concerns: ({ data }) => [...new Set(data.records.map(({ partnerId }) => partnerId))],
      says: ({ data }) => {
        const flagged = data.records.filter(({ flag }) => flag !== undefined).length;
        const some = flagged === 0 ? '' : `, ${flagged} of them with a flag`;
        return `Facility ${data.facilityId} reported ${data.records.length} records of usage${some}.`;
      },
      // Schema 2 has the shape of schema 1, and the flag `exceeds-interval`. Schema 3 has no use that had not begun: see `requireBegun`.
      upcasts: { 1: upcast(reportedV1, (data) => data), 2: upcast(reported, (data) => data) },
    },
  },
  exists: (state) => state.status !== 'absent',
  evolve(state, event) {
    switch (event.type) {
      case 'usage-reported':
        return {
          status: 'reported',
          byAllocation: state.byAllocation.withMutations((uses) => {
            for (const { allocationId, from, to, chipHours } of event.data.records) {
              const record = { from: parseInstant(from), to: parseInstant(to), chipHours: BigInt(chipHours) };
              uses.set(allocationId, withRecord(uses.get(allocationId), record));
            }
          }),
        };
      default:
        return unknownType('usage', event.type);
    }
  },
};

interface Interval {
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly chipHours: bigint;
}

function withRecord(use: AllocationUse | undefined, record: Interval): AllocationUse {
  if (use === undefined) return { chipHours: record.chipHours, run: { ...record, records: 1 } };
  const { run } = use;
  const overlaps = record.from < run.to && run.from < record.to;
  return {
    chipHours: use.chipHours + record.chipHours,
    run: overlaps
      ? {
          from: Math.min(run.from, record.from),
          to: Math.max(run.to, record.to),
          chipHours: run.chipHours + record.chipHours,
          records: run.records + 1,
        }
      : { ...record, records: 1 },
  };
}

export interface ReportedUsage {
  /** The allocation in its current state, after a release. */
  readonly allocation: Allocation;
  readonly from: string;
  readonly to: string;
  readonly chipHours: number;
  /** Index in the request, for the pointer of an error. */
  readonly index: number;
}

/**
 * How far after the decision a record may end. Sites report a running day as a whole, and a day that has begun in any time zone
 * ends at most 24 hours later.
 */
export const REPORTED_AHEAD_MS_MAX = MS_PER_DAY;

/** A record takes at most 350 bytes, so an event stays below 53,000 bytes. The limit is 60,000. */
export const RECORDS_PER_EVENT_MAX = 150;

/** Why a record has its flag. */
export interface FlaggedUsage {
  /** Index in the request. */
  readonly index: number;
  readonly allocationId: string;
  readonly flag: UsageFlag;
  /** The chip-hours that were compared, in the interval in which they were compared. */
  readonly chipHours: number;
  readonly from: string;
  readonly to: string;
  /** What the chips of the allocation give in that interval. */
  readonly chipHoursPossible: number;
  readonly detail: string;
}

/**
 * Records the use of one facility, in as many events as the records need.
 * @param now instant of the decision, RFC 3339
 * @returns the events, and why their records have flags
 * @throws Refusal `usage-interval-out-of-order`, `usage-in-future` (422).
 */
export function reportUsage(
  state: Usage,
  facilityId: string,
  reported: readonly ReportedUsage[],
  now: string,
): { events: UsageReported[]; flagged: FlaggedUsage[] } {
  const uses = new Map<string, AllocationUse>();
  const flagged: FlaggedUsage[] = [];
  const records = reported.map((report) => {
    const { allocation, index } = report;
    const { allocationId, grantId, partnerId, category, country, mode } = allocation;
    const interval = intervalOf(report);
    requireBegun(interval, index, now);
    const use = withRecord(uses.get(allocationId) ?? state.byAllocation.get(allocationId), interval);
    uses.set(allocationId, use);
    const [from, to] = [formatInstant(interval.from), formatInstant(interval.to)];
    const place = { allocationId, grantId, partnerId, category, country, mode, from, to, chipHours: report.chipHours };
    const record = { ...place, ...(allocation.poolId !== undefined && { poolId: allocation.poolId }) };
    const why = flagOf(allocation, interval, use);
    if (why === undefined) return record;
    flagged.push({ index, allocationId, ...why });
    return { ...record, flag: why.flag };
  });
  const events: UsageReported[] = [];
  for (let start = 0; start < records.length; start += RECORDS_PER_EVENT_MAX) {
    const data = { facilityId, records: records.slice(start, start + RECORDS_PER_EVENT_MAX) };
    events.push({ type: 'usage-reported', data });
  }
  return { events, flagged };
}

function intervalOf(report: ReportedUsage): Interval {
  const [from, to] = [parseInstant(report.from), parseInstant(report.to)];
  if (from < to) return { from, to, chipHours: BigInt(report.chipHours) };
  const facts = { index: report.index, from: formatInstant(from), to: formatInstant(to) };
  throw invalid(
    'usage-interval-out-of-order',
    `/records/${report.index}/to`,
    `The interval would end at ${facts.to}, which is not after it begins at ${facts.from}. Give a later end.`,
    facts,
  );
}

/** Use is a fact: a record of a day that has not begun anywhere is a plan or an error. */
function requireBegun({ from, to }: Interval, index: number, now: string): void {
  const latestTo = parseInstant(now) + REPORTED_AHEAD_MS_MAX;
  if (from <= parseInstant(now) && to <= latestTo) return;
  const facts = { index, from: formatInstant(from), to: formatInstant(to), now, latestTo: formatInstant(latestTo) };
  throw invalid(
    'usage-in-future',
    from > parseInstant(now) ? `/records/${index}/from` : `/records/${index}/to`,
    `The record is from ${facts.from} to ${facts.to}, and it is ${now}. Use is reported once it has begun, up to ${facts.latestTo} at most.`,
    facts,
  );
}

/**
 * A record has one flag. Use beyond the chip-hours takes precedence over use at the wrong time, because reports add up
 * the totals.
 */
function flagOf(
  allocation: Allocation,
  record: Interval,
  { chipHours, run }: AllocationUse,
): Omit<FlaggedUsage, 'index' | 'allocationId'> | undefined {
  const whole = { from: allocation.from, to: allocation.to, chipHours };
  // In chip-milliseconds, so that parts of hours are exact.
  if (chipHours * BigInt(MS_PER_HOUR) > chipMsOf(allocation.chips, allocation.from, allocation.to))
    return explained('exceeds-allocation', allocation, whole, 'are now reported for the allocation');
  if (isBeyondChips(allocation.chips, record, 1))
    return explained('exceeds-interval', allocation, record, 'are reported in the record');
  if (isBeyondChips(allocation.chips, run, run.records))
    return explained('exceeds-interval', allocation, run, `are reported in ${run.records} records that overlap,`);
  if (record.from >= allocation.from && record.to <= allocation.to) return undefined;
  const span = `from ${formatInstant(allocation.from)} to ${formatInstant(allocation.to)}`;
  const { detail, ...outside } = explained('outside-allocation', allocation, record, 'are reported');
  return { ...outside, detail: `${detail} The allocation is ${span}.` };
}

/** A record has whole chip-hours: rounding may add up to half a chip-hour to each record, which is no fault. */
function isBeyondChips(chips: number, { from, to, chipHours }: Interval, records: number): boolean {
  const roundedMs = BigInt(records) * BigInt(MS_PER_HOUR / 2);
  return chipHours * BigInt(MS_PER_HOUR) > chipMsOf(chips, from, to) + roundedMs;
}

function explained(
  flag: UsageFlag,
  { chips }: Allocation,
  interval: Interval,
  how: string,
): Omit<FlaggedUsage, 'index' | 'allocationId'> {
  const [from, to] = [formatInstant(interval.from), formatInstant(interval.to)];
  const chipHours = Number(interval.chipHours);
  // For the explanation only: decisions compare exact chip-milliseconds.
  const chipHoursPossible = Number(chipMsOf(chips, interval.from, interval.to)) / MS_PER_HOUR;
  const detail = `${chipHours} chip-hours ${how} from ${from} to ${to}; its ${chips} chips give ${chipHoursPossible} in that time.`;
  return { flag, chipHours, from, to, chipHoursPossible, detail };
}
