import { Body, Controller, Param, Query, Req } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Answer, CommandContext, Principal } from '../ledger/command-context.js';
import { EmptyBodyDto } from '../http/empty-body.dto.js';
import { ReadQueryDto } from '../http/list-query.dto.js';
import type { Page, Reading } from '../http/read-model.js';
import { IssueApiKey, RevokeApiKey } from './api-key.commands.js';
import { IssueApiKeyDto, IssuedApiKeyDto } from './api-key.dto.js';
import { ApiKeyDto, ApiKeyPageDto, ListApiKeysDto, MeDto } from './api-key-read.dto.js';
import { GetMe, ListApiKeys } from './api-key.queries.js';
import { CommandRoute, Context, READERS, ReadRoute, Reader } from '../http/routes.js';
import { IdParams } from '../http/validation.js';

@ApiTags('api-keys')
@Controller('v1/api-keys')
export class ApiKeyController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Issue an API key. Only this answer shows the key itself. */
  @CommandRoute({
    command: IssueApiKey,
    roles: ['operator'],
    created: '/v1/events?stream=api-key-:id',
    answer: IssuedApiKeyDto,
  })
  issueApiKey(@Body() body: IssueApiKeyDto, @Context() context: CommandContext): Promise<Answer> {
    return this.commands.execute(new IssueApiKey(context, { body }));
  }

  /** Revoke an API key, immediately and permanently. */
  @CommandRoute({ command: RevokeApiKey, path: ':id/revocation', roles: ['operator'] })
  revokeApiKey(
    @Param() { id }: IdParams,
    @Body() body: EmptyBodyDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new RevokeApiKey(context, { id, body }));
  }

  /**
   * List API keys.
   * @remarks Who holds which key since when, in the order in which they were issued. Neither a key nor its hash is shown. A
   * credential that is bound to a partner sees only the keys of that partner. `OPERATOR_KEY` of the settings is no such key.
   */
  @ReadRoute({ roles: READERS, projection: 'api-keys', answer: ApiKeyPageDto, table: true })
  listApiKeys(@Query() query: ListApiKeysDto, @Reader() reader: Principal): Promise<Reading<Page<ApiKeyDto>>> {
    return this.queries.execute(new ListApiKeys(reader, query));
  }
}

@ApiTags('api-keys')
@Controller('v1/me')
export class MeController {
  constructor(private readonly queries: QueryBus) {}

  /**
   * Who am I: the credential of this request.
   * @remarks Its kind, name, roles, partner, facilities and expiry, and the limit of requests.
   */
  @ReadRoute({ roles: READERS, projection: 'partners', answer: MeDto })
  getMe(@Query() _query: ReadQueryDto, @Req() { headers }: FastifyRequest): Promise<Reading<MeDto>> {
    return this.queries.execute(new GetMe(headers.authorization));
  }
}
