import { refuse } from '../ledger/refusal.js';
import {
  countsAgainstCeiling,
  registered,
  type ContributionFacts,
  type Facility,
  type FacilityEvent,
  type FacilityKind,
  type RegisteredFacility,
} from './facility.js';

const UNION_CLAUSE = '2021/1173 Art. 12b(5)';
/** 12b(5): "up to 17 % of the capital expenditure (CAPEX) investments in the overall computing infrastructure". */
const UNION_PERCENT_MAX = 17n;

export interface ContributionInput extends Omit<ContributionFacts, 'deltaMinor'> {
  /** Minor units; negative when a commitment is decreased or cancelled. */
  readonly deltaMinor: bigint;
}

/**
 * Records what the signature, amendment or cancellation of a commitment changes for the facility that it finances.
 * @throws Refusal `currency-differs`, `capex-unknown`, `union-ceiling-exceeded` (409; 12b(5) for AI gigafactories).
 */
export function recordContribution(state: Facility, input: ContributionInput): FacilityEvent[] {
  const current = registered(state);
  if (current.currency !== undefined && current.currency !== input.currency) {
    throw refuse(
      'currency-differs',
      `The facility is financed in ${current.currency}, not in ${input.currency}. Commit in ${current.currency}.`,
      { currency: input.currency, facilityCurrency: current.currency },
    );
  }
  const underCeiling = current.kind === 'ai-gigafactory' && countsAgainstCeiling(input);
  // A decrease is let through even above the ceiling: it can only bring the sum nearer to it.
  if (underCeiling && input.deltaMinor > 0n) requireBelowCeiling(current, input.deltaMinor);
  return [
    {
      type: 'contribution-recorded',
      data: { ...input, deltaMinor: input.deltaMinor.toString() },
      ...(underCeiling && { legalBasis: UNION_CLAUSE }),
    },
  ];
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
  if (sumMinor * 100n <= capexMinor * UNION_PERCENT_MAX) return;
  const ceilingMinor = (capexMinor * UNION_PERCENT_MAX) / 100n;
  throw refuse(
    'union-ceiling-exceeded',
    `The Union would contribute ${sumMinor} of a CAPEX of ${capexMinor} (minor units); at most ${ceilingMinor}, 17 %, are allowed.`,
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

/** What the financial close of a fund compares: who contributes how much to the facility's computing CAPEX. */
export interface Funding {
  readonly facilityId: string;
  readonly kind: FacilityKind;
  readonly capexMinor?: bigint;
  readonly unionMinor: bigint;
  readonly statesMinor: bigint;
}

export function fundingOf(state: Facility, facilityId: string): Funding {
  const { kind, capexMinor, contributions } = registered(state);
  const { unionMinor, statesMinor } = contributions;
  return { facilityId, kind, ...(capexMinor !== undefined && { capexMinor }), unionMinor, statesMinor };
}

/** 12b(4): whether the hosting Member State has a signed commitment to this facility that still stands. */
export function hostStateCommitted(state: Facility): boolean {
  const { hostStatePartnerId, contributions } = registered(state);
  return hostStatePartnerId !== undefined && contributions.byPartnerMinor.get(hostStatePartnerId, 0n) > 0n;
}
