import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal } from '../ledger/command-context.js';
import { NAME_OF, ReadModel, duringDays, is, type Columns, type Page, type Reading } from '../http/read-model.js';
import { rowsFor } from '../http/visibility.js';
import { SITE_ROWS } from './site-rows.js';
import type { AllocationUsageDto, ListUsageDto } from './usage.dto.js';

export class ListUsage extends Query<Reading<Page<AllocationUsageDto>>> {
  constructor(
    readonly reader: Principal,
    readonly query: ListUsageDto,
  ) {
    super();
  }
}

const USAGE = { table: 'allocation_usage', name: 'used', belongs: SITE_ROWS } as const;

const COLUMNS: Columns<AllocationUsageDto> = {
  id: 'id',
  facilityId: 'facility_id',
  facilityName: NAME_OF.facility('used.facility_id'),
  grantId: 'grant_id',
  partnerId: 'partner_id',
  partnerName: NAME_OF.partner('used.partner_id'),
  category: 'category',
  mode: 'mode',
  chipModel: 'chip_model',
  chips: 'chips',
  from: 'allocated_from',
  to: 'allocated_to',
  // As doubles, because JSON numbers are doubles.
  chipHoursAllocated: '(chips * extract(epoch from allocated_to - allocated_from) / 3600)::float8',
  chipHoursUsed: 'chip_hours_used::float8',
  records: 'records',
  recordsFlagged: 'records_flagged',
  usedFrom: 'used_from',
  usedTo: 'used_to',
};

@QueryHandler(ListUsage)
class ListUsageHandler implements IQueryHandler<ListUsage> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, query }: ListUsage): Promise<Reading<Page<AllocationUsageDto>>> {
    const { limit, cursor, facilityId, partnerId, grantId, category, from, to } = query;
    return this.rows.list({
      projection: 'access',
      rows: rowsFor(reader, USAGE),
      columns: COLUMNS,
      filters: { facilityId, partnerId, grantId, category, from, to },
      limit,
      cursor,
      where: (filters) => [
        is('facility_id', filters['facilityId']),
        is('partner_id', filters['partnerId']),
        is('grant_id', filters['grantId']),
        is('category', filters['category']),
        // An allocation that was released as a whole holds on no day.
        ...duringDays('nullif(allocated_from, allocated_to)', 'nullif(allocated_to, allocated_from)', filters),
      ],
    });
  }
}

export const usageQueryHandlers = [ListUsageHandler];
