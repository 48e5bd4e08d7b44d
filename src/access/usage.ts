import { Map as PersistentMap } from 'immutable';
import type { Mode } from '../domain/access-modes.js';
import { chipMsOf, type Allocation } from '../compute/facility.js';
import { unknownType, type DomainEvent, type Aggregate } from '../ledger/aggregate.js';
import { invalid } from '../ledger/refusal.js';
import { MS_PER_HOUR, formatInstant, parseInstant } from '../ledger/time.js';
import type { Category } from '../partners/partner.js';

/** The reason why a record is unusual. The record is accepted, because the use has happened. */
export type UsageFlag =
  /** With this record, the use exceeds the chip-hours of the allocation: its chips times its hours. */
  | 'exceeds-allocation'
  /** The interval of the record is not inside the interval of the allocation. */
  | 'outside-allocation';

export interface UsageRecord {
  readonly allocationId: string;
  readonly grantId: string;
  readonly partnerId: string;
  readonly category: Category;
  readonly country: string;
  readonly mode: Mode;
  readonly from: string;
  readonly to: string;
  readonly chipHours: number;
  readonly flag?: UsageFlag;
}

export interface UsageReported extends DomainEvent {
  readonly type: 'usage-reported';
  readonly data: { readonly facilityId: string; readonly records: readonly UsageRecord[] };
}
export type UsageEvent = UsageReported;

/**
 * The use of one facility. Each facility has its own stream, so that its reports do not wait for reports on other
 * facilities.
 */
export interface Usage {
  readonly status: 'absent' | 'reported';
  /** A persistent map: a report on one allocation must not copy the totals of a hundred thousand others. */
  readonly chipHoursByAllocation: PersistentMap<string, bigint>;
}

export const usage: Aggregate<Usage, UsageEvent> = {
  name: 'usage',
  initial: { status: 'absent', chipHoursByAllocation: PersistentMap() },
  events: {
    'usage-reported': {
      schema: 1,
      says: ({ data }) => `Facility ${data.facilityId} reported ${data.records.length} records of usage.`,
    },
  },
  exists: (state) => state.status !== 'absent',
  evolve(state, event) {
    switch (event.type) {
      case 'usage-reported':
        return {
          status: 'reported',
          chipHoursByAllocation: state.chipHoursByAllocation.withMutations((totals) => {
            for (const { allocationId, chipHours } of event.data.records) {
              totals.set(allocationId, (totals.get(allocationId) ?? 0n) + BigInt(chipHours));
            }
          }),
        };
      default:
        return unknownType('usage', event.type);
    }
  },
};

export interface ReportedUsage {
  /** The allocation in its current state, after a release. */
  readonly allocation: Allocation;
  readonly from: string;
  readonly to: string;
  readonly chipHours: number;
  /** Index in the request, for the pointer of an error. */
  readonly index: number;
}

/** A record takes at most 350 bytes, so an event stays below 53,000 bytes. The limit is 60,000. */
export const RECORDS_PER_EVENT_MAX = 150;

/**
 * Records the use of one facility, in as many events as the records need.
 * @throws Refusal `usage-interval-out-of-order` (422).
 */
export function reportUsage(state: Usage, facilityId: string, reported: readonly ReportedUsage[]): UsageReported[] {
  const totals = new Map<string, bigint>();
  const records = reported.map((report) => {
    const { allocationId } = report.allocation;
    const before = totals.get(allocationId) ?? state.chipHoursByAllocation.get(allocationId) ?? 0n;
    const total = before + BigInt(report.chipHours);
    totals.set(allocationId, total);
    return recordOf(report, total);
  });
  const events: UsageReported[] = [];
  for (let start = 0; start < records.length; start += RECORDS_PER_EVENT_MAX) {
    const data = { facilityId, records: records.slice(start, start + RECORDS_PER_EVENT_MAX) };
    events.push({ type: 'usage-reported', data });
  }
  return events;
}

function recordOf(report: ReportedUsage, totalChipHours: bigint): UsageRecord {
  const fromMs = parseInstant(report.from);
  const toMs = parseInstant(report.to);
  const from = formatInstant(fromMs);
  const to = formatInstant(toMs);
  if (fromMs >= toMs) {
    throw invalid(
      'usage-interval-out-of-order',
      `/records/${report.index}/to`,
      `The interval would end at ${to}, which is not after it begins at ${from}. Give a later end.`,
      { index: report.index, from, to },
    );
  }
  const { allocation, chipHours } = report;
  const { allocationId, grantId, partnerId, category, country, mode } = allocation;
  const record = { allocationId, grantId, partnerId, category, country, mode, from, to, chipHours };
  const flag = flagOf(allocation, fromMs, toMs, totalChipHours);
  return flag === undefined ? record : { ...record, flag };
}

/**
 * A record has one flag. Use beyond the chip-hours takes precedence over use at the wrong time, because reports add up
 * the totals.
 */
function flagOf(allocation: Allocation, fromMs: number, toMs: number, total: bigint): UsageFlag | undefined {
  // In chip-milliseconds, so that parts of hours are exact.
  const allocatedChipMs = chipMsOf(allocation.chips, allocation.from, allocation.to);
  if (total * BigInt(MS_PER_HOUR) > allocatedChipMs) return 'exceeds-allocation';
  return fromMs < allocation.from || toMs > allocation.to ? 'outside-allocation' : undefined;
}
