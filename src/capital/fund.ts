import { UNION_CLAUSE } from '../compute/compute.refusals.js';
import type { DomainEvent, Aggregate } from '../ledger/aggregate.js';
import { itsPartner, nobody, unknownEvent, upcast } from '../ledger/aggregate.js';
import type { Envelope } from '../ledger/event.js';
import { COMMITMENT_KINDS, IN_KIND_TREATMENTS, type CommitmentKind } from '../domain/commitment-kinds.js';
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
import { PARTNER_KINDS, type PartnerKind } from '../partners/partner.js';
import { moneyOf, parseMinor } from '../domain/money.js';

/** In the order of losses: the first kind loses first, and the last kind is paid first. */
export const TRANCHE_KINDS = ['first-loss', 'mezzanine', 'senior'] as const;
export type TrancheKind = (typeof TRANCHE_KINDS)[number];

const established = {
  name: text(),
  currency: currency(),
  targetMinor: amountMinor(),
  source: optional(text('Where the fund was published.')),
  illustrative: optional(flag('True for a made-up fund.')),
};
const establishedV1 = object(established);
const establishedWithAim = object({
  ...established,
  financesGigafactories: optional(
    flag('False if the fund finances no AI gigafactory. Without this member it may finance some.'),
  ),
});
const trancheDefined = object({
  trancheId: id(),
  rank: whole('1 takes the first loss.', 1),
  kind: oneOf(TRANCHE_KINDS),
  capMinor: amountMinor('The most that may be committed to the tranche.'),
});
const subscription = {
  trancheId: id(),
  commitmentId: id(),
  partnerId: id(),
  partnerKind: oneOf(PARTNER_KINDS),
  facilityId: optional(id()),
  deltaMinor: amountMinor('Negative if the committed amount decreases.'),
};
/** Schema 1 had no kind, and public money without a facility was accepted: nobody could tell whether it was for a gigafactory. */
const trancheSubscribedV1 = object(subscription);
const trancheSubscribed = object({
  ...subscription,
  kind: nullable(
    oneOf(COMMITMENT_KINDS, 'Kind of the commitment; null if it was recorded before the kind was stated.'),
  ),
});
/** The sums that were compared at the close. */
const sums = { facilityId: id(), unionMinor: amountMinor(), statesMinor: amountMinor() };
const SUMS = 'The sums that were compared, for each facility that commitments of the fund name.';
const MATCHING_MINOR = 'The part of `statesMinor` that counts as a match.';
const MATCHING_KINDS = 'The kinds of commitments that count as a match.';
const matchedV2 = {
  facilities: list(object({ ...sums, matchingMinor: optional(amountMinor(MATCHING_MINOR)) }), SUMS),
  committedMinor: amountMinor(),
  matchingPolicyVersion: optional(whole('The policy `matching-basis` in force at the close.', 1)),
  matchingKinds: optional(list(text(), MATCHING_KINDS)),
};
/** Schema 1 had no day of the close: after the recording of the close, a call of any date was accepted. */
const closedV1 = object(matchedV2);
const day = {
  reachedOn: date('Day of the close (UTC). No call may be dated before it.'),
  evidenceRef: nullable(text('Place of the evidence of the close; null if nobody stated it.')),
};
/** In schema 2 all kinds of commitments counted as a match without a policy, and what the Union gave in kind never counted. */
const closedV2 = object({ ...matchedV2, ...day });
const closed = object({
  facilities: list(object({ ...sums, matchingMinor: amountMinor(MATCHING_MINOR) }), SUMS),
  committedMinor: amountMinor(),
  matchingPolicyVersion: optional(whole('The policy `matching-basis` in force at the close; absent without one.', 1)),
  matchingKinds: list(text(), MATCHING_KINDS),
  unionInKindPolicyVersion: optional(whole('The policy `union-in-kind` in force at the close; absent without one.', 1)),
  unionInKind: oneOf(IN_KIND_TREATMENTS, 'Whether `unionMinor` has what the Union gives in kind.'),
  ...day,
});

export interface FundEstablished extends DomainEvent {
  readonly type: 'fund-established';
  readonly data: ValueOf<typeof establishedWithAim>;
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
  /** False if the fund was established as one that finances no AI gigafactory. */
  readonly financesGigafactories: boolean;
  /**
   * Signed money of the Union and of the states that names no facility, by commitment: nobody can check Art. 12b(5) for it. Empty if
   * the fund finances no AI gigafactory. Only commitments from before the ledger asked for the facility are in it.
   */
  readonly unplacedMinor: ReadonlyMap<string, bigint>;
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
      schema: 2,
      data: establishedWithAim,
      concerns: nobody,
      says: ({ data }) =>
        `The fund "${data.name}" was established. Its target is ${moneyOf(data, data.targetMinor)}.` +
        (data.financesGigafactories === false ? ' It finances no AI gigafactory.' : ''),
      upcasts: { 1: upcast(establishedV1, (data) => data) },
    },
    'tranche-defined': {
      schema: 1,
      data: trancheDefined,
      concerns: nobody,
      says: ({ data }) =>
        `The fund gets a ${data.kind} layer of rank ${data.rank}, which takes up to ${moneyOf(data, data.capMinor)}.`,
    },
    'tranche-subscribed': {
      schema: 2,
      data: trancheSubscribed,
      concerns: itsPartner,
      says: ({ data }) =>
        `Commitment ${data.commitmentId} changes the committed sum of layer ${data.trancheId} by ${moneyOf(data, data.deltaMinor)}.`,
      upcasts: { 1: upcast(trancheSubscribedV1, (data) => ({ ...data, kind: null })) },
    },
    'financial-close-reached': {
      schema: 3,
      data: closed,
      concerns: nobody,
      clauses: [UNION_CLAUSE],
      says: ({ data }) =>
        `The fund reached financial close on ${data.reachedOn} with ${moneyOf(data, data.committedMinor)} committed. ` +
        'Capital may be called from that day on.',
      upcasts: { 1: upcast(closedV1, closeOnDayOfRecord), 2: upcast(closedV2, withMatchOfItsTime) },
    },
  },
  exists: (state) => state.status !== 'absent',
  evolve(state, event) {
    switch (event.type) {
      case 'fund-established': {
        const { currency, targetMinor, financesGigafactories = true } = event.data;
        const nothing = { tranches: [], facilityIds: [], unplacedMinor: new Map() };
        return {
          status: 'established',
          currency,
          targetMinor: parseMinor(targetMinor),
          financesGigafactories,
          ...nothing,
        };
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
function closeOnDayOfRecord(data: ValueOf<typeof closedV1>, envelope: Envelope): ValueOf<typeof closedV2> {
  const { effectiveAt, recordedAt } = envelope;
  return { ...data, reachedOn: dateOf(parseInstant(effectiveAt ?? recordedAt)), evidenceRef: null };
}

/** Up to schema 2 a close without a policy stated no kinds, because all of them counted. */
function withMatchOfItsTime(data: ValueOf<typeof closedV2>): FinancialCloseReached['data'] {
  const { facilities, matchingKinds = [...COMMITMENT_KINDS].sort() } = data;
  const matched = facilities.map((sums) => ({ ...sums, matchingMinor: sums.matchingMinor ?? sums.statesMinor }));
  return { ...data, facilities: matched, matchingKinds, unionInKind: 'not-counted' };
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
    unplacedMinor: state.financesGigafactories ? unplacedAfter(state.unplacedMinor, data) : state.unplacedMinor,
  };
}

function unplacedAfter(
  before: FundTerms['unplacedMinor'],
  data: TrancheSubscribed['data'],
): FundTerms['unplacedMinor'] {
  const { commitmentId, facilityId, kind, partnerKind } = data;
  if (facilityId !== undefined || !needsFacility({ partnerKind, kind })) {
    // A later event of the same commitment may state the kind that an earlier one did not.
    if (!before.has(commitmentId)) return before;
    const after = new Map(before);
    after.delete(commitmentId);
    return after;
  }
  const amountMinor = (before.get(commitmentId) ?? 0n) + parseMinor(data.deltaMinor);
  return new Map(before).set(commitmentId, amountMinor);
}

/**
 * Whether Art. 12b(5) may be about the money, so that it has to name its facility: the clause limits what the Union pays for the computing
 * infrastructure of an AI gigafactory or for access time to it, and asks the Participating States to match it. A kind that nobody
 * stated may be one of these.
 */
export const needsFacility = ({
  partnerKind,
  kind,
}: {
  readonly partnerKind: PartnerKind;
  readonly kind: CommitmentKind | null;
}): boolean => (partnerKind === 'union' || partnerKind === 'member-state') && kind !== 'in-kind';

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
