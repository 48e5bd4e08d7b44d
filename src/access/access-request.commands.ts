import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { releaseGrant } from './allocation.js';
import { facility } from '../compute/facility.js';
import { policy, versionAt } from '../governance/policy.js';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { Ledger } from '../ledger/ledger.js';
import { unknown } from '../ledger/refusal.js';
import type { Transaction } from '../ledger/transaction.js';
import { ultimateParentAt } from '../partners/ownership.js';
import { categoryAt, partner } from '../partners/partner.js';
import { accessCall, openedCall } from './access-call.js';
import {
  decideRequest,
  recordEligibility,
  revokeGrant,
  submitRequest,
  withdrawRequest,
  type Applicant,
} from './access-request.decisions.js';
import type {
  DecideAccessRequestDto,
  RecordEligibilityDto,
  RevokeGrantDto,
  SubmitAccessRequestDto,
  WithdrawAccessRequestDto,
} from './access-request.dto.js';
import { accessRequest, type AccessRequest } from './access-request.js';
import { effectiveInstant, type LateRecording } from './late-recording.js';

export class SubmitAccessRequest extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly body: SubmitAccessRequestDto,
  ) {
    super();
  }
}

@CommandHandler(SubmitAccessRequest)
export class SubmitAccessRequestHandler implements ICommandHandler<SubmitAccessRequest> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, body }: SubmitAccessRequest): Promise<Answer> {
    const { principal } = context;
    return this.ledger.execute(context, (tx) => {
      tx.requireOwn(body.partnerId);
      const id = tx.newId();
      tx.create(accessRequest, id);
      const call = openedCall(tx.existing(accessCall, body.callId));
      const applicant = applicantAt(tx, body.partnerId, effectiveInstant(body, principal, tx.now));
      const events = submitRequest(call, applicant, body, principal, tx.now);
      tx.append(accessRequest, id, events, { subject: id, content: confidential(body) });
    });
  }
}

export class WithdrawAccessRequest extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: WithdrawAccessRequestDto,
  ) {
    super();
  }
}

@CommandHandler(WithdrawAccessRequest)
export class WithdrawAccessRequestHandler implements ICommandHandler<WithdrawAccessRequest> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: WithdrawAccessRequest): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      tx.append(accessRequest, id, withdrawRequest(ownTarget(tx, id), body, context.principal, tx.now));
    });
  }
}

export class RecordEligibility extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: RecordEligibilityDto,
  ) {
    super();
  }
}

@CommandHandler(RecordEligibility)
export class RecordEligibilityHandler implements ICommandHandler<RecordEligibility> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: RecordEligibility): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const request = tx.target(accessRequest, id);
      const associated = associatedCountries(tx, body);
      tx.append(accessRequest, id, recordEligibility(request, body, context.principal, associated, tx.now));
    });
  }
}

export class DecideAccessRequest extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: DecideAccessRequestDto,
  ) {
    super();
  }
}

@CommandHandler(DecideAccessRequest)
export class DecideAccessRequestHandler implements ICommandHandler<DecideAccessRequest> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: DecideAccessRequest): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const request = tx.target(accessRequest, id);
      const associated = associatedCountries(tx, body);
      tx.append(accessRequest, id, decideRequest(request, body, context.principal, associated, tx.now));
    });
  }
}

export class RevokeGrant extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: RevokeGrantDto,
  ) {
    super();
  }
}

@CommandHandler(RevokeGrant)
export class RevokeGrantHandler implements ICommandHandler<RevokeGrant> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, body }: RevokeGrant): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const [revoked] = revokeGrant(tx.target(accessRequest, id), body, context.principal, tx.now);
      tx.append(accessRequest, id, [revoked]);
      // In the same append: at no position does a revoked grant still hold chips.
      const { facilityId, revokedAt } = revoked.data;
      const released = releaseGrant(tx.existing(facility, facilityId), id, revokedAt, 'grant-revoked');
      tx.append(facility, facilityId, released);
      return { releasedAllocations: released.length };
    });
  }
}

/** What the ledger knows of an applicant at the instant of its submission. */
function applicantAt(tx: Transaction, partnerId: string, submittedAt: string): Applicant {
  const state = tx.get(partner, partnerId);
  if (state.status === 'absent') throw unknown('partner', partnerId);
  return {
    partnerId,
    country: state.profile.country,
    ultimateParentId: ultimateParentAt(partnerId, submittedAt, (id) => tx.get(partner, id)),
    category: categoryAt(state, submittedAt),
  };
}

/** Kept out of the event: names of people and what a project is about are nobody's business but the panel's. */
const confidential = ({ purpose, contact }: SubmitAccessRequestDto): object => ({
  purpose,
  ...(contact !== undefined && { contact }),
});

/** The list in force when the step takes effect; without a policy only Member States are eligible. */
function associatedCountries(tx: Transaction, { effectiveAt = tx.now }: LateRecording): readonly string[] {
  const name = 'associated-countries';
  return versionAt(tx.get(policy, name), name, effectiveAt)?.value ?? [];
}

/**
 * The request that the route names. Whose it is comes before its revision: a stranger must not learn from a 412 that
 * something has happened to it.
 */
function ownTarget(tx: Transaction, id: string): AccessRequest {
  const request = tx.existing(accessRequest, id);
  if (request.status !== 'absent') tx.requireOwn(request.application.partnerId);
  return tx.target(accessRequest, id);
}

export const accessRequestCommandHandlers = [
  SubmitAccessRequestHandler,
  WithdrawAccessRequestHandler,
  RecordEligibilityHandler,
  DecideAccessRequestHandler,
  RevokeGrantHandler,
];
