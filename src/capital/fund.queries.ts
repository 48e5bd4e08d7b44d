import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ReadModel, mapPage, type Columns, type Page, type Reading } from '../http/read-model.js';
import { rowsForAll } from '../http/visibility.js';
import type { CapitalTotalsDto, FundDto, ListFundsDto, TrancheDto } from './fund.dto.js';

/** Every credential may read funds: they belong to no partner, and show only sums. */
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

const FUNDS = rowsForAll('funds');

/** The program adds up the sums of the tranches, because money is added as `bigint`. */
type FundRow = Omit<FundDto, 'totals'>;

const COLUMNS: Columns<FundRow> = {
  id: 'id',
  name: 'name',
  status: 'status',
  currency: 'currency',
  targetMinor: 'target_minor',
  financesGigafactories: 'finances_gigafactories',
  closedAt: 'closed_at',
  reachedOn: 'reached_on',
  evidenceRef: 'evidence_ref',
  // Money as text, because a JSON number would round it. The order is by rank.
  tranches: `(
    select coalesce(jsonb_agg(jsonb_build_object(
      'trancheId', t.id, 'rank', t.rank, 'kind', t.kind, 'capMinor', t.cap_minor::text,
      'pledgedMinor', t.pledged_minor::text, 'committedMinor', t.committed_minor::text,
      'calledMinor', t.called_minor::text, 'paidMinor', t.paid_minor::text,
      'distributedMinor', t.distributed_minor::text, 'recallableMinor', t.recallable_minor::text,
      'unfundedMinor', t.unfunded_minor::text) order by t.rank), '[]')
    from tranches t where t.fund_id = funds.id
  )`,
  source: 'source',
  illustrative: 'illustrative',
  revision: 'revision',
};

@QueryHandler(GetFund)
class GetFundHandler implements IQueryHandler<GetFund> {
  constructor(private readonly rows: ReadModel) {}

  async execute({ id }: GetFund): Promise<Reading<FundDto>> {
    const request = { projection: 'capital', what: 'fund' as const, rows: FUNDS, columns: COLUMNS, id };
    const { body, ...reading } = await this.rows.one(request);
    return { ...reading, body: toFund(body) };
  }
}

@QueryHandler(ListFunds)
class ListFundsHandler implements IQueryHandler<ListFunds> {
  constructor(private readonly rows: ReadModel) {}

  async execute({ query: { limit, cursor, from, to } }: ListFunds): Promise<Reading<Page<FundDto>>> {
    const page = await this.rows.list({
      projection: 'capital',
      rows: FUNDS,
      columns: COLUMNS,
      filters: {},
      recorded: { from, to },
      limit,
      cursor,
      where: () => [],
    });
    return mapPage(page, toFund);
  }
}

function toFund({ source, illustrative, revision, ...fund }: FundRow): FundDto {
  return { ...fund, totals: totalsOf(fund.tranches), source, illustrative, revision };
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
