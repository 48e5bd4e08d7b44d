import { UNION_CLAUSE } from '../compute/compute.refusals.js';
import type { DomainEvent, Aggregate } from '../ledger/aggregate.js';
import { itsPartner, nobody, unknownEvent, upcast } from '../ledger/aggregate.js';
import type { Envelope } from '../ledger/event.js';
import { currency } from '../domain/currencies.js';
import {
  amountMinor,
  date,
  flag,
  id,
  list,
  nullable,
  object,
  oneOf,
  optional,
  text,
  whole,
  type ValueOf,
} from '../ledger/schema.js';
import { dateOf, parseInstant } from '../ledger/time.js';
import { PARTNER_KINDS } from '../partners/partner.js';
import { moneyOf, parseMinor } from '../domain/money.js';

/** In the order of losses: the first kind loses first, and the last kind is paid first. */
export const TRANCHE_KINDS = ['first-loss', 'mezzanine', 'senior'] as const;
export type TrancheKind = (typeof TRANCHE_KINDS)[number];

const established = object({
  name: text(),
  currency: currency(),
  targetMinor: amountMinor(),
  source: optional(text('Where the fund was published.')),
  illustrative: optional(flag('True for a made-up fund.')),
});
const trancheDefined = object({
  trancheId: id(),
  rank: whole('1 takes the first loss.', 1),
  kind: oneOf(TRANCHE_KINDS),
  capMinor: amountMinor('The most that may be committed to the tranche.'),
});
const trancheSubscribed = object({
  trancheId: id(),
  commitmentId: id(),
  partnerId: id(),
  partnerKind: oneOf(PARTNER_KINDS),
  facilityId: optional(id()),
  deltaMinor: amountMinor('Negative if the committed amount decreases.'),
});
/** The sums that were compared at the close. */
const matched = {
  facilities: list(
    object({
      facilityId: id(),
      unionMinor: amountMinor(),
      statesMinor: amountMinor(),
      matchingMinor: optional(amountMinor('The part of `statesMinor` that counts as a match. Only with a policy.')),
    }),
    'The sums that were compared, for each facility that commitments of the fund name.',
  ),
  committedMinor: amountMinor(),
  matchingPolicyVersion: optional(whole('The policy `matching-basis` in force at the close.', 1)),
  matchingKinds: optional(list(text(), 'The kinds of commitments that count as a match by that policy.')),
};
/** Schema 1 had no day of the close: after the recording of the close, a call of any date was accepted. */
const closedV1 = object(matched);
const closed = object({
  ...matched,
  reachedOn: date('Day of the close (UTC). No call may be dated before it.'),
  evidenceRef: nullable(text('Place of the evidence of the close; null if nobody stated it.')),
});

export interface FundEstablished extends DomainEvent {
  readonly type: 'fund-established';
  readonly data: ValueOf<typeof established>;
}
export interface TrancheDefined extends DomainEvent {
  readonly type: 'tranche-defined';
  readonly data: ValueOf<typeof trancheDefined>;
}
/**
 * The effect of a signature, an amendment or a cancellation on a tranche. With these events the cap is checked on one
 * stream.
 */
export interface TrancheSubscribed extends DomainEvent {
  readonly type: 'tranche-subscribed';
  readonly data: ValueOf<typeof trancheSubscribed>;
}
export interface FinancialCloseReached extends DomainEvent {
  readonly type: 'financial-close-reached';
  readonly data: ValueOf<typeof closed>;
}
export type FundEvent = FundEstablished | TrancheDefined | TrancheSubscribed | FinancialCloseReached;

export interface Tranche {
  readonly trancheId: string;
  /** Rank 1 takes the first loss. */
  readonly rank: number;
  readonly kind: TrancheKind;
  readonly capMinor: bigint;
  /** Sum of the signed commitments, with amendments and cancellations. */
  readonly committedMinor: bigint;
}

export type Fund = { readonly status: 'absent' } | EstablishedFund | ClosedFund;
export interface FundTerms {
  readonly currency: string;
  readonly targetMinor: bigint;
  /** In order of rank. */
  readonly tranches: readonly Tranche[];
  /** Facilities that signed commitments name, in the order of their first signature. */
  readonly facilityIds: readonly string[];
}
export interface EstablishedFund extends FundTerms {
  readonly status: 'established';
}
/** A fund after financial close: capital may be called from the day of the close on, and the layers cannot change. */
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
      data: established,
      concerns: nobody,
      says: ({ data }) => `The fund "${data.name}" was established. Its target is ${moneyOf(data, data.targetMinor)}.`,
    },
    'tranche-defined': {
      schema: 1,
      data: trancheDefined,
      concerns: nobody,
      says: ({ data }) =>
        `The fund gets a ${data.kind} layer of rank ${data.rank}, which takes up to ${moneyOf(data, data.capMinor)}.`,
    },
    'tranche-subscribed': {
      schema: 1,
      data: trancheSubscribed,
      concerns: itsPartner,
      says: ({ data }) =>
        `Commitment ${data.commitmentId} changes the committed sum of layer ${data.trancheId} by ${moneyOf(data, data.deltaMinor)}.`,
    },
    'financial-close-reached': {
      schema: 2,
      data: closed,
      concerns: nobody,
      clauses: [UNION_CLAUSE],
      says: ({ data }) =>
        `The fund reached financial close on ${data.reachedOn} with ${moneyOf(data, data.committedMinor)} committed. ` +
        'Capital may be called from that day on.',
      upcasts: { 1: upcast(closedV1, closeOnDayOfRecord) },
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

/**
 * In schema 1 nobody stated the day of the close. The day from which the close is in effect in the ledger replaces it.
 */
function closeOnDayOfRecord(data: ValueOf<typeof closedV1>, envelope: Envelope): FinancialCloseReached['data'] {
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

/** Sum of the signed commitments over all tranches. */
export const committedMinorOf = (terms: FundTerms): bigint =>
  terms.tranches.reduce((sum, { committedMinor }) => sum + committedMinor, 0n);

/**
 * Narrows to an established fund. The write side has answered 404 before if the fund does not exist.
 * @throws Error if a stream does not begin with the establishment of its fund, which happens only in a damaged history.
 */
export function existingFund(state: Fund): EstablishedFund | ClosedFund {
  if (state.status === 'absent') throw new Error('A fund is used before it is established.');
  return state;
}
