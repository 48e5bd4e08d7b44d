import { allocationOf, facility, registered, type RegisteredFacility } from '../compute/facility.js';
import { preparedLedgerCommand } from '../ledger/ledger-command.js';
import { unknown } from '../ledger/refusal.js';
import type { Transaction } from '../ledger/transaction.js';
import { AllocationPlaces } from './allocation-places.queries.js';
import { FLAGS_EXPLAINED_MAX, ReportUsageDto, type UsageRecordDto } from './usage.dto.js';
import { reportUsage, usage, type FlaggedUsage, type ReportedUsage, type Usage } from './usage.js';

/** Records of usage contain only allocations, so their facilities are looked up before the decision. */
export const ReportUsage = preparedLedgerCommand(
  {
    body: ReportUsageDto,
    uses: AllocationPlaces,
    refusals: [
      'not-own',
      'position-not-reached',
      'stale-revision',
      'unknown-allocation',
      'unknown-facility',
      'usage-in-future',
      'usage-interval-out-of-order',
    ],
  },
  async (places, { body: { records } }) => {
    const facilityOf = await places.facilitiesOf(records.map(({ allocationId }) => allocationId));
    return { decide: (tx) => reportOn(tx, records, facilityOf) };
  },
);

function reportOn(tx: Transaction, records: readonly UsageRecordDto[], facilityOf: ReadonlyMap<string, string>) {
  const flagged: FlaggedUsage[] = [];
  for (const [facilityId, own] of byFacility(records, facilityOf)) {
    const at = ownFacility(tx, facilityId);
    const reported = reportUsage(openReports(tx, facilityId), facilityId, withAllocations(at, own), tx.now);
    tx.append(usage, facilityId, reported.events);
    flagged.push(...reported.flagged);
  }
  const flags = flagged.sort((a, b) => a.index - b.index).slice(0, FLAGS_EXPLAINED_MAX);
  return { records: records.length, flagged: flagged.length, flags };
}

/** A record with its index in the request. */
type Entry = readonly [index: number, record: UsageRecordDto];

/** @throws Refusal `unknown-allocation` (404), inside the command, so that the refusal is recorded as its answer. */
function byFacility(records: readonly UsageRecordDto[], facilityOf: ReadonlyMap<string, string>): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of records.entries()) {
    const [, { allocationId }] = entry;
    const facilityId = facilityOf.get(allocationId);
    if (facilityId === undefined) throw unknown('allocation', allocationId);
    const group = groups.get(facilityId);
    if (group) group.push(entry);
    else groups.set(facilityId, [entry]);
  }
  return groups;
}

function withAllocations(at: RegisteredFacility, entries: readonly Entry[]): ReportedUsage[] {
  return entries.map(([index, { allocationId, from, to, chipHours }]) => {
    const allocation = allocationOf(at, allocationId);
    if (!allocation) throw unknown('allocation', allocationId);
    return { allocation, from, to, chipHours, index };
  });
}

/** A credential that is bound to a partner reports only on facilities that this partner operates. */
function ownFacility(tx: Transaction, facilityId: string): RegisteredFacility {
  const at = registered(tx.existing(facility, facilityId));
  tx.requireOwn(at.operatorPartnerId);
  return at;
}

/** The stream of reports on a facility. The first report creates it. */
function openReports(tx: Transaction, facilityId: string): Usage {
  if (usage.exists(tx.get(usage, facilityId))) tx.isAbout(usage, facilityId);
  else tx.create(usage, facilityId);
  return tx.get(usage, facilityId);
}
