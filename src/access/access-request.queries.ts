import type { Mode } from '../domain/access-modes.js';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal, Role } from '../ledger/command-context.js';
import type { Sealed } from '../ledger/event.js';
import { SealedContents } from '../ledger/sealed-contents.js';
import type { Category } from '../partners/partner.js';
import { ReadModel, type Page, type Reading, is } from '../http/read-model.js';

import type {
  AccessRequestDetailDto,
  AccessRequestDto,
  ApplicationDto,
  Eligibility,
  ListAccessRequestsDto,
  RequestStatus,
} from './access-request-read.dto.js';
import { ownRows } from './own-rows.queries.js';

export class GetAccessRequest extends Query<Reading<AccessRequestDetailDto>> {
  constructor(
    readonly reader: Principal,
    readonly id: string,
  ) {
    super();
  }
}

export class ListAccessRequests extends Query<Reading<Page<AccessRequestDto>>> {
  constructor(
    readonly reader: Principal,
    readonly query: ListAccessRequestsDto,
  ) {
    super();
  }
}

/** Roles that have to know what a request is for; beside them only its applicant. */
const CONFIDANTS: ReadonlySet<Role> = new Set<Role>(['operator', 'panel', 'auditor']);

@QueryHandler(GetAccessRequest)
export class GetAccessRequestHandler implements IQueryHandler<GetAccessRequest> {
  constructor(
    private readonly rows: ReadModel,
    private readonly sealed: SealedContents,
  ) {}

  async execute({ reader, id }: GetAccessRequest): Promise<Reading<AccessRequestDetailDto>> {
    const { from, own } = ownRows('access_requests', 'requests', reader);
    const { body: row, ...reading } = await this.rows.one({
      projection: 'access',
      what: 'access-request',
      from,
      columns: '*',
      id,
      where: [own],
      map: (record: object) => record as RequestRow,
    });
    const mayKnow = reader.roles.some((role) => CONFIDANTS.has(role)) || reader.partnerId === row.partner_id;
    const confidential = mayKnow ? await this.open(row) : UNKNOWN;
    return { ...reading, body: { ...toRequest(row), ...confidential, erasedAt: row.erased_at } };
  }

  private async open(row: RequestRow): Promise<Confidential> {
    // Erased as soon as it is on record, whether the content has been deleted already or not.
    if (row.sealed === null || row.erased_at !== null) return UNKNOWN;
    const content = await this.sealed.open({ id: row.submission_event_id, sealed: row.sealed });
    return { ...UNKNOWN, ...content };
  }
}

type Confidential = Pick<AccessRequestDetailDto, 'purpose' | 'contact'>;
const UNKNOWN: Confidential = { purpose: null, contact: null };

@QueryHandler(ListAccessRequests)
export class ListAccessRequestsHandler implements IQueryHandler<ListAccessRequests> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, query }: ListAccessRequests): Promise<Reading<Page<AccessRequestDto>>> {
    const { limit, cursor, callId, partnerId, facilityId, category, status } = query;
    const { from, own } = ownRows('access_requests', 'requests', reader);
    return this.rows.list({
      projection: 'access',
      from,
      columns: '*',
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
      map: (record: object) => toRequest(record as RequestRow),
    });
  }
}

export interface ApplicationRow {
  readonly id: string;
  readonly revision: number;
  readonly call_id: string;
  readonly facility_id: string;
  readonly mode: Mode;
  readonly partner_id: string;
  readonly ultimate_parent_id: string;
  readonly category: Category;
  readonly country: string;
  readonly sector: string;
  readonly submitted_at: string;
  readonly chip_hours_requested: number;
  readonly illustrative: boolean;
}

interface RequestRow extends ApplicationRow {
  readonly status: RequestStatus;
  readonly eligibility: Eligibility;
  readonly eligibility_reason_codes: string[];
  readonly checked_at: string | null;
  readonly withdrawn_at: string | null;
  readonly withdrawal_reason: string | null;
  readonly decided_at: string | null;
  readonly reason_codes: string[];
  readonly chip_hours_granted: number | null;
  readonly submission_event_id: string;
  readonly sealed: Sealed | null;
  readonly erased_at: string | null;
}

export function toApplication(row: ApplicationRow): ApplicationDto {
  return {
    id: row.id,
    callId: row.call_id,
    facilityId: row.facility_id,
    mode: row.mode,
    partnerId: row.partner_id,
    ultimateParentId: row.ultimate_parent_id,
    category: row.category,
    country: row.country,
    sector: row.sector,
    submittedAt: row.submitted_at,
    chipHoursRequested: row.chip_hours_requested,
    illustrative: row.illustrative,
    revision: row.revision,
  };
}

function toRequest(row: RequestRow): AccessRequestDto {
  return {
    ...toApplication(row),
    status: row.status,
    eligibility: row.eligibility,
    eligibilityReasonCodes: row.eligibility_reason_codes,
    checkedAt: row.checked_at,
    withdrawnAt: row.withdrawn_at,
    withdrawalReason: row.withdrawal_reason,
    decidedAt: row.decided_at,
    reasonCodes: row.reason_codes,
    chipHoursGranted: row.chip_hours_granted,
  };
}

export const accessRequestQueryHandlers = [GetAccessRequestHandler, ListAccessRequestsHandler];
