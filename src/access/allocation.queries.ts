import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal } from '../ledger/command-context.js';
import { NAME_OF, ReadModel, duringDays, is, type Columns, type Page, type Reading } from '../http/read-model.js';
import { rowsFor } from '../http/visibility.js';
import type { AllocationDto, ListAllocationsDto } from './allocation-read.dto.js';
import { SITE_ROWS } from './site-rows.js';

export class ListAllocations extends Query<Reading<Page<AllocationDto>>> {
  constructor(
    readonly reader: Principal,
    readonly query: ListAllocationsDto,
  ) {
    super();
  }
}

const ALLOCATIONS = { table: 'allocations', name: 'allocations', belongs: SITE_ROWS } as const;

const COLUMNS: Columns<AllocationDto> = {
  id: 'id',
  facilityId: 'facility_id',
  facilityName: NAME_OF.facility('allocations.facility_id'),
  grantId: 'grant_id',
  partnerId: 'partner_id',
  partnerName: NAME_OF.partner('allocations.partner_id'),
  category: 'category',
  country: 'country',
  mode: 'mode',
  chipModel: 'chip_model',
  chips: 'chips',
  from: 'starts_at',
  to: 'ends_at',
  releasedAt: 'released_at',
  releaseReason: 'release_reason',
};

@QueryHandler(ListAllocations)
class ListAllocationsHandler implements IQueryHandler<ListAllocations> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, query }: ListAllocations): Promise<Reading<Page<AllocationDto>>> {
    const { limit, cursor, facilityId, partnerId, grantId, from, to } = query;
    return this.rows.list({
      projection: 'compute',
      rows: rowsFor(reader, ALLOCATIONS),
      columns: COLUMNS,
      filters: { facilityId, partnerId, grantId, from, to },
      limit,
      cursor,
      where: (filters) => [
        is('facility_id', filters['facilityId']),
        is('partner_id', filters['partnerId']),
        is('grant_id', filters['grantId']),
        // An allocation that was released as a whole holds on no day.
        ...duringDays('nullif(starts_at, ends_at)', 'nullif(ends_at, starts_at)', filters),
      ],
    });
  }
}

export const allocationQueryHandlers = [ListAllocationsHandler];
