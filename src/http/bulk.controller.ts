import { Controller, Req, Res } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Bulk } from './bulk.js';
import { BulkAnswerDto, BulkDto } from './bulk.dto.js';
import { BulkRoute } from './routes.js';

@ApiTags('bulk')
@Controller('v1/bulk')
export class BulkController {
  constructor(private readonly bulk: Bulk) {}

  /**
   * Carry out up to 1,000 commands in one call.
   * @remarks Each command is treated as if it had come by itself: it needs the role that its route needs, its body is checked as its
   * route checks it, and its outcome has the status and the body that it would have been answered with. A refused command does not
   * stop those after it. With `atomic` all are recorded in one write or none is: the answer is then 409 with the problem of the first
   * command that is refused, which names it in `commandIndex`, `commandKey` and `commandStatus`.
   *
   * Safe to send again: every command has its own key, and one that was carried out is answered again. A call whose answer was lost is
   * sent again as it is; of a call that was answered, those with status 503. The `Idempotency-Key` of the call itself belongs to its
   * content: with other commands it is refused (422).
   */
  @BulkRoute(BulkAnswerDto)
  @ApiBody({ type: BulkDto })
  async executeBulk(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BulkAnswerDto> {
    const { outcomes, position, replayed } = await this.bulk.execute(request);
    void reply.header('Cache-Control', 'no-store').header('Bulk-Replayed', String(replayed));
    if (position !== undefined) void reply.header('Ledger-Position', String(position));
    if (replayed === outcomes.length) void reply.header('Idempotency-Replayed', 'true');
    return { outcomes };
  }
}
