import { Map as PersistentMap } from 'immutable';
import { COMMITMENT_KINDS, IN_KIND_DESCRIPTIONS, type InKindDescription } from '../domain/commitment-kinds.js';
import type { DomainEvent, Aggregate } from '../ledger/aggregate.js';
import { itsPartner, unknownEvent, upcast } from '../ledger/aggregate.js';
import { currency } from '../domain/currencies.js';
import {
  amountMinor,
  date,
  flag,
  id,
  object,
  oneOf,
  optional,
  text,
  whole,
  type Schema,
  type ValueOf,
} from '../ledger/schema.js';
import { PARTNER_KINDS } from '../partners/partner.js';
import { TRANCHE_KINDS } from './fund.js';
import { moneyOf, parseMinor } from '../domain/money.js';

/** Every event of a commitment contains the terms, so that a reader of one event needs no other event. */
const terms = {
  fundId: id(),
  trancheId: id(),
  trancheRank: whole('1 takes the first loss.', 1),
  trancheKind: oneOf(TRANCHE_KINDS),
  partnerId: id(),
  partnerKind: oneOf(PARTNER_KINDS),
  facilityId: optional(id('The facility that the money is for.')),
  currency: currency('Currency of all amounts of the commitment.'),
  kind: oneOf(COMMITMENT_KINDS),
};
const termsSchema = object(terms);
export type CommitmentTerms = ValueOf<typeof termsSchema>;

/**
 * Every event that changes the unfunded part contains this effect. A signature adds the whole amount and states no
 * effect.
 */
const effect = { unfundedDeltaMinor: amountMinor('Change of the amount that may still be called.') };
const effectSchema = object(effect);
type UnfundedEffect = ValueOf<typeof effectSchema>;

const pledge = {
  ...terms,
  amountMinor: amountMinor(),
  programme: optional(text('Programme that the money is from.')),
  source: optional(text('Where the amount was published.')),
  illustrative: optional(flag('True for a made-up amount.')),
};
/** In schema 1 public money needed no facility, nobody described what is given in kind, and only three kinds of partners were public. */
const pledgedV1 = object(pledge);
const pledged = object({
  ...pledge,
  describes: optional(oneOf(IN_KIND_DESCRIPTIONS, 'What is given in kind. Only, and always, for the kind `in-kind`.')),
});
const accepted = object({
  ...terms,
  amountMinor: amountMinor('The pledged amount.'),
  acceptedOn: date(),
  evidenceRef: optional(text('Where the acceptance is kept.')),
});
const signed = object({ ...terms, amountMinor: amountMinor(), signedOn: date() });
/** Schema 2 names the request of the partner that the operator accepts. In schema 1 the partner needed no acceptance. */
const accepting = { decreaseRequestId: optional(id('The request of the partner that is accepted with it.')) };
const amendment = {
  ...terms,
  ...effect,
  deltaMinor: amountMinor('Change of the committed amount.'),
  reason: text(),
};
const amendedV1 = object(amendment);
const amended = object({ ...amendment, ...accepting });
const decreaseRequested = object({
  ...terms,
  requestId: id(),
  amountMinor: optional(amountMinor('Minor units to take away. Absent: the whole unfunded part, by a cancellation.')),
  reason: text(),
});
const callIssued = object({
  ...terms,
  ...effect,
  callId: id(),
  amountMinor: amountMinor(),
  issuedOn: date(),
  dueOn: date(),
});
const callPaid = object({ ...terms, callId: id(), amountMinor: amountMinor(), paidOn: date() });
const distributed = object({
  ...terms,
  ...effect,
  amountMinor: amountMinor('The whole distribution.'),
  recallableMinor: amountMinor('The part of it that may be called again.'),
  paidOn: date(),
});
const cancelling = {
  ...terms,
  ...effect,
  reason: text(),
  releasedMinor: amountMinor(
    'The signed amount that is no longer callable; 0 for a withdrawn pledge, because a pledge does not bind.',
  ),
};
const cancellationV1 = object(cancelling);
const cancellation = object({ ...cancelling, ...accepting });

interface EventOf<Type extends string, Data extends Schema<object>> extends DomainEvent {
  readonly type: Type;
  readonly data: ValueOf<Data>;
}

export type CommitmentPledged = EventOf<'commitment-pledged', typeof pledged>;
export type CommitmentAccepted = EventOf<'commitment-accepted', typeof accepted>;
export type CommitmentSigned = EventOf<'commitment-signed', typeof signed>;
export type CommitmentAmended = EventOf<'commitment-amended', typeof amended>;
export type DecreaseRequested = EventOf<'decrease-requested', typeof decreaseRequested>;
export type CapitalCallIssued = EventOf<'capital-call-issued', typeof callIssued>;
export type CapitalCallPaid = EventOf<'capital-call-paid', typeof callPaid>;
export type DistributionPaid = EventOf<'distribution-paid', typeof distributed>;
export type CommitmentCancelled = EventOf<'commitment-cancelled', typeof cancellation>;
export type CommitmentEvent =
  | CommitmentPledged
  | CommitmentAccepted
  | CommitmentSigned
  | CommitmentAmended
  | DecreaseRequested
  | CapitalCallIssued
  | CapitalCallPaid
  | DistributionPaid
  | CommitmentCancelled;

export interface Call {
  readonly amountMinor: bigint;
  readonly paidMinor: bigint;
  readonly issuedOn: string;
}

/**
 * The sums of a signed commitment. `unfundedMinor = committedMinor - calledMinor + recallableMinor` always, and `0 <=
 * unfundedMinor <= committedMinor`. The called sum may exceed the committed one, because recalled money is called
 * twice.
 */
export interface CommitmentBalance {
  /** The signed amount, plus amendments, less the part that a cancellation released. */
  readonly committedMinor: bigint;
  readonly calledMinor: bigint;
  readonly paidMinor: bigint;
  readonly distributedMinor: bigint;
  /** The part of the distributions that may be called again. */
  readonly recallableMinor: bigint;
  /** The amount that may still be called. */
  readonly unfundedMinor: bigint;
  readonly calls: PersistentMap<string, Call>;
  /** Day of the earliest payment; absent until something is paid in. */
  readonly firstPaidOn?: string;
}

/** What the partner asks to take away after financial close. A later request replaces an earlier one. */
export interface DecreaseRequest {
  readonly requestId: string;
  /** Absent: the whole unfunded part, by a cancellation. */
  readonly amountMinor?: bigint;
  readonly reason: string;
}

export type Commitment = { readonly status: 'absent' } | ExistingCommitment;
export type ExistingCommitment = PledgedCommitment | SignedCommitment | CancelledCommitment;
export interface PledgedCommitment {
  readonly status: 'pledged';
  readonly terms: CommitmentTerms;
  readonly pledgedMinor: bigint;
  /** Absent until the operator accepts the pledge. */
  readonly acceptedOn?: string;
  /** What is given in kind; absent for money, and for pledges from before the ledger asked. */
  readonly describes?: InKindDescription;
}
export interface SignedCommitment extends CommitmentBalance {
  readonly status: 'signed';
  readonly terms: CommitmentTerms;
  readonly signedOn: string;
  /** The request that waits for its acceptance by the operator. */
  readonly decreaseRequest?: DecreaseRequest;
}
/**
 * No capital may be called. Earlier calls stay payable, and paid-in capital still receives distributions: the
 * cancellation released only the unfunded part.
 */
export interface CancelledCommitment extends CommitmentBalance {
  readonly status: 'cancelled';
  readonly terms: CommitmentTerms;
  /** Absent if a pledge was withdrawn, because it was never signed. */
  readonly signedOn?: string;
}

const NO_BALANCE: CommitmentBalance = {
  committedMinor: 0n,
  calledMinor: 0n,
  paidMinor: 0n,
  distributedMinor: 0n,
  recallableMinor: 0n,
  unfundedMinor: 0n,
  calls: PersistentMap(),
};

const money = (amountMinor: string, terms: CommitmentTerms): string => moneyOf(terms, amountMinor);

export const commitment: Aggregate<Commitment, CommitmentEvent> = {
  name: 'commitment',
  initial: { status: 'absent' },
  events: {
    'commitment-pledged': {
      schema: 2,
      data: pledged,
      concerns: itsPartner,
      says: ({ data }) =>
        `Partner ${data.partnerId} pledged ${money(data.amountMinor, data)}. The pledge binds nobody before it is signed.`,
      upcasts: { 1: upcast(pledgedV1, (data) => data) },
    },
    'commitment-accepted': {
      schema: 1,
      data: accepted,
      concerns: itsPartner,
      says: ({ data }) =>
        `The operator accepted the pledge of ${money(data.amountMinor, data)} on ${data.acceptedOn}. The partner may sign it.`,
    },
    'commitment-signed': {
      schema: 1,
      data: signed,
      concerns: itsPartner,
      says: ({ data }) => `The pledge of ${money(data.amountMinor, data)} was signed on ${data.signedOn}.`,
    },
    'commitment-amended': {
      schema: 2,
      data: amended,
      concerns: itsPartner,
      says: ({ data }) => `The committed amount changes by ${money(data.deltaMinor, data)}. Reason: ${data.reason}`,
      upcasts: { 1: upcast(amendedV1, (data) => data) },
    },
    'decrease-requested': {
      schema: 1,
      data: decreaseRequested,
      concerns: itsPartner,
      says: ({ data }) =>
        (data.amountMinor === undefined
          ? 'The partner asks to cancel the commitment'
          : `The partner asks to lower the committed amount by ${money(data.amountMinor, data)}`) +
        `; nothing changes before the operator accepts it. Reason: ${data.reason}`,
    },
    'capital-call-issued': {
      schema: 1,
      data: callIssued,
      concerns: itsPartner,
      says: ({ data }) =>
        `${money(data.amountMinor, data)} were called on ${data.issuedOn} and are due on ${data.dueOn}.`,
    },
    'capital-call-paid': {
      schema: 1,
      data: callPaid,
      concerns: itsPartner,
      says: ({ data }) => `${money(data.amountMinor, data)} were paid on ${data.paidOn}.`,
    },
    'distribution-paid': {
      // Schema 2 has the same members. From it on a distribution follows financial close and a payment, and what becomes callable
      // again was paid in.
      schema: 2,
      data: distributed,
      concerns: itsPartner,
      says: ({ data }) =>
        `${money(data.amountMinor, data)} were paid back on ${data.paidOn}; ${money(data.recallableMinor, data)} of them may be called again.`,
      upcasts: { 1: upcast(distributed, (data) => data) },
    },
    'commitment-cancelled': {
      schema: 2,
      data: cancellation,
      concerns: itsPartner,
      says: ({ data }) =>
        `The commitment was cancelled, which releases ${money(data.releasedMinor, data)}. Reason: ${data.reason}`,
      upcasts: { 1: upcast(cancellationV1, (data) => data) },
    },
  },
  exists: (state) => state.status !== 'absent',
  evolve(state, event) {
    switch (event.type) {
      case 'commitment-pledged':
        return {
          status: 'pledged',
          terms: termsOf(event.data),
          pledgedMinor: parseMinor(event.data.amountMinor),
          ...(event.data.describes !== undefined && { describes: event.data.describes }),
        };
      case 'commitment-accepted':
        if (state.status !== 'pledged') throw new Error(`A commitment that is ${state.status} cannot be accepted.`);
        return { ...state, acceptedOn: event.data.acceptedOn };
      case 'commitment-signed': {
        const amountMinor = parseMinor(event.data.amountMinor);
        return {
          ...NO_BALANCE,
          status: 'signed',
          terms: termsOf(event.data),
          signedOn: event.data.signedOn,
          committedMinor: amountMinor,
          unfundedMinor: amountMinor,
        };
      }
      case 'commitment-amended': {
        const { decreaseRequest, ...current } = asSigned(state);
        const { decreaseRequestId, deltaMinor } = event.data;
        const open = decreaseRequestId === decreaseRequest?.requestId ? undefined : decreaseRequest;
        return withUnfunded({ ...current, ...(open && { decreaseRequest: open }) }, event.data, {
          committedMinor: current.committedMinor + parseMinor(deltaMinor),
        });
      }
      case 'decrease-requested': {
        const { requestId, amountMinor, reason } = event.data;
        const request = {
          requestId,
          reason,
          ...(amountMinor !== undefined && { amountMinor: parseMinor(amountMinor) }),
        };
        return { ...asSigned(state), decreaseRequest: request };
      }
      case 'capital-call-issued':
        return withCall(balanced(state), event.data);
      case 'capital-call-paid':
        return withPayment(balanced(state), event.data);
      case 'distribution-paid': {
        const current = balanced(state);
        return withUnfunded(current, event.data, {
          distributedMinor: current.distributedMinor + parseMinor(event.data.amountMinor),
          recallableMinor: current.recallableMinor + parseMinor(event.data.recallableMinor),
        });
      }
      case 'commitment-cancelled':
        return cancelled(state, event.data);
      default:
        return unknownEvent('commitment', event);
    }
  },
};

/** The part of an event's data that every event of the commitment repeats. */
function termsOf(data: CommitmentTerms): CommitmentTerms {
  const { fundId, trancheId, trancheRank, trancheKind, partnerId, partnerKind, facilityId, currency, kind } = data;
  const terms = { fundId, trancheId, trancheRank, trancheKind, partnerId, partnerKind, currency, kind };
  return facilityId === undefined ? terms : { ...terms, facilityId };
}

/**
 * Narrows to an existing commitment. The write side has found every commitment that a command names.
 * @throws Error if there is none, which no caller can cause.
 */
export function existingCommitment(state: Commitment): ExistingCommitment {
  if (state.status === 'absent') throw new Error('A commitment is used before it is pledged.');
  return state;
}

type Balanced = SignedCommitment | CancelledCommitment;

/** Only a damaged history has a cash event of a commitment that was never signed. Folding such a history must stop. */
function balanced(state: Commitment): Balanced {
  if (state.status === 'signed' || state.status === 'cancelled') return state;
  throw new Error(`A commitment that is ${state.status} cannot have this event.`);
}

function asSigned(state: Commitment): SignedCommitment {
  if (state.status === 'signed') return state;
  throw new Error(`A commitment that is ${state.status} cannot have this event.`);
}

function withUnfunded<P extends Balanced>(state: P, effect: UnfundedEffect, change: Partial<CommitmentBalance>): P {
  return { ...state, ...change, unfundedMinor: state.unfundedMinor + parseMinor(effect.unfundedDeltaMinor) };
}

function withCall(state: Balanced, data: CapitalCallIssued['data']): Commitment {
  const amountMinor = parseMinor(data.amountMinor);
  return withUnfunded(state, data, {
    calledMinor: state.calledMinor + amountMinor,
    calls: state.calls.set(data.callId, { amountMinor, paidMinor: 0n, issuedOn: data.issuedOn }),
  });
}

function withPayment(state: Balanced, data: CapitalCallPaid['data']): Commitment {
  const amountMinor = parseMinor(data.amountMinor);
  const call = state.calls.get(data.callId);
  if (!call) throw new Error(`A payment names the call ${data.callId}, which was never issued.`);
  const { firstPaidOn = data.paidOn } = state;
  return {
    ...state,
    firstPaidOn: firstPaidOn < data.paidOn ? firstPaidOn : data.paidOn,
    paidMinor: state.paidMinor + amountMinor,
    calls: state.calls.set(data.callId, { ...call, paidMinor: call.paidMinor + amountMinor }),
  };
}

function cancelled(state: Commitment, data: CommitmentCancelled['data']): Commitment {
  if (state.status === 'pledged') return { ...NO_BALANCE, status: 'cancelled', terms: state.terms };
  const { terms, signedOn, ...balance } = balanced(state);
  return {
    terms,
    ...(signedOn !== undefined && { signedOn }),
    calledMinor: balance.calledMinor,
    paidMinor: balance.paidMinor,
    distributedMinor: balance.distributedMinor,
    recallableMinor: balance.recallableMinor,
    calls: balance.calls,
    ...(balance.firstPaidOn !== undefined && { firstPaidOn: balance.firstPaidOn }),
    status: 'cancelled',
    committedMinor: balance.committedMinor - parseMinor(data.releasedMinor),
    unfundedMinor: balance.unfundedMinor + parseMinor(data.unfundedDeltaMinor),
  };
}
