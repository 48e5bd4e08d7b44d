import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { fundingOf } from '../compute/contribution.js';
import { facility } from '../compute/facility.js';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { Ledger } from '../ledger/ledger.js';
import { defineTranche, establish, reachFinancialClose } from './fund.decisions.js';
import type { DefineTrancheDto, EstablishFundDto } from './fund.dto.js';
import { existingFund, fund } from './fund.js';
import { matchingPolicyAt } from './matching-policy.js';

export class EstablishFund extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly body: EstablishFundDto,
  ) {
    super();
  }
}

@CommandHandler(EstablishFund)
export class EstablishFundHandler implements ICommandHandler<EstablishFund> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, body }: EstablishFund): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const id = tx.newId();
      tx.create(fund, id);
      tx.append(fund, id, establish(body));
    });
  }
}

export class DefineTranche extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: DefineTrancheDto,
  ) {
    super();
  }
}

@CommandHandler(DefineTranche)
export class DefineTrancheHandler implements ICommandHandler<DefineTranche> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: DefineTranche): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const trancheId = tx.newId('tranche');
      tx.append(fund, id, defineTranche(tx.target(fund, id), trancheId, body));
      return { trancheId };
    });
  }
}

export class ReachFinancialClose extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
  ) {
    super();
  }
}

@CommandHandler(ReachFinancialClose)
export class ReachFinancialCloseHandler implements ICommandHandler<ReachFinancialClose> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id }: ReachFinancialClose): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const current = existingFund(tx.target(fund, id));
      const matching = matchingPolicyAt(tx);
      const facilities = current.facilityIds.map((one) => fundingOf(tx.existing(facility, one), one, matching?.kinds));
      tx.append(fund, id, reachFinancialClose(current, facilities, matching));
    });
  }
}

export const fundCommandHandlers = [EstablishFundHandler, DefineTrancheHandler, ReachFinancialCloseHandler];
