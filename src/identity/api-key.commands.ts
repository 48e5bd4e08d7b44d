import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { Ledger } from '../ledger/ledger.js';
import { partner } from '../partners/partner.js';
import type { IssueApiKeyDto } from './api-key.dto.js';
import { apiKey, issueApiKey, makeApiKey, revokeApiKey } from './api-key.js';

export class IssueApiKey extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly body: IssueApiKeyDto,
  ) {
    super();
  }
}

@CommandHandler(IssueApiKey)
export class IssueApiKeyHandler implements ICommandHandler<IssueApiKey> {
  constructor(private readonly ledger: Ledger) {}

  async execute({ context, body }: IssueApiKey): Promise<Answer> {
    let issued: string | undefined;
    const answer = await this.ledger.execute(context, (tx) => {
      const id = tx.newId();
      const { key, keyHash } = makeApiKey(id);
      issued = key;
      tx.create(apiKey, id);
      if (body.partnerId !== undefined) tx.existing(partner, body.partnerId);
      tx.append(apiKey, id, issueApiKey(body, keyHash, tx.now));
    });
    // A repeated request answers as before, but the key cannot be read back from its hash.
    return { ...answer, key: answer.replayed ? null : (issued ?? null) };
  }
}

export class RevokeApiKey extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
  ) {
    super();
  }
}

@CommandHandler(RevokeApiKey)
export class RevokeApiKeyHandler implements ICommandHandler<RevokeApiKey> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id }: RevokeApiKey): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      tx.append(apiKey, id, revokeApiKey(tx.target(apiKey, id)));
    });
  }
}

export const apiKeyCommandHandlers = [IssueApiKeyHandler, RevokeApiKeyHandler];
