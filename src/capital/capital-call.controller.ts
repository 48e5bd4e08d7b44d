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
   * @remarks In the order in which they were issued, with what is paid of them and when they are due. A credential that is bound to
   * a partner sees only the calls to that partner.
   */
  @ReadRoute({ roles: READERS, projection: 'capital', answer: CapitalCallPageDto, table: true })
  listCapitalCalls(
    @Query() query: ListCapitalCallsDto,
    @Reader() reader: Principal,
  ): Promise<Reading<CapitalCallPageDto>> {
    return this.queries.execute(new ListCapitalCalls(reader, query));
  }
}
