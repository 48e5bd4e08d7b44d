import type { AllocationDto, ListAllocationsDto } from './allocation-read.dto.js';
import type { Mode } from '../domain/access-modes.js';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';

import type { Principal } from '../ledger/command-context.js';
import type { Category } from '../partners/partner.js';
import { ReadModel, is, type Page, type Reading } from '../http/read-model.js';

export class ListAllocations extends Query<Reading<Page<AllocationDto>>> {
  constructor(
    readonly reader: Principal,
    readonly query: ListAllocationsDto,
  ) {
    super();
  }
}

/**
 * Each allocation once for everyone whom it concerns: the partner whose it is and the operator of the facility. Two
 * branches and no "or", so that a condition on the viewer finds an index in each.
 */
const ALLOCATIONS_BY_VIEWER = `(
  select *, partner_id as viewer_id from allocations
  union all
  select *, operator_partner_id from allocations where operator_partner_id is distinct from partner_id
) as allocations`;

@QueryHandler(ListAllocations)
export class ListAllocationsHandler implements IQueryHandler<ListAllocations> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, query }: ListAllocations): Promise<Reading<Page<AllocationDto>>> {
    const { limit, cursor, facilityId, partnerId, grantId } = query;
    return this.rows.list({
      projection: 'compute',
      from: reader.partnerId === undefined ? 'allocations' : ALLOCATIONS_BY_VIEWER,
      columns: '*',
      filters: { facilityId, partnerId, grantId },
      limit,
      cursor,
      where: (filters) => [
        is('viewer_id', reader.partnerId),
        is('facility_id', filters['facilityId']),
        is('partner_id', filters['partnerId']),
        is('grant_id', filters['grantId']),
      ],
      map: toAllocation,
    });
  }
}

interface AllocationRow {
  readonly id: string;
  readonly facility_id: string;
  readonly grant_id: string;
  readonly partner_id: string;
  readonly category: Category;
  readonly country: string;
  readonly mode: Mode;
  readonly chip_model: string;
  readonly chips: number;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly released_at: string | null;
  readonly release_reason: string | null;
}

function toAllocation(record: object): AllocationDto {
  const row = record as AllocationRow;
  return {
    id: row.id,
    facilityId: row.facility_id,
    grantId: row.grant_id,
    partnerId: row.partner_id,
    category: row.category,
    country: row.country,
    mode: row.mode,
    chipModel: row.chip_model,
    chips: row.chips,
    from: row.starts_at,
    to: row.ends_at,
    releasedAt: row.released_at,
    releaseReason: row.release_reason,
  };
}

export const allocationQueryHandlers = [ListAllocationsHandler];
