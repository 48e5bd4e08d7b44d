import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { allocationOf, facility, registered, type RegisteredFacility } from '../compute/facility.js';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { Ledger } from '../ledger/ledger.js';
import { unknown } from '../ledger/refusal.js';
import type { Transaction } from '../ledger/transaction.js';
import { AllocationPlaces } from './allocation-places.queries.js';
import type { ReportUsageDto, UsageRecordDto } from './usage.dto.js';
import { reportUsage, usage, type ReportedUsage, type Usage, type UsageReported } from './usage.js';

export class ReportUsage extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly body: ReportUsageDto,
  ) {
    super();
  }
}

@CommandHandler(ReportUsage)
export class ReportUsageHandler implements ICommandHandler<ReportUsage> {
  constructor(
    private readonly ledger: Ledger,
    private readonly places: AllocationPlaces,
  ) {}

  async execute({ context, body: { records } }: ReportUsage): Promise<Answer> {
    const facilityOf = await this.places.facilitiesOf(records.map(({ allocationId }) => allocationId));
    return this.ledger.execute(context, (tx) => {
      const events: UsageReported[] = [];
      for (const [facilityId, own] of byFacility(records, facilityOf)) {
        const at = ownFacility(tx, facilityId);
        const reported = reportUsage(openReports(tx, facilityId), facilityId, withAllocations(at, own));
        tx.append(usage, facilityId, reported);
        events.push(...reported);
      }
      const recorded = events.flatMap(({ data }) => data.records);
      return { records: recorded.length, flagged: recorded.filter(({ flag }) => flag !== undefined).length };
    });
  }
}

/** A record with its place in the request. */
type Entry = readonly [index: number, record: UsageRecordDto];

/** @throws Refusal `unknown-allocation` (404): thrown inside the command, so that it is its recorded answer. */
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

/** A credential that is bound to a partner reports on the facilities that this partner operates. */
function ownFacility(tx: Transaction, facilityId: string): RegisteredFacility {
  const at = registered(tx.existing(facility, facilityId));
  tx.requireOwn(at.operatorPartnerId);
  return at;
}

/** The reports on a facility; their stream begins with the first. */
function openReports(tx: Transaction, facilityId: string): Usage {
  if (usage.exists(tx.get(usage, facilityId))) return tx.target(usage, facilityId);
  tx.create(usage, facilityId);
  return tx.get(usage, facilityId);
}

export const usageCommandHandlers = [ReportUsageHandler];
