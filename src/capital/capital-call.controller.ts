import { Controller, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../ledger/command-context.js';
import type { Reading } from '../http/read-model.js';
import { READERS, ReadRoute, Reader } from '../http/routes.js';
import { CapitalCallPageDto, ListCapitalCallsDto } from './capital-call.dto.js';
import { ListCapitalCalls } from './capital-call.queries.js';

@ApiTags('capital')
@Controller('v1/capital-calls')
export class CapitalCallController {
  constructor(private readonly queries: QueryBus) {}

  /**
   * List capital calls.
   * @remarks The oldest call comes first. Each call shows the amount, the amount that is paid, and the due date. The key of a partner
   * shows the calls to this partner only.
   */
  @ReadRoute({ roles: READERS, projection: 'capital', answer: CapitalCallPageDto, table: true })
  listCapitalCalls(
    @Query() query: ListCapitalCallsDto,
    @Reader() reader: Principal,
  ): Promise<Reading<CapitalCallPageDto>> {
    return this.queries.execute(new ListCapitalCalls(reader, query));
  }
}
