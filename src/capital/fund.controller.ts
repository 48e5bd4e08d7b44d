import { Body, Controller, Param, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { ReadQueryDto } from '../http/list-query.dto.js';
import type { Page, Reading } from '../http/read-model.js';
import { CommandRoute, Context, READERS, ReadRoute } from '../http/routes.js';
import { IdParams } from '../http/validation.js';
import { DefineTranche, EstablishFund, ReachFinancialClose } from './fund.commands.js';
import {
  DefineTrancheDto,
  EstablishFundDto,
  FundDto,
  ListFundsDto,
  FundPageDto,
  ReachFinancialCloseDto,
  TrancheAnswerDto,
} from './fund.dto.js';
import { GetFund, ListFunds } from './fund.queries.js';

@ApiTags('capital')
@Controller('v1/funds')
export class FundController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /**
   * Establish a fund.
   * @remarks A new fund has no layers: define its tranches next.
   */
  @CommandRoute({ command: EstablishFund, roles: ['operator'], created: '/v1/funds/:id' })
  establishFund(@Body() body: EstablishFundDto, @Context() context: CommandContext): Promise<Answer> {
    return this.commands.execute(new EstablishFund(context, { body }));
  }

  /**
   * Define a layer of the fund.
   * @remarks Only before its financial close. After it the layers cannot change.
   */
  @CommandRoute({
    command: DefineTranche,
    path: ':id/tranches',
    roles: ['operator'],
    created: '/v1/funds/:id',
    answer: TrancheAnswerDto,
  })
  defineTranche(
    @Param() { id }: IdParams,
    @Body() body: DefineTrancheDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new DefineTranche(context, { id, body }));
  }

  /**
   * Reach financial close, once.
   * @remarks From the day of the close on, capital may be called. For every AI gigafactory that the fund finances, the
   * Participating States must at least match the Union, and the Union covers up to 17 % of the CAPEX (Art. 12b(5)).
   */
  @CommandRoute({ command: ReachFinancialClose, path: ':id/financial-close', roles: ['operator'] })
  reachFinancialClose(
    @Param() { id }: IdParams,
    @Body() body: ReachFinancialCloseDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new ReachFinancialClose(context, { id, body }));
  }

  /**
   * List funds.
   * @remarks In the order in which they were established, with the totals of every tranche.
   */
  @ReadRoute({ roles: READERS, projection: 'capital', answer: FundPageDto, table: true })
  listFunds(@Query() query: ListFundsDto): Promise<Reading<Page<FundDto>>> {
    return this.queries.execute(new ListFunds(query));
  }

  /**
   * Read a fund.
   * @remarks With the totals of every tranche.
   */
  @ReadRoute({ path: ':id', roles: READERS, projection: 'capital', answer: FundDto, refusals: ['unknown-fund'] })
  getFund(@Param() { id }: IdParams, @Query() _query: ReadQueryDto): Promise<Reading<FundDto>> {
    return this.queries.execute(new GetFund(id));
  }
}
