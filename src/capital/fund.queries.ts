import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ReadModel, type Page, type Reading } from '../http/read-model.js';
import type { CapitalTotalsDto, FundDto, ListFundsDto, FundStatus, TrancheDto } from './fund.dto.js';

/** Funds are no partner's own: whoever has a credential may read them, and they show sums only. */
export class GetFund extends Query<Reading<FundDto>> {
  constructor(readonly id: string) {
    super();
  }
}

export class ListFunds extends Query<Reading<Page<FundDto>>> {
  constructor(readonly query: ListFundsDto) {
    super();
  }
}

// Money as text, because a JSON number would round it; dates of creation give no order here, ranks do.
const COLUMNS = `funds.*, (
  select coalesce(jsonb_agg(jsonb_build_object(
    'trancheId', t.id, 'rank', t.rank, 'kind', t.kind, 'capMinor', t.cap_minor::text,
    'pledgedMinor', t.pledged_minor::text, 'committedMinor', t.committed_minor::text,
    'calledMinor', t.called_minor::text, 'paidMinor', t.paid_minor::text,
    'distributedMinor', t.distributed_minor::text, 'recallableMinor', t.recallable_minor::text,
    'unfundedMinor', t.unfunded_minor::text) order by t.rank), '[]')
  from tranches t where t.fund_id = funds.id
) as tranches`;

@QueryHandler(GetFund)
export class GetFundHandler implements IQueryHandler<GetFund> {
  constructor(private readonly rows: ReadModel) {}

  execute({ id }: GetFund): Promise<Reading<FundDto>> {
    return this.rows.one({ projection: 'capital', what: 'fund', from: 'funds', columns: COLUMNS, id, map: toFund });
  }
}

@QueryHandler(ListFunds)
export class ListFundsHandler implements IQueryHandler<ListFunds> {
  constructor(private readonly rows: ReadModel) {}

  execute({ query: { limit, cursor } }: ListFunds): Promise<Reading<Page<FundDto>>> {
    return this.rows.list({
      projection: 'capital',
      from: 'funds',
      columns: COLUMNS,
      filters: {},
      limit,
      cursor,
      where: () => [],
      map: toFund,
    });
  }
}

interface FundRow {
  readonly id: string;
  readonly name: string;
  readonly status: FundStatus;
  readonly currency: string;
  readonly target_minor: string;
  readonly closed_at: string | null;
  readonly source: string | null;
  readonly illustrative: boolean;
  readonly revision: number;
  readonly tranches: TrancheDto[];
}

function toFund(record: object): FundDto {
  const row = record as FundRow;
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    currency: row.currency,
    targetMinor: row.target_minor,
    closedAt: row.closed_at,
    tranches: row.tranches,
    totals: totalsOf(row.tranches),
    source: row.source,
    illustrative: row.illustrative,
    revision: row.revision,
  };
}

function totalsOf(tranches: readonly TrancheDto[]): CapitalTotalsDto {
  const sum = (of: (tranche: TrancheDto) => string): string =>
    tranches.reduce((total, tranche) => total + BigInt(of(tranche)), 0n).toString();
  return {
    pledgedMinor: sum(({ pledgedMinor }) => pledgedMinor),
    committedMinor: sum(({ committedMinor }) => committedMinor),
    calledMinor: sum(({ calledMinor }) => calledMinor),
    paidMinor: sum(({ paidMinor }) => paidMinor),
    distributedMinor: sum(({ distributedMinor }) => distributedMinor),
    recallableMinor: sum(({ recallableMinor }) => recallableMinor),
    unfundedMinor: sum(({ unfundedMinor }) => unfundedMinor),
  };
}

export const fundQueryHandlers = [GetFundHandler, ListFundsHandler];
