import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal } from '../ledger/command-context.js';
import { ReadModel, is, onDays, type Columns, type Page, type Reading } from '../http/read-model.js';
import { rowsFor } from '../http/visibility.js';
import { APPLICATION_COLUMNS } from './access-request.queries.js';
import type { GrantDto, ListGrantsDto } from './access-request-read.dto.js';
import { SITE_ROWS } from './site-rows.js';

export class GetGrant extends Query<Reading<GrantDto>> {
  constructor(
    readonly reader: Principal,
    readonly id: string,
  ) {
    super();
  }
}

export class ListGrants extends Query<Reading<Page<GrantDto>>> {
  constructor(
    readonly reader: Principal,
    readonly query: ListGrantsDto,
  ) {
    super();
  }
}

/**
 * Granted requests in the order of the grants. In the order of the requests, a reader who pages would miss late
 * decisions.
 */
const GRANTS = {
  table: `(
    select id, revision, granted_position as created_position, call_id, facility_id, operator_partner_id,
      host_state_partner_id, mode, partner_id, ultimate_parent_id, category, country, sector, submitted_at,
      chip_hours_requested, illustrative, status, chip_hours_granted, price_basis, free_reason,
      free_evidence_ref, funding, seal_of_excellence_ref, access_use, access_class, pool_id, reason_codes, valid_from, valid_to,
      decided_at, revoked_at, revocation_reason_codes
    from access_requests where granted_position is not null
  )`,
  name: 'grants',
  belongs: SITE_ROWS,
} as const;

const COLUMNS: Columns<GrantDto> = {
  ...APPLICATION_COLUMNS,
  status: 'status',
  chipHours: 'chip_hours_granted',
  priceBasis: 'price_basis',
  freeReason: 'free_reason',
  freeEvidenceRef: 'free_evidence_ref',
  funding: 'funding',
  sealOfExcellenceRef: 'seal_of_excellence_ref',
  use: 'access_use',
  class: 'access_class',
  poolId: 'pool_id',
  reasonCodes: 'reason_codes',
  validFrom: 'valid_from',
  validTo: 'valid_to',
  decidedAt: 'decided_at',
  revokedAt: 'revoked_at',
  revocationReasonCodes: 'revocation_reason_codes',
  chipHoursAllocated: usageOf('chips * extract(epoch from allocated_to - allocated_from) / 3600'),
  chipHoursUsed: usageOf('chip_hours_used'),
};

/** Sum over the allocations of a grant, as a double, because JSON numbers are doubles. */
function usageOf(hours: string): string {
  return `(select coalesce(sum(${hours}), 0)::float8 from allocation_usage u where u.grant_id = grants.id)`;
}

@QueryHandler(GetGrant)
class GetGrantHandler implements IQueryHandler<GetGrant> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, id }: GetGrant): Promise<Reading<GrantDto>> {
    return this.rows.one({
      projection: 'access',
      what: 'grant',
      rows: rowsFor(reader, GRANTS),
      columns: COLUMNS,
      id,
    });
  }
}

@QueryHandler(ListGrants)
class ListGrantsHandler implements IQueryHandler<ListGrants> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, query }: ListGrants): Promise<Reading<Page<GrantDto>>> {
    const {
      limit,
      cursor,
      callId,
      partnerId,
      facilityId,
      mode,
      category,
      status,
      priceBasis,
      freeReason,
      pool,
      from,
      to,
    } = query;
    return this.rows.list({
      projection: 'access',
      rows: rowsFor(reader, GRANTS),
      columns: COLUMNS,
      filters: { callId, partnerId, facilityId, mode, category, status, priceBasis, freeReason, pool, from, to },
      limit,
      cursor,
      where: (filters) => [
        is('call_id', filters['callId']),
        is('partner_id', filters['partnerId']),
        is('facility_id', filters['facilityId']),
        is('category', filters['category']),
        is('status', filters['status']),
        is('mode', filters['mode']),
        is('price_basis', filters['priceBasis']),
        is('free_reason', filters['freeReason']),
        is('pool_id', filters['pool']),
        ...onDays('decided_at', filters, 'instant'),
      ],
    });
  }
}

export const grantQueryHandlers = [GetGrantHandler, ListGrantsHandler];
