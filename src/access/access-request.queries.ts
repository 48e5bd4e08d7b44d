import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal } from '../ledger/command-context.js';
import type { Sealed } from '../ledger/event.js';
import { SealedContents } from '../ledger/sealed-contents.js';
import { NAME_OF, ReadModel, is, onDays, type Columns, type Page, type Reading } from '../http/read-model.js';
import { maySeeSealed, rowsFor } from '../http/visibility.js';
import type {
  AccessRequestDetailDto,
  AccessRequestDto,
  ApplicationDto,
  ListAccessRequestsDto,
} from './access-request-read.dto.js';

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

/**
 * An applicant sees its own requests. The operator of a facility sees the requests for it, and a hosting state sees
 * only grants.
 */
const REQUESTS = {
  table: 'access_requests',
  name: 'requests',
  belongs: { owner: 'partner_id', asked: 'operator_partner_id' },
} as const;

export const APPLICATION_COLUMNS: Columns<ApplicationDto> = {
  id: 'id',
  callId: 'call_id',
  callTitle: NAME_OF.accessCall('call_id'),
  facilityId: 'facility_id',
  facilityName: NAME_OF.facility('facility_id'),
  mode: 'mode',
  partnerId: 'partner_id',
  partnerName: NAME_OF.partner('partner_id'),
  ultimateParentId: 'ultimate_parent_id',
  category: 'category',
  country: 'country',
  sector: 'sector',
  submittedAt: 'submitted_at',
  chipHoursRequested: 'chip_hours_requested',
  illustrative: 'illustrative',
  revision: 'revision',
};
const COLUMNS: Columns<AccessRequestDto> = {
  ...APPLICATION_COLUMNS,
  status: 'status',
  eligibility: 'eligibility',
  eligibilityReasonCodes: 'eligibility_reason_codes',
  checkedAt: 'checked_at',
  withdrawnAt: 'withdrawn_at',
  withdrawalReason: 'withdrawal_reason',
  decidedAt: 'decided_at',
  reasonCodes: 'reason_codes',
  chipHoursGranted: 'chip_hours_granted',
};

/** Place of the confidential content of a request. */
interface Confidential {
  readonly submissionEventId: string;
  readonly sealed: Sealed | null;
  readonly erasedAt: string | null;
}
const CONFIDENTIAL_COLUMNS: Columns<Confidential> = {
  submissionEventId: 'submission_event_id',
  sealed: 'sealed',
  erasedAt: 'erased_at',
};

type Content = Pick<AccessRequestDetailDto, 'purpose' | 'contact'>;
const UNKNOWN: Content = { purpose: null, contact: null };

@QueryHandler(GetAccessRequest)
class GetAccessRequestHandler implements IQueryHandler<GetAccessRequest> {
  constructor(
    private readonly rows: ReadModel,
    private readonly sealed: SealedContents,
  ) {}

  async execute({ reader, id }: GetAccessRequest): Promise<Reading<AccessRequestDetailDto>> {
    const { body, ...reading } = await this.rows.one<AccessRequestDto & Confidential>({
      projection: 'access',
      what: 'access-request',
      rows: rowsFor(reader, REQUESTS),
      columns: { ...COLUMNS, ...CONFIDENTIAL_COLUMNS },
      id,
    });
    const { submissionEventId, sealed, erasedAt, ...request } = body;
    const mayKnow = maySeeSealed(reader, request.partnerId);
    const content = mayKnow ? await this.open({ submissionEventId, sealed, erasedAt }) : UNKNOWN;
    return { ...reading, body: { ...request, ...content, erasedAt } };
  }

  private async open({ submissionEventId, sealed, erasedAt }: Confidential): Promise<Content> {
    // Readers do not see the content as soon as its erasure is recorded. Its deletion may follow later.
    if (sealed === null || erasedAt !== null) return UNKNOWN;
    const content = await this.sealed.open({ id: submissionEventId, sealed });
    return { ...UNKNOWN, ...content };
  }
}

@QueryHandler(ListAccessRequests)
class ListAccessRequestsHandler implements IQueryHandler<ListAccessRequests> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, query }: ListAccessRequests): Promise<Reading<Page<AccessRequestDto>>> {
    const { limit, cursor, callId, partnerId, facilityId, mode, category, status, from, to } = query;
    return this.rows.list({
      projection: 'access',
      rows: rowsFor(reader, REQUESTS),
      columns: COLUMNS,
      filters: { callId, partnerId, facilityId, mode, category, status, from, to },
      limit,
      cursor,
      where: (filters) => [
        is('call_id', filters['callId']),
        is('partner_id', filters['partnerId']),
        is('facility_id', filters['facilityId']),
        is('category', filters['category']),
        is('status', filters['status']),
        is('mode', filters['mode']),
        ...onDays('submitted_at', filters, 'instant'),
      ],
    });
  }
}

export const accessRequestQueryHandlers = [GetAccessRequestHandler, ListAccessRequestsHandler];
