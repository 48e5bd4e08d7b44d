import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { Ledger } from '../ledger/ledger.js';
import type { AdoptPolicyDto } from './policy.dto.js';
import { adoptPolicy, policy } from './policy.js';

export class AdoptPolicy extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly body: AdoptPolicyDto,
  ) {
    super();
  }
}

@CommandHandler(AdoptPolicy)
export class AdoptPolicyHandler implements ICommandHandler<AdoptPolicy> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, body }: AdoptPolicy): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      // Every policy is one stream under its own name, whether it was adopted before or not.
      const events = adoptPolicy(tx.get(policy, body.policy), body, tx.now);
      tx.subject(policy, body.policy);
      tx.append(policy, body.policy, events);
      return { version: events[0].data.version };
    });
  }
}

export const policyCommandHandlers = [AdoptPolicyHandler];
