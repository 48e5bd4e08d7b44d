import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { Ledger } from '../ledger/ledger.js';
import type { Transaction } from '../ledger/transaction.js';
import { ancestorsFrom } from './ownership.js';
import {
  acquirePartner,
  classifyPartner,
  endAffiliation,
  recordAffiliation,
  registerPartner,
} from './partner.decisions.js';
import type {
  ClassifyPartnerDto,
  EndAffiliationDto,
  RecordAcquisitionDto,
  RecordAffiliationDto,
  RegisterPartnerDto,
} from './partner.dto.js';
import { partner } from './partner.js';

export class RegisterPartner extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly body: RegisterPartnerDto,
  ) {
    super();
  }
}

@CommandHandler(RegisterPartner)
export class RegisterPartnerHandler implements ICommandHandler<RegisterPartner> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, body }: RegisterPartner): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const id = tx.newId();
      tx.create(partner, id);
      tx.append(partner, id, registerPartner(body, tx.now));
    });
  }
}

export class ClassifyPartner extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: ClassifyPartnerDto,
  ) {
    super();
  }
}

@CommandHandler(ClassifyPartner)
export class ClassifyPartnerHandler implements ICommandHandler<ClassifyPartner> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: ClassifyPartner): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      tx.append(partner, id, classifyPartner(tx.target(partner, id), body, tx.now));
    });
  }
}

export class RecordAffiliation extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: RecordAffiliationDto,
  ) {
    super();
  }
}

@CommandHandler(RecordAffiliation)
export class RecordAffiliationHandler implements ICommandHandler<RecordAffiliation> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: RecordAffiliation): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const owned = tx.target(partner, id);
      const above = ownersAbove(tx, body.otherPartnerId, body.effectiveFrom);
      tx.append(partner, id, recordAffiliation(owned, id, body, above, tx.now));
    });
  }
}

export class EndAffiliation extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: EndAffiliationDto,
  ) {
    super();
  }
}

@CommandHandler(EndAffiliation)
export class EndAffiliationHandler implements ICommandHandler<EndAffiliation> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: EndAffiliation): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      tx.append(partner, id, endAffiliation(tx.target(partner, id), body, tx.now));
    });
  }
}

export class RecordAcquisition extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: RecordAcquisitionDto,
  ) {
    super();
  }
}

@CommandHandler(RecordAcquisition)
export class RecordAcquisitionHandler implements ICommandHandler<RecordAcquisition> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: RecordAcquisition): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const acquired = tx.target(partner, id);
      const above = ownersAbove(tx, body.acquirerId, body.effectiveFrom);
      tx.append(partner, id, acquirePartner(acquired, id, body, above, tx.now));
    });
  }
}

/** Everybody above a partner that must exist: a new owner from among them would close a circle. */
function ownersAbove(tx: Transaction, ownerId: string, from: string): readonly string[] {
  tx.existing(partner, ownerId);
  return ancestorsFrom(ownerId, from, (id) => tx.get(partner, id));
}

export const partnerCommandHandlers = [
  RegisterPartnerHandler,
  ClassifyPartnerHandler,
  RecordAffiliationHandler,
  EndAffiliationHandler,
  RecordAcquisitionHandler,
];
