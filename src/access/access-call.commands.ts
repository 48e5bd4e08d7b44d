import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { hostStateCommitted } from '../compute/contribution.js';
import { facility, registered } from '../compute/facility.js';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { Ledger } from '../ledger/ledger.js';
import type { OpenAccessCallDto } from './access-call.dto.js';
import { accessCall, openCall } from './access-call.js';

export class OpenAccessCall extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly body: OpenAccessCallDto,
  ) {
    super();
  }
}

@CommandHandler(OpenAccessCall)
export class OpenAccessCallHandler implements ICommandHandler<OpenAccessCall> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, body }: OpenAccessCall): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const id = tx.newId();
      tx.create(accessCall, id);
      const at = registered(tx.existing(facility, body.facilityId));
      tx.append(accessCall, id, openCall({ ...at, hostStateCommitted: hostStateCommitted(at) }, body));
    });
  }
}

export const accessCallCommandHandlers = [OpenAccessCallHandler];
