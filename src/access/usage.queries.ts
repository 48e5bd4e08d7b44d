import type { Mode } from '../domain/access-modes.js';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal } from '../ledger/command-context.js';
import type { Category } from '../partners/partner.js';
import { ReadModel, type Page, type Reading, is } from '../http/read-model.js';

import { ownRows } from './own-rows.queries.js';
import type { AllocationUsageDto, ListUsageDto } from './usage.dto.js';

export class ListUsage extends Query<Reading<Page<AllocationUsageDto>>> {
  constructor(
    readonly reader: Principal,
    readonly query: ListUsageDto,
  ) {
    super();
  }
}

const COLUMNS = `*, chips * extract(epoch from allocated_to - allocated_from) / 3600 as chip_hours_allocated`;

@QueryHandler(ListUsage)
export class ListUsageHandler implements IQueryHandler<ListUsage> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, query }: ListUsage): Promise<Reading<Page<AllocationUsageDto>>> {
    const { limit, cursor, facilityId, partnerId, grantId, category } = query;
    const { from, own } = ownRows('allocation_usage', 'used', reader);
    return this.rows.list({
      projection: 'access',
      from,
      columns: COLUMNS,
      filters: { facilityId, partnerId, grantId, category },
      limit,
      cursor,
      where: (filters) => [
        own,
        is('facility_id', filters['facilityId']),
        is('partner_id', filters['partnerId']),
        is('grant_id', filters['grantId']),
        is('category', filters['category']),
      ],
      map: toUsage,
    });
  }
}

interface UsageRow {
  readonly id: string;
  readonly facility_id: string;
  readonly grant_id: string;
  readonly partner_id: string;
  readonly category: Category;
  readonly mode: Mode;
  readonly chip_model: string;
  readonly chips: number;
  readonly allocated_from: string;
  readonly allocated_to: string;
  readonly chip_hours_allocated: string;
  readonly chip_hours_used: string;
  readonly records: number;
  readonly records_flagged: number;
  readonly used_from: string | null;
  readonly used_to: string | null;
}

function toUsage(record: object): AllocationUsageDto {
  const row = record as UsageRow;
  return {
    id: row.id,
    facilityId: row.facility_id,
    grantId: row.grant_id,
    partnerId: row.partner_id,
    category: row.category,
    mode: row.mode,
    chipModel: row.chip_model,
    chips: row.chips,
    from: row.allocated_from,
    to: row.allocated_to,
    chipHoursAllocated: Number(row.chip_hours_allocated),
    chipHoursUsed: Number(row.chip_hours_used),
    records: row.records,
    recordsFlagged: row.records_flagged,
    usedFrom: row.used_from,
    usedTo: row.used_to,
  };
}

export const usageQueryHandlers = [ListUsageHandler];
