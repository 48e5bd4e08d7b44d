import { idOf } from '../../ledger/aggregate.js';
import { recordedSchema } from '../../ledger/event.js';
import { MS_PER_HOUR } from '../../ledger/time.js';
import type { Findings } from '../audit-finding.js';
import { CLOCKS_APART_MS_MAX } from './clocks.js';
import { notCovered, type EventOf, type TypeOf } from './coverage.js';
import { Partitions } from './partitions.js';
import { dataOf, Facts, runCheck, only, Violation, type Rule } from './rule.js';

type AllocationRow = readonly [
  allocationId: string,
  position: number,
  stream: string,
  type: TypeOf<'allocations'>,
  facilityId: string,
  schema: number,
  recordedAt: string,
  ...members: unknown[],
];

/** Members that the events of an allocation repeat, and the part of these members that usage repeats. */
const DESCRIBED = ['grantId', 'partnerId', 'category', 'country', 'mode', 'chipModel', 'chips', 'protection', 'use'];
/** Members that a pool that is assigned later adds. */
const POOLED = ['poolId', 'unitThousandths'];
const REPEATED = [...DESCRIBED, ...POOLED];
const REPEATED_BY_USAGE = ['grantId', 'partnerId', 'category', 'country', 'mode', 'poolId'];

const WANTED = [...REPEATED, 'from', 'to', 'at', 'chipHours', 'flag'];

/** A report has the flag `exceeds-interval` from this schema on. */
const INTERVAL_SINCE_SCHEMA = 2;
/** A report holds no use that had not begun from this schema on. */
const BEGUN_SINCE_SCHEMA = 3;
/** A day that has begun anywhere ends at most this long after it was reported. */
const REPORTED_AHEAD_HOURS_MAX = 24;

/** The records of an allocation since the last one that did not overlap the records before it. */
interface OverlappingUse {
  readonly begin: number;
  readonly end: number;
  readonly chipHours: bigint;
  readonly records: bigint;
}

interface Allocation {
  readonly facilityId: string;
  data: Readonly<Record<string, unknown>>;
  readonly chips: number;
  readonly from: number;
  /** Every release sets an earlier end. */
  to: number;
  usedChipHours: bigint;
  overlapping: OverlappingUse | undefined;
}

/** The life of every allocation, from one event to the next. */
export class AllocationRule implements Rule<'allocations'> {
  readonly check = 'allocations';
  readonly statement =
    'Every allocation is made once, a release takes what is left of it and nothing else, and usage beyond what was allocated, or ' +
    'beyond what the chips give in its time, is flagged. No use is of a day that had not begun when it was reported.';
  private readonly rows = new Partitions<AllocationRow>();

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'allocations'>): void {
    const { position, stream, type, recordedAt } = event;
    runCheck(this.check, this.findings, () => {
      const facts = Facts.of(event);
      const schema = recordedSchema(event);
      if (type !== 'usage-reported') {
        const id = facts.text('allocationId');
        const facilityId = idOf(stream, 'facility');
        this.rows.add(id, [id, position, stream, type, facilityId, schema, recordedAt, ...only(facts.data, WANTED)]);
        return;
      }
      const facilityId = facts.text('facilityId');
      facts.require(facilityId === idOf(stream, 'usage'), 'The report is of another facility than its stream.');
      for (const used of facts.records('records')) {
        const id = used.text('allocationId');
        this.rows.add(id, [id, position, stream, type, facilityId, schema, recordedAt, ...only(used.data, WANTED)]);
      }
    });
  }

  finish(): void {
    for (const rows of this.rows) {
      const allocations = new Map<string, Allocation>();
      for (const row of rows) {
        const [, position, stream, type, , , , ...members] = row;
        const facts = new Facts({ position, stream, type }, dataOf(WANTED, members));
        runCheck(this.check, this.findings, () => apply(allocations, row, facts));
      }
    }
  }

  close(): void {
    this.rows.close();
  }
}

function apply(allocations: Map<string, Allocation>, row: AllocationRow, facts: Facts): void {
  const [id, , , type, facilityId, schema, recordedAt] = row;
  const allocation = allocations.get(id);
  switch (type) {
    case 'chips-allocated': {
      facts.require(allocation === undefined, 'The allocation is made a second time.');
      const [chips, from, to] = [facts.count('chips'), facts.instant('from'), facts.instant('to')];
      facts.require(chips > 0, 'No chips are allocated.');
      allocations.set(id, { facilityId, data: facts.data, chips, from, to, usedChipHours: 0n, overlapping: undefined });
      return;
    }
    case 'allocation-released':
      return release(named(allocation, id, facilityId, REPEATED, facts), facts);
    case 'pool-assigned':
      return assignPool(named(allocation, id, facilityId, DESCRIBED, facts), facts);
    case 'usage-reported':
      if (schema >= BEGUN_SINCE_SCHEMA) requireBegun(facts, recordedAt);
      return use(named(allocation, id, facilityId, REPEATED_BY_USAGE, facts), schema, facts);
    default:
      notCovered(type);
  }
}

/** The allocation that an event names, once the members that the event repeats are compared with it. */
function named(
  allocation: Allocation | undefined,
  id: string,
  facilityId: string,
  repeated: readonly string[],
  facts: Facts,
): Allocation {
  if (allocation === undefined) throw new Violation(facts.place, `The allocation ${id} was never made.`);
  facts.requireSame(facilityId, allocation.facilityId, 'The allocation is at another facility.');
  for (const name of repeated) {
    const expected = allocation.data[name];
    facts.requireSame(facts.data[name], expected, `${name} is not that of the allocation.`);
  }
  return allocation;
}

/** An allocation without a pool gets one, once, for the time that is left of it. */
function assignPool(allocation: Allocation, facts: Facts): void {
  facts.require(allocation.data['poolId'] === undefined, 'The allocation has a pool already.');
  requireCurrent(allocation, facts, 'The pool is assigned for another interval than is left.');
  allocation.data = { ...allocation.data, ...Object.fromEntries(POOLED.map((name) => [name, facts.data[name]])) };
}

function release(allocation: Allocation, facts: Facts): void {
  const [from, to, at] = [facts.instant('from'), facts.instant('to'), facts.instant('at')];
  requireCurrent(allocation, facts, 'The release names another interval than is left.');
  facts.require(at < to, 'What is released is over already.', `before ${facts.text('to')}`, facts.text('at'));
  allocation.to = Math.max(from, at);
}

function requireCurrent(allocation: Allocation, facts: Facts, message: string): void {
  const [from, to] = [facts.instant('from'), facts.instant('to')];
  if (from === allocation.from && to === allocation.to) return;
  const expected = [allocation.from, allocation.to].map((ms) => new Date(ms).toISOString()).join(' to ');
  facts.require(false, message, expected, `${facts.text('from')} to ${facts.text('to')}`);
}

function use(allocation: Allocation, schema: number, facts: Facts): void {
  const [from, to, chipHours] = [facts.instant('from'), facts.instant('to'), BigInt(facts.count('chipHours'))];
  facts.require(from < to, 'The use ends before it begins.');
  allocation.usedChipHours += chipHours;
  const record = { begin: from, end: to, chipHours, records: 1n };
  allocation.overlapping = joined(allocation.overlapping, record);
  const isBeyond =
    allocation.usedChipHours * BigInt(MS_PER_HOUR) > BigInt(allocation.chips) * BigInt(allocation.to - allocation.from);
  const isImpossible =
    schema >= INTERVAL_SINCE_SCHEMA &&
    [record, allocation.overlapping].some((uses) => !canGive(allocation.chips, uses));
  const isOutside = from < allocation.from || to > allocation.to;
  const expected = isBeyond
    ? 'exceeds-allocation'
    : isImpossible
      ? 'exceeds-interval'
      : isOutside
        ? 'outside-allocation'
        : undefined;
  const found = facts.optional('flag');
  facts.require(
    found === expected,
    'The use is not flagged as it should be.',
    expected ?? 'no flag',
    found ?? 'no flag',
  );
}

function requireBegun(facts: Facts, recordedAt: string): void {
  const latestFrom = Date.parse(recordedAt) + CLOCKS_APART_MS_MAX;
  const latestTo = latestFrom + REPORTED_AHEAD_HOURS_MAX * MS_PER_HOUR;
  for (const [name, latest] of [
    ['from', latestFrom],
    ['to', latestTo],
  ] as const) {
    facts.require(
      facts.instant(name) <= latest,
      'The use is of a day that had not begun when it was reported.',
      `${name} at ${new Date(latest).toISOString()} or earlier`,
      facts.text(name),
    );
  }
}

function joined(before: OverlappingUse | undefined, record: OverlappingUse): OverlappingUse {
  if (before === undefined || record.end <= before.begin || before.end <= record.begin) return record;
  return {
    begin: Math.min(before.begin, record.begin),
    end: Math.max(before.end, record.end),
    chipHours: before.chipHours + record.chipHours,
    records: before.records + record.records,
  };
}

/** In half chip-hours: a record of whole chip-hours may be rounded up by one of them. */
function canGive(chips: number, { begin, end, chipHours, records }: OverlappingUse): boolean {
  const halfHour = BigInt(MS_PER_HOUR / 2);
  return (2n * chipHours - records) * halfHour <= BigInt(chips) * BigInt(end - begin);
}
