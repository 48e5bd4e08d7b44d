import type { CommitmentKind } from '../domain/commitment-kinds.js';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Principal } from '../ledger/command-context.js';
import { ReadModel, is, type Condition, type Page, type Reading } from '../http/read-model.js';

import type { CallDto, CommitmentDto, ListCommitmentsDto, CommitmentStatus } from './commitment-read.dto.js';

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

// Money as text, because a JSON number would round it.
const COLUMNS = `commitments.*, (
  select coalesce(jsonb_agg(jsonb_build_object(
    'callId', c.id, 'amountMinor', c.amount_minor::text, 'paidMinor', c.paid_minor::text,
    'issuedOn', c.issued_on, 'dueOn', c.due_on) order by c.created_position), '[]')
  from capital_calls c where c.commitment_id = commitments.id
) as calls`;

@QueryHandler(GetCommitment)
export class GetCommitmentHandler implements IQueryHandler<GetCommitment> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, id }: GetCommitment): Promise<Reading<CommitmentDto>> {
    return this.rows.one({
      projection: 'capital',
      what: 'commitment',
      from: 'commitments',
      columns: COLUMNS,
      id,
      where: [ownOnly(reader)],
      map: toCommitment,
    });
  }
}

@QueryHandler(ListCommitments)
export class ListCommitmentsHandler implements IQueryHandler<ListCommitments> {
  constructor(private readonly rows: ReadModel) {}

  execute({ reader, query }: ListCommitments): Promise<Reading<Page<CommitmentDto>>> {
    const { limit, cursor, fundId, partnerId, facilityId, status } = query;
    return this.rows.list({
      projection: 'capital',
      from: 'commitments',
      columns: COLUMNS,
      filters: { fundId, partnerId, facilityId, status },
      limit,
      cursor,
      where: (filters) => [
        ownOnly(reader),
        is('fund_id', filters['fundId']),
        is('partner_id', filters['partnerId']),
        is('facility_id', filters['facilityId']),
        is('status', filters['status']),
      ],
      map: toCommitment,
    });
  }
}

/** A credential that is bound to a partner sees that partner's commitments, whatever it asks for. */
const ownOnly = (reader: Principal): Condition | undefined => is('partner_id', reader.partnerId);

interface CommitmentRow {
  readonly id: string;
  readonly fund_id: string;
  readonly tranche_id: string;
  readonly partner_id: string;
  readonly facility_id: string | null;
  readonly kind: CommitmentKind;
  readonly programme: string | null;
  readonly status: CommitmentStatus;
  readonly currency: string;
  readonly pledged_minor: string;
  readonly committed_minor: string;
  readonly called_minor: string;
  readonly paid_minor: string;
  readonly distributed_minor: string;
  readonly recallable_minor: string;
  readonly unfunded_minor: string;
  readonly calls: CallDto[];
  readonly signed_on: string | null;
  readonly source: string | null;
  readonly illustrative: boolean;
  readonly revision: number;
}

function toCommitment(record: object): CommitmentDto {
  const row = record as CommitmentRow;
  return {
    id: row.id,
    fundId: row.fund_id,
    trancheId: row.tranche_id,
    partnerId: row.partner_id,
    facilityId: row.facility_id,
    kind: row.kind,
    programme: row.programme,
    status: row.status,
    currency: row.currency,
    pledgedMinor: row.pledged_minor,
    committedMinor: row.committed_minor,
    calledMinor: row.called_minor,
    paidMinor: row.paid_minor,
    distributedMinor: row.distributed_minor,
    recallableMinor: row.recallable_minor,
    unfundedMinor: row.unfunded_minor,
    calls: row.calls,
    signedOn: row.signed_on,
    source: row.source,
    illustrative: row.illustrative,
    revision: row.revision,
  };
}

export const commitmentQueryHandlers = [GetCommitmentHandler, ListCommitmentsHandler];
