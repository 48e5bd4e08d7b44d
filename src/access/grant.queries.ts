import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal } from '../ledger/command-context.js';
import { ReadModel, type Page, type Reading, is } from '../http/read-model.js';
import { toApplication, type ApplicationRow } from './access-request.queries.js';
import type { GrantDto, GrantStatus, ListGrantsDto } from './access-request-read.dto.js';
import type { PriceBasis } from './access-request.js';
import { ownRows } from './own-rows.queries.js';

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

/** Requests that were granted, in the order of the grants: in that of the requests a reader would miss late decisions. */
const GRANTS = `(
  select id, revision, granted_position as created_position, call_id, facility_id, operator_partner_id, mode, partner_id,
    ultimate_parent_id, category, country, sector, submitted_at, chip_hours_requested, illustrative, status,
    chip_hours_granted, price_basis, reason_codes, valid_from, valid_to, decided_at, revoked_at, revocation_reason_codes
  from access_requests where granted_position is not null
)`;
const COLUMNS = `grants.*,
  (select coalesce(sum(chips * extract(epoch from allocated_to - allocated_from) / 3600), 0)
   from allocation_usage u where u.grant_id = grants.id) as chip_hours_allocated,
  (select coalesce(sum(chip_hours_used), 0) from allocation_usage u where u.grant_id = grants.id) as chip_hours_used`;

@QueryHandler(GetGrant)
export class GetGrantHandler implements IQueryHandler<GetGrant> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, id }: GetGrant): Promise<Reading<GrantDto>> {
    const { from, own } = ownRows(GRANTS, 'grants', reader);
    return this.rows.one({
      projection: 'access',
      what: 'grant',
      from,
      columns: COLUMNS,
      id,
      where: [own],
      map: toGrant,
    });
  }
}

@QueryHandler(ListGrants)
export class ListGrantsHandler implements IQueryHandler<ListGrants> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, query }: ListGrants): Promise<Reading<Page<GrantDto>>> {
    const { limit, cursor, callId, partnerId, facilityId, category, status } = query;
    const { from, own } = ownRows(GRANTS, 'grants', reader);
    return this.rows.list({
      projection: 'access',
      from,
      columns: COLUMNS,
      filters: { callId, partnerId, facilityId, category, status },
      limit,
      cursor,
      where: (filters) => [
        own,
        is('call_id', filters['callId']),
        is('partner_id', filters['partnerId']),
        is('facility_id', filters['facilityId']),
        is('category', filters['category']),
        is('status', filters['status']),
      ],
      map: toGrant,
    });
  }
}

interface GrantRow extends ApplicationRow {
  readonly status: GrantStatus;
  readonly chip_hours_granted: number;
  readonly price_basis: PriceBasis;
  readonly reason_codes: string[];
  readonly valid_from: string;
  readonly valid_to: string;
  readonly decided_at: string;
  readonly revoked_at: string | null;
  readonly revocation_reason_codes: string[];
  readonly chip_hours_allocated: string;
  readonly chip_hours_used: string;
}

function toGrant(record: object): GrantDto {
  const row = record as GrantRow;
  return {
    ...toApplication(row),
    status: row.status,
    chipHours: row.chip_hours_granted,
    priceBasis: row.price_basis,
    reasonCodes: row.reason_codes,
    validFrom: row.valid_from,
    validTo: row.valid_to,
    decidedAt: row.decided_at,
    revokedAt: row.revoked_at,
    revocationReasonCodes: row.revocation_reason_codes,
    chipHoursAllocated: Number(row.chip_hours_allocated),
    chipHoursUsed: Number(row.chip_hours_used),
  };
}

export const grantQueryHandlers = [GetGrantHandler, ListGrantsHandler];
