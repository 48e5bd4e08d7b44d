import { UNION_CLAUSE } from '../compute/compute.refusals.js';
import type { CommitmentKind } from '../domain/commitment-kinds.js';
import { UNION_PERCENT_MAX, unionCeilingMinor, type ContributionRules, type Funding } from '../compute/contribution.js';
import { invalid, refuse, unknown } from '../ledger/refusal.js';
import type { PartnerKind } from '../partners/partner.js';
import type {
  EstablishedFund,
  Fund,
  FundEstablished,
  FinancialCloseReached,
  Tranche,
  TrancheDefined,
  TrancheKind,
  TrancheSubscribed,
} from './fund.js';
import { TRANCHE_KINDS, committedMinorOf, existingFund, needsFacility } from './fund.js';
import { formatMinor, parseMinor } from '../domain/money.js';
import { notInFuture } from '../domain/past-dates.js';
import { dateOf, parseInstant } from '../ledger/time.js';

/** Layers of one fund. Real structures have three or four. With this limit every read of a fund fits one small page. */
export const TRANCHE_RANK_MAX = 20;
/**
 * Facilities that one fund may finance. Financial close reads all of them in one command and lists them in one event.
 */
export const FUND_FACILITIES_MAX = 200;
/** Commitments that one refusal names. */
const UNPLACED_LISTED_MAX = 20;

export interface EstablishFundInput {
  readonly name: string;
  readonly currency: string;
  readonly targetMinor: string;
  /** False: the fund finances no AI gigafactory, for ever. */
  readonly financesGigafactories?: boolean;
  readonly source?: string;
  readonly illustrative?: boolean;
}

/**
 * Establishes a fund.
 * @throws Refusal `amount-not-positive` (422).
 */
export function establish(input: EstablishFundInput): [FundEstablished] {
  const { name, currency, financesGigafactories, source, illustrative } = input;
  const targetMinor = formatMinor(positiveMinor(input.targetMinor, '/targetMinor'));
  return [
    {
      type: 'fund-established',
      data: {
        name,
        currency,
        targetMinor,
        ...(financesGigafactories !== undefined && { financesGigafactories }),
        ...(source !== undefined && { source }),
        ...(illustrative !== undefined && { illustrative }),
      },
    },
  ];
}

export interface DefineTrancheInput {
  readonly rank: number;
  readonly kind: TrancheKind;
  readonly capMinor: string;
}

/**
 * Adds a layer. Ranks are unique, and may have gaps, so that a layer can be put between two others. With a higher rank
 * the kind never becomes less senior (first-loss, then mezzanine, then senior; a kind may repeat or be missing): losses
 * run by rank, and a "senior" layer must not lose before a "first-loss" one. No layer is added after financial close,
 * because partners have signed for a fixed order.
 * @throws Refusal `amount-not-positive`, `rank-out-of-range` (422), `layers-settled`, `rank-taken`,
 * `rank-contradicts-kind`, `caps-exceed-target` (409).
 */
export function defineTranche(state: Fund, trancheId: string, input: DefineTrancheInput): [TrancheDefined] {
  const { rank, kind } = input;
  const { status, tranches, targetMinor } = existingFund(state);
  const capMinor = positiveMinor(input.capMinor, '/capMinor');
  if (!Number.isInteger(rank) || rank < 1 || rank > TRANCHE_RANK_MAX) {
    throw invalid('rank-out-of-range', '/rank', `A rank is an integer from 1 to ${TRANCHE_RANK_MAX}.`, { rank });
  }
  if (status === 'closed') {
    throw refuse('layers-settled', 'Financial close is reached: the layers of this fund are settled.');
  }
  checkRank(tranches, rank, kind);
  const capsMinor = tranches.reduce((sum, tranche) => sum + tranche.capMinor, capMinor);
  if (capsMinor > targetMinor) {
    throw refuse(
      'caps-exceed-target',
      `With this tranche the caps would add up to ${capsMinor}, more than the target of ${targetMinor} minor units.`,
      { capsMinor: capsMinor.toString(), targetMinor: formatMinor(targetMinor) },
    );
  }
  return [{ type: 'tranche-defined', data: { trancheId, rank, kind, capMinor: formatMinor(capMinor) } }];
}

function checkRank(tranches: readonly Tranche[], rank: number, kind: TrancheKind): void {
  const taken = tranches.find((tranche) => tranche.rank === rank);
  if (taken) {
    throw refuse('rank-taken', `Rank ${rank} is taken by tranche ${taken.trancheId}. Choose another rank.`, {
      rank,
      trancheId: taken.trancheId,
    });
  }
  const seniority = TRANCHE_KINDS.indexOf(kind);
  const contradicted = tranches.find((other) => {
    const step = TRANCHE_KINDS.indexOf(other.kind) - seniority;
    return other.rank < rank ? step > 0 : step < 0;
  });
  if (contradicted) {
    throw refuse(
      'rank-contradicts-kind',
      `A ${kind} tranche at rank ${rank} would lose ${contradicted.rank < rank ? 'after' : 'before'} the ` +
        `${contradicted.kind} tranche at rank ${contradicted.rank}. Ranks run from first-loss over mezzanine to senior.`,
      { rank, kind, otherRank: contradicted.rank, otherKind: contradicted.kind },
    );
  }
}

export interface SubscribeInput {
  readonly trancheId: string;
  readonly commitmentId: string;
  readonly partnerId: string;
  readonly partnerKind: PartnerKind;
  readonly kind: CommitmentKind;
  readonly facilityId?: string;
  /** Positive for a signature, positive or negative for an amendment, negative for a cancellation. */
  readonly deltaMinor: bigint;
}

/**
 * Changes the committed sum of a tranche. Signatures after financial close may use the rest of its cap.
 * @throws Refusal `unknown-tranche` (404), `tranche-cap-exceeded`, `tranche-below-zero`, `too-many-facilities`, `facility-missing` (409).
 */
export function subscribe(state: Fund, input: SubscribeInput): [TrancheSubscribed] {
  const { trancheId, facilityId, deltaMinor, ...commitment } = input;
  const { capMinor, committedMinor } = trancheOf(state, trancheId);
  const afterMinor = committedMinor + deltaMinor;
  if (deltaMinor > 0n) requireFacility(state, input);
  const facts = {
    trancheId,
    committedMinor: formatMinor(committedMinor),
    deltaMinor: formatMinor(deltaMinor),
    capMinor: formatMinor(capMinor),
  };
  if (deltaMinor > 0n && afterMinor > capMinor) {
    throw refuse(
      'tranche-cap-exceeded',
      `The tranche has ${committedMinor} of ${capMinor} minor units committed; ${capMinor - committedMinor} are free, ` +
        `not ${deltaMinor}. Commit less or choose another tranche.`,
      { ...facts, availableMinor: formatMinor(capMinor - committedMinor) },
    );
  }
  if (afterMinor < 0n) {
    throw refuse('tranche-below-zero', `Only ${committedMinor} minor units are committed to the tranche.`, facts);
  }
  const { facilityIds } = existingFund(state);
  if (facilityId !== undefined && !facilityIds.includes(facilityId) && facilityIds.length >= FUND_FACILITIES_MAX) {
    throw refuse('too-many-facilities', `A fund finances at most ${FUND_FACILITIES_MAX} facilities.`, {
      limit: FUND_FACILITIES_MAX,
    });
  }
  const data = { trancheId, ...commitment, deltaMinor: formatMinor(deltaMinor) };
  return [{ type: 'tranche-subscribed', data: { ...data, ...(facilityId !== undefined && { facilityId }) } }];
}

/**
 * Refuses money of the Union or of a state that names no facility, because nobody could then check the ceiling and the match of Art.
 * 12b(5). A fund that finances no AI gigafactory needs no facility. A pledge from before this rule is refused at its signature: it
 * binds nobody yet, and can be withdrawn and made again.
 * @throws Refusal `facility-missing` (409).
 */
export function requireFacility(
  state: Fund,
  { partnerKind, kind, facilityId }: Pick<SubscribeInput, 'partnerKind' | 'kind' | 'facilityId'>,
): void {
  if (facilityId !== undefined || !existingFund(state).financesGigafactories) return;
  if (!needsFacility({ partnerKind, kind })) return;
  throw refuse(
    'facility-missing',
    `A ${kind} commitment of the kind of partner ${partnerKind} has to name the facility that it finances, so that the ceiling of the ` +
      'Union and the match by the Participating States can be checked. Pledge it with a facilityId, or to a fund that was established ' +
      'with financesGigafactories: false.',
    { clause: UNION_CLAUSE, partnerKind, kind },
  );
}

/**
 * Finds a tranche of a fund.
 * @throws Refusal `unknown-tranche` (404).
 */
export function trancheOf(state: Fund, trancheId: string): Tranche {
  const tranche = existingFund(state).tranches.find((candidate) => candidate.trancheId === trancheId);
  if (!tranche) throw unknown('tranche', trancheId);
  return tranche;
}

export interface ReachFinancialCloseInput {
  /** A day (UTC). If absent, the day of the decision. */
  readonly reachedOn?: string;
  readonly evidenceRef?: string;
}

/**
 * Reaches financial close, once. Capital may be called from its day on. Art. 12b(5) is about AI gigafactories, so the
 * match and the ceiling are checked only for facilities of that kind. The event contains the sums of the other
 * facilities as well.
 * @param facilities sums under these rules.
 * @throws Refusal `date-in-future` (422); `financial-close-reached-already`, `nothing-signed`, `states-below-union`,
 * `capex-unknown`, `union-ceiling-exceeded`, `facility-missing` (409).
 */
export function reachFinancialClose(
  state: Fund,
  facilities: readonly Funding[],
  input: ReachFinancialCloseInput,
  now: string,
  rules: ContributionRules,
): [FinancialCloseReached] {
  const { reachedOn = dateOf(parseInstant(now)), evidenceRef = null } = input;
  notInFuture('reachedOn', reachedOn, now);
  const current = existingFund(state);
  if (current.status === 'closed') {
    throw refuse('financial-close-reached-already', 'This fund has reached financial close; that happens once.');
  }
  const committedMinor = committedMinorOf(current);
  if (committedMinor === 0n) {
    throw refuse('nothing-signed', 'No commitment to this fund is signed. Sign at least one first.', {
      committedMinor: '0',
    });
  }
  requireAllPlaced(current);
  const gigafactories = facilities.filter(({ kind }) => kind === 'ai-gigafactory');
  for (const facility of gigafactories) checkUnionShare(facility);
  const { matchingKinds, matchingPolicyVersion, unionInKind, unionInKindPolicyVersion } = rules;
  return [
    {
      type: 'financial-close-reached',
      data: {
        facilities: facilities.map(({ facilityId, unionMinor, statesMinor, matchingMinor }) => ({
          facilityId,
          // Sums over any number of funds may have more digits than one amount.
          unionMinor: unionMinor.toString(),
          statesMinor: statesMinor.toString(),
          matchingMinor: matchingMinor.toString(),
        })),
        committedMinor: formatMinor(committedMinor),
        reachedOn,
        evidenceRef,
        matchingKinds,
        ...(matchingPolicyVersion !== undefined && { matchingPolicyVersion }),
        unionInKind,
        ...(unionInKindPolicyVersion !== undefined && { unionInKindPolicyVersion }),
      },
      ...(gigafactories.length > 0 && { legalBasis: UNION_CLAUSE }),
    },
  ];
}

/** Commitments from before the ledger asked for the facility: the Union's share is not known while they name none. */
function requireAllPlaced({ unplacedMinor }: EstablishedFund): void {
  const unplaced = [...unplacedMinor].filter(([, amountMinor]) => amountMinor > 0n);
  if (unplaced.length === 0) return;
  const sumMinor = unplaced.reduce((sum, [, amountMinor]) => sum + amountMinor, 0n);
  const commitmentIds = unplaced.slice(0, UNPLACED_LISTED_MAX).map(([commitmentId]) => commitmentId);
  throw refuse(
    'facility-missing',
    `${unplaced.length} commitments of the Union or of states name no facility: ${sumMinor} minor units, for which the ceiling and the ` +
      'match cannot be checked. Cancel each of them, and pledge and sign it again with its facilityId.',
    { clause: UNION_CLAUSE, unplacedMinor: sumMinor.toString(), commitments: unplaced.length, commitmentIds },
  );
}

function checkUnionShare(funding: Funding): void {
  const { facilityId, unionMinor, statesMinor, matchingMinor, capexMinor } = funding;
  const facts = {
    clause: UNION_CLAUSE,
    facilityId,
    unionMinor: unionMinor.toString(),
    statesMinor: statesMinor.toString(),
    matchingMinor: matchingMinor.toString(),
  };
  if (matchingMinor < unionMinor) {
    const others =
      statesMinor === matchingMinor ? '' : ` (of ${statesMinor}; the rest is of a kind that does not count)`;
    throw refuse(
      'states-below-union',
      `Participating States have signed ${matchingMinor}${others} for facility ${facilityId} and must at least match the ` +
        `Union's ${unionMinor} minor units: ${unionMinor - matchingMinor} are missing.`,
      facts,
    );
  }
  if (unionMinor === 0n) return;
  if (capexMinor === undefined) {
    throw refuse(
      'capex-unknown',
      `Facility ${facilityId} has no stated CAPEX, so that the Union's share of it cannot be checked.`,
      facts,
    );
  }
  const ceilingMinor = unionCeilingMinor(capexMinor);
  if (unionMinor > ceilingMinor) {
    throw refuse(
      'union-ceiling-exceeded',
      `The Union has signed ${unionMinor} for facility ${facilityId}; ${UNION_PERCENT_MAX} % of its CAPEX of ` +
        `${capexMinor} are ${ceilingMinor} minor units.`,
      { ...facts, capexMinor: capexMinor.toString(), ceilingMinor: ceilingMinor.toString() },
    );
  }
}

/**
 * Reads an amount that must be above zero.
 * @throws Refusal `amount-not-positive` (422) with the pointer to the field.
 */
export function positiveMinor(text: string, pointer: string): bigint {
  const amountMinor = parseMinor(text);
  if (amountMinor <= 0n) {
    throw invalid('amount-not-positive', pointer, `${text} is not an amount above 0 minor units.`, { amount: text });
  }
  return amountMinor;
}
