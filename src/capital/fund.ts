import type { DomainEvent, Aggregate } from '../ledger/aggregate.js';
import { unknownEvent } from '../ledger/aggregate.js';
import type { Envelope } from '../ledger/event.js';
import { dateOf, parseInstant } from '../ledger/time.js';
import type { PartnerKind } from '../partners/partner.js';
import { parseMinor } from '../domain/money.js';

/** From the one that loses first to the one that is paid first. */
export const TRANCHE_KINDS = ['first-loss', 'mezzanine', 'senior'] as const;
export type TrancheKind = (typeof TRANCHE_KINDS)[number];

export interface FundEstablished extends DomainEvent {
  readonly type: 'fund-established';
  readonly data: {
    readonly name: string;
    readonly currency: string;
    readonly targetMinor: string;
    readonly source?: string;
    readonly illustrative?: boolean;
  };
}
export interface TrancheDefined extends DomainEvent {
  readonly type: 'tranche-defined';
  readonly data: {
    readonly trancheId: string;
    readonly rank: number;
    readonly kind: TrancheKind;
    readonly capMinor: string;
  };
}
/** A signature, an amendment or a cancellation as the tranche sees it: this keeps the cap on one stream. */
export interface TrancheSubscribed extends DomainEvent {
  readonly type: 'tranche-subscribed';
  readonly data: {
    readonly trancheId: string;
    readonly commitmentId: string;
    readonly partnerId: string;
    readonly partnerKind: PartnerKind;
    readonly facilityId?: string;
    /** Negative when a commitment shrinks. */
    readonly deltaMinor: string;
  };
}
export interface FinancialCloseReached extends DomainEvent {
  readonly type: 'financial-close-reached';
  readonly data: FinancialCloseV1 & {
    /** Day of the close (UTC). No call may be dated before it. */
    readonly reachedOn: string;
    /** Where the evidence of the close is kept; null where nobody stated it. */
    readonly evidenceRef: string | null;
  };
}
/** Schema 1 had no day: any call was accepted once the close was recorded, whatever the date of the call. */
interface FinancialCloseV1 {
  /** The sums that were compared, per facility that commitments of the fund name. */
  readonly facilities: readonly {
    readonly facilityId: string;
    readonly unionMinor: string;
    readonly statesMinor: string;
    /** The part of `statesMinor` that counts; there with a policy only, as are the next two. */
    readonly matchingMinor?: string;
  }[];
  readonly committedMinor: string;
  readonly matchingPolicyVersion?: number;
  readonly matchingKinds?: readonly string[];
}
export type FundEvent = FundEstablished | TrancheDefined | TrancheSubscribed | FinancialCloseReached;

export interface Tranche {
  readonly trancheId: string;
  /** 1 takes the first loss. */
  readonly rank: number;
  readonly kind: TrancheKind;
  readonly capMinor: bigint;
  /** Sum of the signed commitments, amendments and cancellations included. */
  readonly committedMinor: bigint;
}

export type Fund = { readonly status: 'absent' } | EstablishedFund | ClosedFund;
export interface FundTerms {
  readonly currency: string;
  readonly targetMinor: bigint;
  /** In order of rank. */
  readonly tranches: readonly Tranche[];
  /** Facilities that signed commitments have named, in the order in which they appeared. */
  readonly facilityIds: readonly string[];
}
export interface EstablishedFund extends FundTerms {
  readonly status: 'established';
}
/** Financial close is reached: capital may be called from its day on, and the layers are settled. */
export interface ClosedFund extends FundTerms {
  readonly status: 'closed';
  /** Day of the close (UTC). */
  readonly reachedOn: string;
}

export const fund: Aggregate<Fund, FundEvent> = {
  name: 'fund',
  initial: { status: 'absent' },
  events: {
    'fund-established': {
      schema: 1,
      says: ({ data }) =>
        `The fund "${data.name}" was established. Its target is ${data.targetMinor} minor units of ${data.currency}.`,
    },
    'tranche-defined': {
      schema: 1,
      says: ({ data }) =>
        `The fund gets a ${data.kind} layer of rank ${data.rank}, which takes up to ${data.capMinor} minor units.`,
    },
    'tranche-subscribed': {
      schema: 1,
      says: ({ data }) =>
        `Commitment ${data.commitmentId} changes the committed sum of layer ${data.trancheId} by ${data.deltaMinor} minor units.`,
    },
    'financial-close-reached': {
      schema: 2,
      says: ({ data }) =>
        `The fund reached financial close on ${data.reachedOn} with ${data.committedMinor} minor units committed. ` +
        'Capital may be called from that day on.',
      upcasts: { 1: closeOnDayOfRecord },
    },
  },
  exists: (state) => state.status !== 'absent',
  evolve(state, event) {
    switch (event.type) {
      case 'fund-established': {
        const { currency, targetMinor } = event.data;
        return { status: 'established', currency, targetMinor: parseMinor(targetMinor), tranches: [], facilityIds: [] };
      }
      case 'tranche-defined': {
        const { trancheId, rank, kind, capMinor } = event.data;
        const tranche = { trancheId, rank, kind, capMinor: parseMinor(capMinor), committedMinor: 0n };
        const current = existingFund(state);
        return { ...current, tranches: [...current.tranches, tranche].sort((a, b) => a.rank - b.rank) };
      }
      case 'tranche-subscribed':
        return subscribed(existingFund(state), event.data);
      case 'financial-close-reached':
        return { ...existingFund(state), status: 'closed', reachedOn: event.data.reachedOn };
      default:
        return unknownEvent('fund', event);
    }
  },
};

/** Nobody stated the day of a close of schema 1. The day on which the ledger has it in effect stands for it. */
function closeOnDayOfRecord(data: FinancialCloseV1, envelope: Envelope): FinancialCloseReached['data'] {
  const { effectiveAt, recordedAt } = envelope;
  return { ...data, reachedOn: dateOf(parseInstant(effectiveAt ?? recordedAt)), evidenceRef: null };
}

function subscribed(state: EstablishedFund | ClosedFund, data: TrancheSubscribed['data']): Fund {
  const { trancheId, facilityId } = data;
  const deltaMinor = parseMinor(data.deltaMinor);
  const isNew = facilityId !== undefined && !state.facilityIds.includes(facilityId);
  return {
    ...state,
    tranches: state.tranches.map((tranche) =>
      tranche.trancheId === trancheId ? { ...tranche, committedMinor: tranche.committedMinor + deltaMinor } : tranche,
    ),
    facilityIds: isNew ? [...state.facilityIds, facilityId] : state.facilityIds,
  };
}

/** Everything signed so far, over all tranches. */
export const committedMinorOf = (terms: FundTerms): bigint =>
  terms.tranches.reduce((sum, { committedMinor }) => sum + committedMinor, 0n);

/**
 * Narrows to an established fund. The write side has already answered 404 for a fund that does not exist.
 * @throws Error when a stream does not begin with its establishment, which only a damaged history can do.
 */
export function existingFund(state: Fund): EstablishedFund | ClosedFund {
  if (state.status === 'absent') throw new Error('A fund is used before it is established.');
  return state;
}
