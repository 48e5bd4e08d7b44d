import { Body, Controller, Param, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Answer, CommandContext, Principal } from '../ledger/command-context.js';
import { ReadQueryDto } from '../http/list-query.dto.js';
import type { Page, Reading } from '../http/read-model.js';
import { CommandRoute, Context, READERS, ReadRoute, Reader } from '../http/routes.js';
import { IdParams } from '../http/validation.js';
import { RevokeGrant } from './access-request.commands.js';
import { RevocationAnswerDto, RevokeGrantDto } from './access-request.dto.js';
import { GrantDto, GrantPageDto, ListGrantsDto } from './access-request-read.dto.js';
import { GetGrant, ListGrants } from './grant.queries.js';

/** A grant is a request that was granted, under the same id. */
@ApiTags('access')
@Controller('v1/grants')
export class GrantController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Revoke a grant. The parts of its allocations after the revocation are released with it. */
  @CommandRoute({
    command: RevokeGrant,
    path: ':id/revocation',
    roles: ['operator', 'panel'],
    answer: RevocationAnswerDto,
  })
  revokeGrant(
    @Param() { id }: IdParams,
    @Body() body: RevokeGrantDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new RevokeGrant(context, { id, body }));
  }

  /** List grants, also revoked ones, in the order in which they were granted. */
  @ReadRoute({ roles: READERS, projection: 'access', answer: GrantPageDto, table: true })
  listGrants(@Query() query: ListGrantsDto, @Reader() reader: Principal): Promise<Reading<Page<GrantDto>>> {
    return this.queries.execute(new ListGrants(reader, query));
  }

  /** Read a grant with its allocated and used chip-hours. */
  @ReadRoute({ path: ':id', roles: READERS, projection: 'access', answer: GrantDto, refusals: ['unknown-grant'] })
  getGrant(
    @Param() { id }: IdParams,
    @Query() _query: ReadQueryDto,
    @Reader() reader: Principal,
  ): Promise<Reading<GrantDto>> {
    return this.queries.execute(new GetGrant(reader, id));
  }
}
