import { Body, Controller, Param, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import {
  AllocateDto,
  AllocationAnswerDto,
  AllocationParams,
  AssignPoolDto,
  ReleaseAllocationDto,
} from './allocation.dto.js';
import { AllocationDto, AllocationPageDto, ListAllocationsDto } from './allocation-read.dto.js';
import type { Answer, CommandContext, Principal } from '../ledger/command-context.js';
import type { Page, Reading } from '../http/read-model.js';
import { CommandRoute, Context, READERS, ReadRoute, Reader } from '../http/routes.js';
import { IdParams } from '../http/validation.js';
import { AllocateChips, AssignPool, ReleaseAllocation } from './allocation.commands.js';
import { ListAllocations } from './allocation.queries.js';

@ApiTags('compute')
@Controller('v1')
export class AllocationController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /**
   * Allocate chips to the holder of a grant. Refused if at some instant of the interval the chips, the quota or the
   * grant leave no room. The problem names the rule, the first such instant and the numbers.
   */
  @CommandRoute({
    command: AllocateChips,
    path: 'facilities/:id/allocations',
    roles: ['operator', 'facility'],
    created: '/v1/allocations?facilityId=:id',
    answer: AllocationAnswerDto,
  })
  allocateChips(
    @Param() { id }: IdParams,
    @Body() body: AllocateDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new AllocateChips(context, { id, body }));
  }

  /** Release chips from an instant on. An allocation can be released once. */
  @CommandRoute({
    command: ReleaseAllocation,
    path: 'facilities/:id/allocations/:allocationId/release',
    roles: ['operator', 'facility'],
    answer: AllocationAnswerDto,
  })
  releaseAllocation(
    @Param() { id, allocationId }: AllocationParams,
    @Body() body: ReleaseAllocationDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new ReleaseAllocation(context, { id, allocationId, body }));
  }

  /**
   * Record whose hours an allocation used that was made before the facility had access pools. It counts in the account of the pool, once
   * and for good.
   */
  @CommandRoute({
    command: AssignPool,
    path: 'facilities/:id/pool-assignments',
    roles: ['operator', 'facility'],
    answer: AllocationAnswerDto,
  })
  assignPool(
    @Param() { id }: IdParams,
    @Body() body: AssignPoolDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new AssignPool(context, { id, body }));
  }

  /**
   * List allocations in the order in which they were made. A credential that is bound to a partner sees the allocations
   * of that partner and the allocations on facilities that the partner operates.
   */
  @ReadRoute({
    path: 'allocations',
    roles: READERS,
    projection: 'compute',
    answer: AllocationPageDto,
    table: true,
  })
  listAllocations(
    @Query() query: ListAllocationsDto,
    @Reader() reader: Principal,
  ): Promise<Reading<Page<AllocationDto>>> {
    return this.queries.execute(new ListAllocations(reader, query));
  }
}
