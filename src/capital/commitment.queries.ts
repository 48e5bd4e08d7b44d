import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal } from '../ledger/command-context.js';
import { NAME_OF, ReadModel, is, onDays, type Columns, type Page, type Reading } from '../http/read-model.js';
import { rowsFor } from '../http/visibility.js';
import type { CommitmentDto, ListCommitmentsDto } from './commitment-read.dto.js';

export class GetCommitment extends Query<Reading<CommitmentDto>> {
  constructor(
    readonly reader: Principal,
    readonly id: string,
  ) {
    super();
  }
}

export class ListCommitments extends Query<Reading<Page<CommitmentDto>>> {
  constructor(
    readonly reader: Principal,
    readonly query: ListCommitmentsDto,
  ) {
    super();
  }
}

const COMMITMENTS = { table: 'commitments', name: 'commitments', belongs: { owner: 'partner_id' } } as const;

const COLUMNS: Columns<CommitmentDto> = {
  id: 'id',
  fundId: 'fund_id',
  fundName: NAME_OF.fund('commitments.fund_id'),
  trancheId: 'tranche_id',
  partnerId: 'partner_id',
  partnerName: NAME_OF.partner('commitments.partner_id'),
  facilityId: 'facility_id',
  facilityName: NAME_OF.facility('commitments.facility_id'),
  kind: 'kind',
  describes: 'describes',
  programme: 'programme',
  status: 'status',
  currency: 'currency',
  pledgedMinor: 'pledged_minor',
  committedMinor: 'committed_minor',
  calledMinor: 'called_minor',
  paidMinor: 'paid_minor',
  distributedMinor: 'distributed_minor',
  recallableMinor: 'recallable_minor',
  unfundedMinor: 'unfunded_minor',
  // Money as text, because a JSON number would round it.
  calls: `(
    select coalesce(jsonb_agg(jsonb_build_object(
      'callId', c.id, 'amountMinor', c.amount_minor::text, 'paidMinor', c.paid_minor::text,
      'issuedOn', c.issued_on, 'dueOn', c.due_on) order by c.created_position), '[]')
    from capital_calls c where c.commitment_id = commitments.id
  )`,
  signedOn: 'signed_on',
  acceptedOn: 'accepted_on',
  decreaseRequest: 'decrease_request',
  source: 'source',
  illustrative: 'illustrative',
  revision: 'revision',
};

@QueryHandler(GetCommitment)
class GetCommitmentHandler implements IQueryHandler<GetCommitment> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, id }: GetCommitment): Promise<Reading<CommitmentDto>> {
    return this.rows.one({
      projection: 'capital',
      what: 'commitment',
      rows: rowsFor(reader, COMMITMENTS),
      columns: COLUMNS,
      id,
    });
  }
}

@QueryHandler(ListCommitments)
class ListCommitmentsHandler implements IQueryHandler<ListCommitments> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, query }: ListCommitments): Promise<Reading<Page<CommitmentDto>>> {
    const { limit, cursor, fundId, partnerId, facilityId, status, from, to } = query;
    return this.rows.list({
      projection: 'capital',
      rows: rowsFor(reader, COMMITMENTS),
      columns: COLUMNS,
      filters: { fundId, partnerId, facilityId, status, from, to },
      limit,
      cursor,
      where: (filters) => [
        is('fund_id', filters['fundId']),
        is('partner_id', filters['partnerId']),
        is('facility_id', filters['facilityId']),
        is('status', filters['status']),
        ...onDays('signed_on', filters, 'date'),
      ],
    });
  }
}

export const commitmentQueryHandlers = [GetCommitmentHandler, ListCommitmentsHandler];
