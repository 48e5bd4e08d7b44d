import { Body, Controller, Param } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { ErasePersonalData } from './erasure.commands.js';
import { ErasePersonalDataDto, ErasureAnswerDto } from './erasure.dto.js';
import { CommandRoute, Context } from '../http/routes.js';
import { IdParams } from '../http/validation.js';

@ApiTags('subjects')
@Controller('v1/subjects')
export class ErasureController {
  constructor(private readonly commands: CommandBus) {}

  /**
   * Erase the personal data of a subject: the sealed texts of a request for access, under the id of the request.
   * @remarks Content and key are destroyed; the public history, its commitments to the content and every proof stay as they
   * are. It cannot be undone.
   */
  @CommandRoute({ command: ErasePersonalData, path: ':id/erasure', roles: ['operator'], answer: ErasureAnswerDto })
  eraseSubject(
    @Param() { id }: IdParams,
    @Body() body: ErasePersonalDataDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new ErasePersonalData(context, { id, body }));
  }
}
