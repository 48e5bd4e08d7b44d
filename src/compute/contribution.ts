import { UNION_CLAUSE } from './compute.refusals.js';
import type { CommitmentKind, InKindTreatment } from '../domain/commitment-kinds.js';
import { refuse } from '../ledger/refusal.js';
import { registered, type Contributions, type Facility, type RegisteredFacility } from './facility.js';
import type { ContributionFacts, FacilityEvent, FacilityKind } from './facility-events.js';

/** 12b(5): "up to 17 % of the capital expenditure (CAPEX) investments in the overall computing infrastructure". */
export const UNION_PERCENT_MAX = 17n;

/**
 * The maximum that the Union may contribute to a facility of this CAPEX; rounded down, so that it never exceeds 17 %.
 */
export const unionCeilingMinor = (capexMinor: bigint): bigint => (capexMinor * UNION_PERCENT_MAX) / 100n;

/** Art. 12b(5): money for the CAPEX, or instead of it the guaranteed purchase of access time. */
export const FINANCING_KINDS: readonly CommitmentKind[] = ['access-time-purchase', 'capex'];

/** How contributions are counted: what policies of the board say, and what holds while the board has adopted none. */
export interface ContributionRules {
  /**
   * `matching-basis`: the kinds of contribution of the Participating States that count as a match of the Union. Without a policy the
   * two forms of a contribution that Art. 12b(5) names. It names nothing in kind, and Art. 12b(10) leaves donated access time out
   * even where things in kind count; so the board must say that they count.
   */
  readonly matchingKinds: readonly CommitmentKind[];
  readonly matchingPolicyVersion?: number;
  /**
   * `union-in-kind`: whether what the Union gives in kind is a part of the "Union financial contribution" that Art. 12b(5) limits to 17 %
   * and asks the states to match. Against it: a thing is no financial contribution. For it: the 17 % are a share of the
   * investments in the infrastructure, and a thing that the Union gives replaces such an investment; not counted, the Union
   * could equip the whole site. Without a policy it counts, because then no reading of the ceiling is broken.
   */
  readonly unionInKind: InKindTreatment;
  readonly unionInKindPolicyVersion?: number;
  /** `union-share-maximum`: percent of the CAPEX of a facility of the kind that the Union may pay. Without a policy there is no limit. */
  readonly unionShareMaximum: Readonly<Partial<Record<FacilityKind, number>>>;
  readonly unionSharePolicyVersion?: number;
}

/** The rules while the board has adopted no policy. */
export const RULES_WITHOUT_POLICY: ContributionRules = {
  matchingKinds: FINANCING_KINDS,
  unionInKind: 'counted',
  unionShareMaximum: {},
};

/** The sum of the Participating States' contributions that count as a match. */
const matchingMinorOf = ({ statesMinorByKind }: Contributions, { matchingKinds }: ContributionRules): bigint =>
  matchingKinds.reduce((sumMinor, kind) => sumMinor + statesMinorByKind[kind], 0n);

/** The contribution of the Union that the ceiling limits and the states match. */
const unionMinorOf = ({ unionMinor, unionInKindMinor }: Contributions, { unionInKind }: ContributionRules): bigint =>
  unionInKind === 'counted' ? unionMinor + unionInKindMinor : unionMinor;

const isOfUnion = ({ partnerKind, kind }: ContributionInput, { unionInKind }: ContributionRules): boolean =>
  partnerKind === 'union' && (kind !== 'in-kind' || unionInKind === 'counted');

export interface ContributionInput extends Omit<ContributionFacts, 'deltaMinor' | 'signedOn'> {
  /** Minor units. Negative if a commitment is decreased or cancelled. */
  readonly deltaMinor: bigint;
  readonly signedOn: string;
}

/**
 * Records the contribution of a commitment to the facility that it finances, after its signature, amendment or
 * cancellation.
 * @param isClosed whether the fund of the commitment has reached financial close: the states matched the Union at
 * the close, and no later change of one of its commitments may undo the match.
 * @throws Refusal `currency-differs`, `capex-unknown`, `union-ceiling-exceeded`, `states-below-union` (409; 12b(5) for AI
 * gigafactories), `union-share-exceeded` (409; the policy `union-share-maximum` for other facilities).
 */
export function recordContribution(
  state: Facility,
  input: ContributionInput,
  rules: ContributionRules,
  isClosed: boolean,
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
  const ofUnion = isOfUnion(input, rules);
  // A decrease is allowed even above the ceiling, because it brings the sum nearer to the ceiling.
  if (ofUnion && input.deltaMinor > 0n) requireBelowCeiling(current, input.deltaMinor, rules);
  if (isGigafactory && isClosed) requireStillMatched(current, input, rules);
  return [
    {
      type: 'contribution-recorded',
      data: { ...input, deltaMinor: input.deltaMinor.toString() },
      ...(isGigafactory && ofUnion && { legalBasis: UNION_CLAUSE }),
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
  rules: ContributionRules,
): void {
  const { partnerKind, kind, deltaMinor } = input;
  const ofUnionMinor = isOfUnion(input, rules) ? deltaMinor : 0n;
  const isMatching = partnerKind === 'member-state' && rules.matchingKinds.includes(kind);
  const ofStatesMinor = isMatching ? deltaMinor : 0n;
  if (ofUnionMinor <= 0n && ofStatesMinor >= 0n) return;
  const unionMinor = unionMinorOf(contributions, rules) + ofUnionMinor;
  const statesMinor = matchingMinorOf(contributions, rules) + ofStatesMinor;
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
      matchingKinds: rules.matchingKinds,
    },
  );
}

/** The ceiling of the law for a gigafactory, of the policy for another facility; none without a policy. */
function requireBelowCeiling(state: RegisteredFacility, deltaMinor: bigint, rules: ContributionRules): void {
  const { capexMinor, contributions, currency, kind } = state;
  const percent = kind === 'ai-gigafactory' ? Number(UNION_PERCENT_MAX) : rules.unionShareMaximum[kind];
  if (percent === undefined) return;
  if (capexMinor === undefined) {
    throw refuse(
      'capex-unknown',
      `The CAPEX of this ${kind} is not recorded, so that the ceiling of ${percent} % for the Union contribution cannot be verified. ` +
        'Register the facility with capexMinor.',
      kind === 'ai-gigafactory' ? { clause: UNION_CLAUSE } : { policy: 'union-share-maximum' },
    );
  }
  const unionMinor = unionMinorOf(contributions, rules);
  const sumMinor = unionMinor + deltaMinor;
  const ceilingMinor = (capexMinor * BigInt(percent)) / 100n;
  if (sumMinor <= ceilingMinor) return;
  const facts = {
    requestedMinor: deltaMinor.toString(),
    unionMinor: unionMinor.toString(),
    capexMinor: capexMinor.toString(),
    ceilingMinor: ceilingMinor.toString(),
    currency: currency ?? null,
  };
  const detail = `The Union would contribute ${sumMinor} of a CAPEX of ${capexMinor} (minor units); at most ${ceilingMinor}, ${percent} %, are allowed`;
  if (kind === 'ai-gigafactory') {
    throw refuse('union-ceiling-exceeded', `${detail}.`, { clause: UNION_CLAUSE, rule: 'union-ceiling', ...facts });
  }
  const { unionSharePolicyVersion: policyVersion = 0 } = rules;
  throw refuse('union-share-exceeded', `${detail} by version ${policyVersion} of the policy union-share-maximum.`, {
    ...{ policy: 'union-share-maximum' as const, policyVersion, percent },
    ...facts,
  });
}

/** Facts for the financial close of a fund: the contributions to the facility's computing CAPEX. */
export interface Funding {
  readonly facilityId: string;
  readonly kind: FacilityKind;
  readonly capexMinor?: bigint;
  /** CAPEX and purchases of access time by the Union, and what it gives in kind if that counts. */
  readonly unionMinor: bigint;
  readonly statesMinor: bigint;
  /** The part of `statesMinor` that counts as a match. */
  readonly matchingMinor: bigint;
}

export function fundingOf(state: Facility, facilityId: string, rules: ContributionRules): Funding {
  const { kind, capexMinor, contributions } = registered(state);
  const matchingMinor = matchingMinorOf(contributions, rules);
  const sums = {
    unionMinor: unionMinorOf(contributions, rules),
    statesMinor: contributions.statesMinor,
    matchingMinor,
  };
  return { facilityId, kind, ...(capexMinor !== undefined && { capexMinor }), ...sums };
}

/**
 * Whether the hosting Member State had committed to finance its share of this facility by the end of a day.
 *
 * Art. 12b(4) asks for such a commitment "before the launch of the call for expression of interest". That call selects the consortium of an
 * AI gigafactory (recital 13): it is over long before the gigafactory runs and offers access, and a call for access is none. So the
 * clause is a rule for a selection: its launch needs a commitment that was signed by the day before. What counts is money: the
 * state commits "to finance its share", so a signed commitment to the CAPEX or to a purchase of access time, that is not
 * cancelled, and nothing in kind. The clause states no amount. A commitment from before the day was stated counts on every day.
 * @param day `YYYY-MM-DD`, UTC
 */
export function hostStateCommittedBy(state: Facility, day: string): boolean {
  const { ofHostState } = registered(state).contributions;
  return ofHostState.some(
    ({ kind, amountMinor, signedOn }) =>
      FINANCING_KINDS.includes(kind) && amountMinor > 0n && (signedOn === null || signedOn <= day),
  );
}
