import { Body, Controller, Param, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { ReadQueryDto } from '../http/list-query.dto.js';
import type { Page, Reading } from '../http/read-model.js';
import { CommandRoute, Context, READERS, ReadRoute } from '../http/routes.js';
import { IdParams } from '../http/validation.js';
import { OpenAccessCall } from './access-call.commands.js';
import { AccessCallDto, AccessCallPageDto, ListAccessCallsDto, OpenAccessCallDto } from './access-call.dto.js';
import { GetAccessCall, ListAccessCalls } from './access-call.queries.js';

@ApiTags('access')
@Controller('v1/access-calls')
export class AccessCallController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Open a call for access to a facility. An AI gigafactory needs a signed commitment of its hosting state (Art. 12b(4)). */
  @CommandRoute({ command: OpenAccessCall, roles: ['operator'], created: '/v1/access-calls/:id' })
  openAccessCall(@Body() body: OpenAccessCallDto, @Context() context: CommandContext): Promise<Answer> {
    return this.commands.execute(new OpenAccessCall(context, { body }));
  }

  /** List calls in the order in which they were recorded. Every credential sees all calls. */
  @ReadRoute({ roles: READERS, projection: 'access', answer: AccessCallPageDto, table: true })
  listAccessCalls(@Query() query: ListAccessCallsDto): Promise<Reading<Page<AccessCallDto>>> {
    return this.queries.execute(new ListAccessCalls(query));
  }

  /** Read a call. */
  @ReadRoute({
    path: ':id',
    roles: READERS,
    projection: 'access',
    answer: AccessCallDto,
    refusals: ['unknown-access-call'],
  })
  getAccessCall(@Param() { id }: IdParams, @Query() _query: ReadQueryDto): Promise<Reading<AccessCallDto>> {
    return this.queries.execute(new GetAccessCall(id));
  }
}
