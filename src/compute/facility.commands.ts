import { ownFacility } from './own-facility.js';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { Ledger } from '../ledger/ledger.js';
import type { Transaction } from '../ledger/transaction.js';
import { partner, type LegalForm } from '../partners/partner.js';
import { adoptQuotaPolicy, installCapacity, retireCapacity } from './capacity.js';
import type { AdoptQuotaPolicyDto, ChangeCapacityDto, RegisterFacilityDto } from './facility.dto.js';
import { facility, registerFacility } from './facility.js';

export class RegisterFacility extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly body: RegisterFacilityDto,
  ) {
    super();
  }
}

@CommandHandler(RegisterFacility)
export class RegisterFacilityHandler implements ICommandHandler<RegisterFacility> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, body }: RegisterFacility): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const id = tx.newId();
      tx.create(facility, id);
      if (body.operatorPartnerId !== undefined) tx.existing(partner, body.operatorPartnerId);
      tx.append(facility, id, registerFacility(body, legalFormOf(tx, body.hostStatePartnerId)));
    });
  }
}

export class InstallCapacity extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: ChangeCapacityDto,
  ) {
    super();
  }
}

@CommandHandler(InstallCapacity)
export class InstallCapacityHandler implements ICommandHandler<InstallCapacity> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: InstallCapacity): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      tx.append(facility, id, installCapacity(ownFacility(tx, id), body));
    });
  }
}

export class RetireCapacity extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: ChangeCapacityDto,
  ) {
    super();
  }
}

@CommandHandler(RetireCapacity)
export class RetireCapacityHandler implements ICommandHandler<RetireCapacity> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: RetireCapacity): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      tx.append(facility, id, retireCapacity(ownFacility(tx, id), body));
    });
  }
}

export class AdoptQuotaPolicy extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: AdoptQuotaPolicyDto,
  ) {
    super();
  }
}

@CommandHandler(AdoptQuotaPolicy)
export class AdoptQuotaPolicyHandler implements ICommandHandler<AdoptQuotaPolicy> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: AdoptQuotaPolicy): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const [adopted] = adoptQuotaPolicy(ownFacility(tx, id), body);
      tx.append(facility, id, [adopted]);
      return { version: adopted.data.version };
    });
  }
}

function legalFormOf(tx: Transaction, partnerId: string | undefined): LegalForm | undefined {
  if (partnerId === undefined) return undefined;
  const state = tx.existing(partner, partnerId);
  return state.status === 'absent' ? undefined : state.profile.legalForm;
}

export const facilityCommandHandlers = [
  RegisterFacilityHandler,
  InstallCapacityHandler,
  RetireCapacityHandler,
  AdoptQuotaPolicyHandler,
];
