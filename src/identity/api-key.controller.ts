import { Body, Controller, Param } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { EmptyBodyDto } from '../http/empty-body.dto.js';
import { IssueApiKey, RevokeApiKey } from './api-key.commands.js';
import { IssueApiKeyDto, IssuedApiKeyDto } from './api-key.dto.js';
import { CommandRoute, Context } from '../http/routes.js';
import { IdParams } from '../http/validation.js';

@ApiTags('api-keys')
@Controller('v1/api-keys')
export class ApiKeyController {
  constructor(private readonly commands: CommandBus) {}

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
}
