import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { recordContribution } from '../compute/contribution.js';
import { facility, registered } from '../compute/facility.js';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { Ledger } from '../ledger/ledger.js';
import { unknown } from '../ledger/refusal.js';
import type { Transaction } from '../ledger/transaction.js';
import { partner, partnerKindOf } from '../partners/partner.js';
import { distribute, issueCall, payCall } from './cash.decisions.js';
import { amend, cancel, pledge, pledgeTerms, sign } from './commitment.decisions.js';
import type {
  AmendCommitmentDto,
  CancelCommitmentDto,
  DistributeDto,
  IssueCallDto,
  PayCallDto,
  PledgeCommitmentDto,
  SignCommitmentDto,
} from './commitment.dto.js';
import { commitment, existingCommitment, type CommitmentTerms, type ExistingCommitment } from './commitment.js';
import { subscribe } from './fund.decisions.js';
import { fund } from './fund.js';
import { matchingPolicyAt } from './matching-policy.js';

export class PledgeCommitment extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly body: PledgeCommitmentDto,
  ) {
    super();
  }
}

@CommandHandler(PledgeCommitment)
export class PledgeCommitmentHandler implements ICommandHandler<PledgeCommitment> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, body }: PledgeCommitment): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const id = tx.newId();
      tx.create(commitment, id);
      tx.append(commitment, id, pledge(termsFor(tx, body), body));
    });
  }
}

export class SignCommitment extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: SignCommitmentDto,
  ) {
    super();
  }
}

@CommandHandler(SignCommitment)
export class SignCommitmentHandler implements ICommandHandler<SignCommitment> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: SignCommitment): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const [event] = sign(ownTarget(tx, id), body, tx.now);
      tx.append(commitment, id, [event]);
      moveCommitted(tx, id, event.data, BigInt(event.data.amountMinor));
    });
  }
}

export class AmendCommitment extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: AmendCommitmentDto,
  ) {
    super();
  }
}

@CommandHandler(AmendCommitment)
export class AmendCommitmentHandler implements ICommandHandler<AmendCommitment> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: AmendCommitment): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const [event] = amend(ownTarget(tx, id), body);
      tx.append(commitment, id, [event]);
      moveCommitted(tx, id, event.data, BigInt(event.data.deltaMinor));
    });
  }
}

export class IssueCall extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: IssueCallDto,
  ) {
    super();
  }
}

@CommandHandler(IssueCall)
export class IssueCallHandler implements ICommandHandler<IssueCall> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: IssueCall): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const current = ownTarget(tx, id);
      const callId = tx.newId('call');
      const toFund = tx.existing(fund, current.terms.fundId);
      tx.append(commitment, id, issueCall(current, toFund, callId, body));
      return { callId };
    });
  }
}

export class PayCall extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly callId: string,
    readonly body: PayCallDto,
  ) {
    super();
  }
}

@CommandHandler(PayCall)
export class PayCallHandler implements ICommandHandler<PayCall> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, callId, body }: PayCall): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      tx.append(commitment, id, payCall(ownTarget(tx, id), callId, body, tx.now));
      return { callId };
    });
  }
}

export class Distribute extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: DistributeDto,
  ) {
    super();
  }
}

@CommandHandler(Distribute)
export class DistributeHandler implements ICommandHandler<Distribute> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: Distribute): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      tx.append(commitment, id, distribute(ownTarget(tx, id), body, tx.now));
    });
  }
}

export class CancelCommitment extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: CancelCommitmentDto,
  ) {
    super();
  }
}

@CommandHandler(CancelCommitment)
export class CancelCommitmentHandler implements ICommandHandler<CancelCommitment> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: CancelCommitment): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const [event] = cancel(ownTarget(tx, id), body);
      tx.append(commitment, id, [event]);
      moveCommitted(tx, id, event.data, -BigInt(event.data.releasedMinor));
    });
  }
}

/** Looks up everything that a pledge names: 404 for what does not exist, 403 when another partner would be bound. */
function termsFor(tx: Transaction, body: PledgeCommitmentDto): CommitmentTerms {
  const { partnerId, fundId, facilityId } = body;
  tx.requireOwn(partnerId);
  const pledging = tx.get(partner, partnerId);
  if (pledging.status === 'absent') throw unknown('partner', partnerId);
  const facilityCurrency =
    facilityId === undefined ? undefined : registered(tx.existing(facility, facilityId)).currency;
  return pledgeTerms(body, tx.existing(fund, fundId), partnerKindOf(pledging.profile.legalForm), facilityCurrency);
}

/**
 * The commitment that the route names. Whose it is comes before its revision: a stranger must not learn from a 412 that
 * something has happened to it.
 */
function ownTarget(tx: Transaction, id: string): ExistingCommitment {
  tx.requireOwn(existingCommitment(tx.existing(commitment, id)).terms.partnerId);
  return existingCommitment(tx.target(commitment, id));
}

/**
 * Carries a change of what is committed to the streams that keep the limits on it, in the same append: the fund the cap
 * of the tranche, the facility the Union's ceiling and, once the fund is closed, that the states match it. A refusal by
 * either refuses the whole command.
 */
function moveCommitted(tx: Transaction, commitmentId: string, terms: CommitmentTerms, deltaMinor: bigint): void {
  if (deltaMinor === 0n) return;
  const { fundId, trancheId, partnerId, partnerKind, facilityId, kind, currency } = terms;
  const change = { commitmentId, partnerId, partnerKind, deltaMinor };
  const subscription = { ...change, trancheId, ...(facilityId !== undefined && { facilityId }) };
  const financing = tx.existing(fund, fundId);
  tx.append(fund, fundId, subscribe(financing, subscription));
  if (facilityId === undefined) return;
  const contribution = { ...change, kind, currency };
  const closedOn = financing.status === 'closed' ? { basis: matchingPolicyAt(tx)?.kinds } : undefined;
  tx.append(facility, facilityId, recordContribution(tx.existing(facility, facilityId), contribution, closedOn));
}

export const commitmentCommandHandlers = [
  PledgeCommitmentHandler,
  SignCommitmentHandler,
  AmendCommitmentHandler,
  IssueCallHandler,
  PayCallHandler,
  DistributeHandler,
  CancelCommitmentHandler,
];
