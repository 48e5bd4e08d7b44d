import { Body, Controller, Param, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Answer, CommandContext, Principal } from '../ledger/command-context.js';
import type { Reading } from '../http/read-model.js';
import { CommandRoute, Context, READERS, ReadRoute, Reader } from '../http/routes.js';
import { IdParams } from '../http/validation.js';
import { AccessPoolsDto, AccessPoolsQueryDto } from './access-pool-read.dto.js';
import { GetAccessPools } from './access-pool.queries.js';
import {
  DefinePool,
  DonateTime,
  SetEntitlement,
  SetPreferentialAccess,
  StartOperations,
  TransferOwnership,
} from './pool.commands.js';
import {
  DefinePoolDto,
  DonateTimeDto,
  EntitlementAnswerDto,
  OwnershipAnswerDto,
  PoolAnswerDto,
  PreferenceAnswerDto,
  SetEntitlementDto,
  SetPreferentialAccessDto,
  StartOperationsDto,
  TransferOwnershipDto,
} from './pool.dto.js';

@ApiTags('compute')
@Controller('v1/facilities')
export class PoolController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Read the access pools of a facility, with the hours that each has, has allocated and has left in every period. */
  @ReadRoute({
    path: ':id/pools',
    roles: READERS,
    projection: 'access-pools',
    answer: AccessPoolsDto,
    refusals: ['too-many-pool-periods', 'unknown-facility'],
  })
  getAccessPools(
    @Param() { id }: IdParams,
    @Query() query: AccessPoolsQueryDto,
    @Reader() reader: Principal,
  ): Promise<Reading<AccessPoolsDto>> {
    return this.queries.execute(new GetAccessPools(reader, id, query));
  }

  /** Record the start of operations, once. The five years of Art. 12b(12) count from it. */
  @CommandRoute({ command: StartOperations, path: ':id/operations-start', roles: ['operator', 'facility'] })
  startOperations(
    @Param() { id }: IdParams,
    @Body() body: StartOperationsDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new StartOperations(context, { id, body }));
  }

  /** Define an access pool: whose hours they are, and where they come from. From then on every allocation needs a pool. */
  @CommandRoute({
    command: DefinePool,
    path: ':id/pools',
    roles: ['operator'],
    created: '/v1/facilities/:id/pools',
    answer: PoolAnswerDto,
  })
  definePool(
    @Param() { id }: IdParams,
    @Body() body: DefinePoolDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new DefinePool(context, { id, body }));
  }

  /**
   * Divide the hours of a period between the pools, in proportion to the contributions (Art. 12b(13)). The lines add up to the available
   * hours exactly. The same period can be set again after the contributions have changed.
   */
  @CommandRoute({
    command: SetEntitlement,
    path: ':id/entitlements',
    roles: ['operator'],
    answer: EntitlementAnswerDto,
  })
  setEntitlement(
    @Param() { id }: IdParams,
    @Body() body: SetEntitlementDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new SetEntitlement(context, { id, body }));
  }

  /** Give access time of a Member State to the Union (Art. 12b(10)). It is no contribution: match and votes stay as they are. */
  @CommandRoute({ command: DonateTime, path: ':id/donations', roles: ['operator', 'partner'] })
  donateTime(
    @Param() { id }: IdParams,
    @Body() body: DonateTimeDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new DonateTime(context, { id, body }));
  }

  /** Record the transfer of ownership to the consortium. Its residual value becomes hours of the Union (Art. 12b(12)). */
  @CommandRoute({
    command: TransferOwnership,
    path: ':id/ownership-transfer',
    roles: ['operator'],
    answer: OwnershipAnswerDto,
  })
  transferOwnership(
    @Param() { id }: IdParams,
    @Body() body: TransferOwnershipDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new TransferOwnership(context, { id, body }));
  }

  /** Register preferential access of a partner that financed at least 10 % of the investment costs (GBER 26(4)). */
  @CommandRoute({
    command: SetPreferentialAccess,
    path: ':id/preferential-access',
    roles: ['operator'],
    answer: PreferenceAnswerDto,
  })
  setPreferentialAccess(
    @Param() { id }: IdParams,
    @Body() body: SetPreferentialAccessDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new SetPreferentialAccess(context, { id, body }));
  }
}
