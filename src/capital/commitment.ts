import { Map as PersistentMap } from 'immutable';
import type { CommitmentKind } from '../domain/commitment-kinds.js';
import type { DomainEvent, Aggregate } from '../ledger/aggregate.js';
import { unknownEvent } from '../ledger/aggregate.js';
import type { PartnerKind } from '../partners/partner.js';
import type { TrancheKind } from './fund.js';
import { moneyOf, parseMinor } from '../domain/money.js';

/** Every event of a commitment contains the terms, so that a reader of one event needs no other event. */
export interface CommitmentTerms {
  readonly fundId: string;
  readonly trancheId: string;
  readonly trancheRank: number;
  readonly trancheKind: TrancheKind;
  readonly partnerId: string;
  readonly partnerKind: PartnerKind;
  readonly facilityId?: string;
  readonly currency: string;
  readonly kind: CommitmentKind;
}
/**
 * Every event that changes the unfunded part contains this effect. A signature adds the whole amount and states no
 * effect.
 */
interface UnfundedEffect {
  readonly unfundedDeltaMinor: string;
}
interface EventOf<Type extends string, Data extends object> extends DomainEvent {
  readonly type: Type;
  readonly data: CommitmentTerms & Data;
}

export type CommitmentPledged = EventOf<
  'commitment-pledged',
  {
    readonly amountMinor: string;
    readonly programme?: string;
    readonly source?: string;
    readonly illustrative?: boolean;
  }
>;
export type CommitmentSigned = EventOf<
  'commitment-signed',
  { readonly amountMinor: string; readonly signedOn: string }
>;
export type CommitmentAmended = EventOf<
  'commitment-amended',
  UnfundedEffect & { readonly deltaMinor: string; readonly reason: string }
>;
export type CapitalCallIssued = EventOf<
  'capital-call-issued',
  UnfundedEffect & {
    readonly callId: string;
    readonly amountMinor: string;
    readonly issuedOn: string;
    readonly dueOn: string;
  }
>;
export type CapitalCallPaid = EventOf<
  'capital-call-paid',
  { readonly callId: string; readonly amountMinor: string; readonly paidOn: string }
>;
export type DistributionPaid = EventOf<
  'distribution-paid',
  UnfundedEffect & { readonly amountMinor: string; readonly recallableMinor: string; readonly paidOn: string }
>;
export type CommitmentCancelled = EventOf<
  'commitment-cancelled',
  UnfundedEffect & {
    readonly reason: string;
    /** The signed amount that is no longer callable; 0 for a withdrawn pledge, because a pledge does not bind. */
    readonly releasedMinor: string;
  }
>;
export type CommitmentEvent =
  | CommitmentPledged
  | CommitmentSigned
  | CommitmentAmended
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
}

export type Commitment = { readonly status: 'absent' } | ExistingCommitment;
export type ExistingCommitment = PledgedCommitment | SignedCommitment | CancelledCommitment;
export interface PledgedCommitment {
  readonly status: 'pledged';
  readonly terms: CommitmentTerms;
  readonly pledgedMinor: bigint;
}
export interface SignedCommitment extends CommitmentBalance {
  readonly status: 'signed';
  readonly terms: CommitmentTerms;
  readonly signedOn: string;
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
      schema: 1,
      says: ({ data }) =>
        `Partner ${data.partnerId} pledged ${money(data.amountMinor, data)}. The pledge binds nobody before it is signed.`,
    },
    'commitment-signed': {
      schema: 1,
      says: ({ data }) => `The pledge of ${money(data.amountMinor, data)} was signed on ${data.signedOn}.`,
    },
    'commitment-amended': {
      schema: 1,
      says: ({ data }) => `The committed amount changes by ${money(data.deltaMinor, data)}. Reason: ${data.reason}`,
    },
    'capital-call-issued': {
      schema: 1,
      says: ({ data }) =>
        `${money(data.amountMinor, data)} were called on ${data.issuedOn} and are due on ${data.dueOn}.`,
    },
    'capital-call-paid': {
      schema: 1,
      says: ({ data }) => `${money(data.amountMinor, data)} were paid on ${data.paidOn}.`,
    },
    'distribution-paid': {
      schema: 1,
      says: ({ data }) =>
        `${money(data.amountMinor, data)} were paid back on ${data.paidOn}; ${money(data.recallableMinor, data)} of them may be called again.`,
    },
    'commitment-cancelled': {
      schema: 1,
      says: ({ data }) =>
        `The commitment was cancelled, which releases ${money(data.releasedMinor, data)}. Reason: ${data.reason}`,
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
        };
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
        const current = balanced(state);
        return withUnfunded(current, event.data, {
          committedMinor: current.committedMinor + parseMinor(event.data.deltaMinor),
        });
      }
      case 'capital-call-issued':
        return callIssued(balanced(state), event.data);
      case 'capital-call-paid':
        return callPaid(balanced(state), event.data);
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

function withUnfunded<P extends Balanced>(state: P, effect: UnfundedEffect, change: Partial<CommitmentBalance>): P {
  return { ...state, ...change, unfundedMinor: state.unfundedMinor + parseMinor(effect.unfundedDeltaMinor) };
}

function callIssued(state: Balanced, data: CapitalCallIssued['data']): Commitment {
  const amountMinor = parseMinor(data.amountMinor);
  return withUnfunded(state, data, {
    calledMinor: state.calledMinor + amountMinor,
    calls: state.calls.set(data.callId, { amountMinor, paidMinor: 0n, issuedOn: data.issuedOn }),
  });
}

function callPaid(state: Balanced, data: CapitalCallPaid['data']): Commitment {
  const amountMinor = parseMinor(data.amountMinor);
  const call = state.calls.get(data.callId);
  if (!call) throw new Error(`A payment names the call ${data.callId}, which was never issued.`);
  return {
    ...state,
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
    status: 'cancelled',
    committedMinor: balance.committedMinor - parseMinor(data.releasedMinor),
    unfundedMinor: balance.unfundedMinor + parseMinor(data.unfundedDeltaMinor),
  };
}
