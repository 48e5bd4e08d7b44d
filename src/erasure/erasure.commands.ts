import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Logger } from 'pino';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { Ledger } from '../ledger/ledger.js';
import type { ErasePersonalDataDto } from './erasure.dto.js';
import { ErasableContents } from './erasure.queries.js';
import { erasePersonalData, subject } from './erasure.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';

export class ErasePersonalData extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: ErasePersonalDataDto,
  ) {
    super();
  }
}

@CommandHandler(ErasePersonalData)
export class ErasePersonalDataHandler implements ICommandHandler<ErasePersonalData> {
  private readonly log: Logger;

  constructor(
    private readonly ledger: Ledger,
    private readonly contents: ErasableContents,
    @Inject(RUNTIME) { log }: Runtime,
  ) {
    this.log = log;
  }

  /** First the event, then the deletion: what is gone was erased on record, and what was erased will be gone. */
  async execute({ context, id, body }: ErasePersonalData): Promise<Answer> {
    const sealed = await this.contents.eventIds(id);
    const answer = await this.ledger.execute(context, (tx) => {
      const current = tx.get(subject, id);
      tx.subject(subject, id);
      const events = erasePersonalData(current, { id, reason: body.reason, eventIds: sealed }, tx.now);
      tx.append(subject, id, events);
      return { eventIds: events.flatMap(({ data }) => data.eventIds), erasedAt: tx.now };
    });
    try {
      // What is on record, not what was found just now: this may be the answer to an earlier request.
      await this.contents.destroy(answer['eventIds'] as string[]);
    } catch (error) {
      this.log.error({ err: error, subject: id }, 'Erased contents could not be deleted; the erasure worker will.');
    }
    return answer;
  }
}

export const erasureCommandHandlers = [ErasePersonalDataHandler];
