import { Controller, Req, Res } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Bulk } from './bulk.js';
import { BulkAnswerDto, BulkDto } from './bulk.dto.js';
import { BulkRoute } from '../routes.js';
import { inTurns } from '../shares/turn.js';

@ApiTags('bulk')
@Controller('v1/bulk')
export class BulkController {
  constructor(private readonly bulk: Bulk) {}

  /**
   * Execute up to 1,000 commands in one call.
   * @remarks Each command is executed like a request of its own: it needs the role that its route needs, its body is checked as its
   * route checks it, and its outcome has the status and the body of the answer to such a request. A refused command does not
   * stop the commands after it. With `atomic` all commands are recorded in one write, or none is: the answer is then 409 with the
   * problem of the first refused command, which `commandIndex`, `commandKey` and `commandStatus` name.
   *
   * Safe to send again: every command has its own key, and an executed command is replayed. If the answer to a call was lost, send the
   * same call again; of a call that was answered, send the commands with status 503 again. The `Idempotency-Key` of the call belongs to
   * its content: with other commands it is refused (422).
   */
  @BulkRoute(BulkAnswerDto)
  @ApiBody({ type: BulkDto })
  async executeBulk(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const { outcomes, position, replayed } = await this.bulk.execute(request, reply);
    void reply.header('Cache-Control', 'no-store').header('Bulk-Replayed', String(replayed));
    if (position !== undefined) void reply.header('Ledger-Position', String(position));
    if (replayed === outcomes.length) void reply.header('Idempotency-Replayed', 'true');
    void reply.type('application/json; charset=utf-8');
    // Problems of a thousand commands are megabytes.
    const texts = await inTurns(outcomes, (outcome) => JSON.stringify(outcome));
    return `{"outcomes":[${texts.join()}]}`;
  }
}
