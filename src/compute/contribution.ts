import { UNION_CLAUSE } from './compute.refusals.js';
import type { CommitmentKind } from '../domain/commitment-kinds.js';
import { refuse } from '../ledger/refusal.js';
import {
  countsAgainstCeiling,
  registered,
  type Contributions,
  type Facility,
  type RegisteredFacility,
} from './facility.js';
import type { ContributionFacts, FacilityEvent, FacilityKind } from './facility-events.js';

/** 12b(5): "up to 17 % of the capital expenditure (CAPEX) investments in the overall computing infrastructure". */
export const UNION_PERCENT_MAX = 17n;

/**
 * The maximum that the Union may contribute to a facility of this CAPEX; rounded down, so that it never exceeds 17 %.
 */
export const unionCeilingMinor = (capexMinor: bigint): bigint => (capexMinor * UNION_PERCENT_MAX) / 100n;

/**
 * The kinds of contribution of the Participating States that count as a match of the Union, from the policy
 * `matching-basis`. Without a policy all kinds count, because Art. 12b(5) excludes none.
 */
export type MatchingBasis = readonly CommitmentKind[] | undefined;

/** The sum of the Participating States' contributions that count as a match. */
function matchingMinorOf({ statesMinor, statesMinorByKind }: Contributions, basis: MatchingBasis): bigint {
  if (basis === undefined) return statesMinor;
  return basis.reduce((sumMinor, kind) => sumMinor + statesMinorByKind[kind], 0n);
}

export interface ContributionInput extends Omit<ContributionFacts, 'deltaMinor'> {
  /** Minor units. Negative if a commitment is decreased or cancelled. */
  readonly deltaMinor: bigint;
}

/**
 * Records the contribution of a commitment to the facility that it finances, after its signature, amendment or
 * cancellation.
 * @param closedOn present if the fund of the commitment has reached financial close: the states matched the Union at
 * the close, and no later change of one of its commitments may undo the match.
 * @throws Refusal `currency-differs`, `capex-unknown`, `union-ceiling-exceeded`, `states-below-union` (409; 12b(5) for AI
 * gigafactories).
 */
export function recordContribution(
  state: Facility,
  input: ContributionInput,
  closedOn?: { readonly basis: MatchingBasis },
): FacilityEvent[] {
  const current = registered(state);
  if (current.currency !== undefined && current.currency !== input.currency) {
    throw refuse(
      'currency-differs',
      `The facility is financed in ${current.currency}, not in ${input.currency}. Commit in ${current.currency}.`,
      { currency: input.currency, facilityCurrency: current.currency },
    );
  }
  const isGigafactory = current.kind === 'ai-gigafactory';
  const underCeiling = isGigafactory && countsAgainstCeiling(input);
  // A decrease is allowed even above the ceiling, because it brings the sum nearer to the ceiling.
  if (underCeiling && input.deltaMinor > 0n) requireBelowCeiling(current, input.deltaMinor);
  if (isGigafactory && closedOn) requireStillMatched(current, input, closedOn.basis);
  return [
    {
      type: 'contribution-recorded',
      data: { ...input, deltaMinor: input.deltaMinor.toString() },
      ...(underCeiling && { legalBasis: UNION_CLAUSE }),
    },
  ];
}

/**
 * Refuses only a change that makes the match worse. The policy may have changed since the close, and a change that
 * improves the match must stay possible.
 */
function requireStillMatched(
  { contributions }: RegisteredFacility,
  input: ContributionInput,
  basis: MatchingBasis,
): void {
  const { partnerKind, kind, deltaMinor } = input;
  const ofUnionMinor = countsAgainstCeiling(input) ? deltaMinor : 0n;
  const isMatching = partnerKind === 'member-state' && (basis === undefined || basis.includes(kind));
  const ofStatesMinor = isMatching ? deltaMinor : 0n;
  if (ofUnionMinor <= 0n && ofStatesMinor >= 0n) return;
  const unionMinor = contributions.unionMinor + ofUnionMinor;
  const statesMinor = matchingMinorOf(contributions, basis) + ofStatesMinor;
  if (statesMinor >= unionMinor) return;
  throw refuse(
    'states-below-union',
    `After financial close the Participating States go on matching the Union: they would contribute ${statesMinor} against its ` +
      `${unionMinor} minor units. Sign another state's commitment first, or lower the Union's.`,
    {
      clause: UNION_CLAUSE,
      rule: 'matching',
      unionMinor: unionMinor.toString(),
      statesMinor: statesMinor.toString(),
      deltaMinor: deltaMinor.toString(),
      ...(basis !== undefined && { matchingKinds: basis }),
    },
  );
}

function requireBelowCeiling({ capexMinor, contributions, currency }: RegisteredFacility, deltaMinor: bigint): void {
  if (capexMinor === undefined) {
    throw refuse(
      'capex-unknown',
      'The CAPEX of this AI gigafactory is not recorded, so that the 17 % ceiling of the Union contribution cannot be verified. ' +
        'Register the facility with capexMinor.',
      { clause: UNION_CLAUSE },
    );
  }
  const sumMinor = contributions.unionMinor + deltaMinor;
  const ceilingMinor = unionCeilingMinor(capexMinor);
  if (sumMinor <= ceilingMinor) return;
  throw refuse(
    'union-ceiling-exceeded',
    `The Union would contribute ${sumMinor} of a CAPEX of ${capexMinor} (minor units); at most ${ceilingMinor}, ${UNION_PERCENT_MAX} %, are allowed.`,
    {
      clause: UNION_CLAUSE,
      rule: 'union-ceiling',
      requestedMinor: deltaMinor.toString(),
      unionMinor: contributions.unionMinor.toString(),
      capexMinor: capexMinor.toString(),
      ceilingMinor: ceilingMinor.toString(),
      currency: currency ?? null,
    },
  );
}

/** Facts for the financial close of a fund: the contributions to the facility's computing CAPEX. */
export interface Funding {
  readonly facilityId: string;
  readonly kind: FacilityKind;
  readonly capexMinor?: bigint;
  /** CAPEX and purchases of access time by the Union. */
  readonly unionMinor: bigint;
  readonly statesMinor: bigint;
  /** The part of `statesMinor` that counts as a match. */
  readonly matchingMinor: bigint;
}

export function fundingOf(state: Facility, facilityId: string, basis: MatchingBasis): Funding {
  const { kind, capexMinor, contributions } = registered(state);
  const { unionMinor, statesMinor } = contributions;
  const matchingMinor = matchingMinorOf(contributions, basis);
  return { facilityId, kind, ...(capexMinor !== undefined && { capexMinor }), unionMinor, statesMinor, matchingMinor };
}

/** 12b(4): whether the hosting Member State has a signed commitment to this facility that is not cancelled. */
export function hostStateCommitted(state: Facility): boolean {
  const { hostStatePartnerId, contributions } = registered(state);
  return hostStatePartnerId !== undefined && contributions.byPartnerMinor.get(hostStatePartnerId, 0n) > 0n;
}
