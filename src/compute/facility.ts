import { Map as PersistentMap, Set as PersistentSet } from 'immutable';
import type { CommitmentKind } from '../domain/commitment-kinds.js';
import { unknownEvent, type Aggregate } from '../ledger/aggregate.js';
import { formatInstant, parseInstant } from '../ledger/time.js';
import { withInstalled, withUsed, type CapacityProfile } from './capacity-profile.js';
import { facilityEvents } from './facility-events.js';
import {
  NO_HOURS,
  withBooked,
  withDonation,
  withEntitlement,
  withFinancing,
  withOwnershipTransferred,
  withPreference,
  type HoursOfFacility,
} from './hour-account.js';
import type {
  FacilityKind,
  FacilityDescription,
  ContributionFacts,
  CapacityFacts,
  QuotaFacts,
  AllocationFacts,
  ReleaseFacts,
  PoolAssignmentFacts,
  FacilityEvent,
} from './facility-events.js';
import type { YearlySubmissionFacts } from './yearly-events.js';
import { classIndex, quotaClassOf, type QuotaPolicy } from './quota.js';

export type Facility = { readonly status: 'absent' } | RegisteredFacility;

export interface RegisteredFacility {
  readonly status: 'registered';
  readonly kind: FacilityKind;
  readonly operatorPartnerId?: string;
  readonly hostStatePartnerId?: string;
  readonly capexMinor?: bigint;
  /**
   * Currency of the CAPEX; without a CAPEX, of the first contribution. Amounts in different currencies cannot be added
   * up.
   */
  readonly currency?: string;
  readonly contributions: Contributions;
  readonly chipModels: PersistentMap<string, ChipModelState>;
  readonly allocations: PersistentMap<string, Allocation>;
  readonly grants: PersistentMap<string, GrantUse>;
  readonly hours: HoursOfFacility;
  /** Versions of the yearly submission, by year. */
  readonly yearlySubmissions: PersistentMap<number, number>;
}

export interface Contributions {
  /** CAPEX and purchases of access time by the Union. 12b(5) limits their sum to 17 %. */
  readonly unionMinor: bigint;
  /** What the Union gives in kind. A policy says whether it counts against the ceiling as well. */
  readonly unionInKindMinor: bigint;
  readonly statesMinor: bigint;
  /** `statesMinor` by kind, because a policy of the board selects the kinds that count as a match of the Union. */
  readonly statesMinorByKind: Readonly<Record<CommitmentKind, bigint>>;
  readonly byPartnerMinor: PersistentMap<string, bigint>;
  /** The commitments of the hosting state, by id. */
  readonly ofHostState: PersistentMap<string, HostCommitment>;
}

/** A commitment of the hosting state to the facility. */
export interface HostCommitment {
  readonly kind: CommitmentKind;
  readonly amountMinor: bigint;
  /** Null if it was recorded before the day was stated. */
  readonly signedOn: string | null;
}

export interface ChipModelState {
  readonly profile: CapacityProfile;
  /** In order of version, and so of `effectiveFrom`. */
  readonly policies: readonly QuotaPolicy[];
}

export interface Allocation extends Omit<AllocationFacts, 'from' | 'to'> {
  /** Ms since the epoch, half-open; empty after a release of everything. */
  readonly from: number;
  readonly to: number;
  readonly released: boolean;
}

export interface GrantUse {
  /**
   * Sum of chips times milliseconds over its allocations; a bigint, because 100,000 chips exceed 2^53 within three
   * years.
   */
  readonly chipMs: bigint;
  readonly allocationIds: PersistentSet<string>;
}

const NO_CHIPS: ChipModelState = { profile: undefined, policies: [] };
const UNUSED_GRANT: GrantUse = { chipMs: 0n, allocationIds: PersistentSet() };

/**
 * A place with chips. It is the consistency boundary of its chips: their number, the right to use them, and the
 * contributions to their cost are decided on one stream.
 *
 * Decisions are in `capacity.ts` (chips and quotas), `../access/allocation.ts`, `contribution.ts` and `facility.decisions.ts`.
 */
export const facility: Aggregate<Facility, FacilityEvent> = {
  name: 'facility',
  initial: { status: 'absent' },
  events: facilityEvents,
  exists: (state) => state.status !== 'absent',
  evolve(state, event) {
    switch (event.type) {
      case 'facility-registered':
        return asRegistered(event.data);
      case 'contribution-recorded':
        return withContribution(registered(state), event.data);
      case 'capacity-installed':
        return withCapacity(registered(state), event.data, event.data.chips);
      case 'capacity-retired':
        return withCapacity(registered(state), event.data, -event.data.chips);
      case 'quota-policy-adopted':
        return withPolicy(registered(state), event.data);
      case 'chips-allocated':
        return withAllocation(registered(state), event.data);
      case 'allocation-released':
        return withRelease(registered(state), event.data);
      case 'yearly-submitted':
        return withSubmission(registered(state), event.data);
      case 'pool-assigned':
        return withPool(registered(state), event.data);
      case 'operations-started':
        return withHours(state, (hours) => ({ ...hours, operationsStartedOn: event.data.on }));
      case 'access-pool-defined':
        return withHours(state, (hours) => ({ ...hours, pools: hours.pools.set(event.data.poolId, event.data) }));
      case 'entitlement-set':
        return withHours(state, (hours) => withEntitlement(hours, event.data));
      case 'access-time-donated':
        return withHours(state, (hours) => withDonation(hours, event.data));
      case 'ownership-transferred':
        return withHours(state, (hours) => withOwnershipTransferred(hours, event.data));
      case 'preferential-access-set':
        return withHours(state, (hours) => withPreference(hours, event.data));
      default:
        return unknownEvent('facility', event);
    }
  },
};

/** Narrows the state for decisions. For an unknown facility the ledger has answered 404 before. */
export function registered(state: Facility): RegisteredFacility {
  if (state.status === 'absent') throw new Error('A facility must be registered before anything else happens to it.');
  return state;
}

/** A recorded allocation, for the report of its use. After a release its end is the earlier one. */
export function allocationOf(state: Facility, allocationId: string): Allocation | undefined {
  return state.status === 'absent' ? undefined : state.allocations.get(allocationId);
}

function asRegistered(description: FacilityDescription): RegisteredFacility {
  const { kind, operatorPartnerId, hostStatePartnerId, capexMinor, currency } = description;
  return {
    status: 'registered',
    kind,
    ...(operatorPartnerId !== undefined && { operatorPartnerId }),
    ...(hostStatePartnerId !== undefined && { hostStatePartnerId }),
    ...(capexMinor !== undefined && { capexMinor: BigInt(capexMinor) }),
    ...(currency !== undefined && { currency }),
    contributions: {
      unionMinor: 0n,
      unionInKindMinor: 0n,
      statesMinor: 0n,
      statesMinorByKind: { capex: 0n, 'access-time-purchase': 0n, 'in-kind': 0n },
      byPartnerMinor: PersistentMap(),
      ofHostState: PersistentMap(),
    },
    chipModels: PersistentMap(),
    allocations: PersistentMap(),
    grants: PersistentMap(),
    yearlySubmissions: PersistentMap(),
    hours: NO_HOURS,
  };
}

function withContribution(state: RegisteredFacility, facts: ContributionFacts): RegisteredFacility {
  const { unionMinor, unionInKindMinor, statesMinor, statesMinorByKind, byPartnerMinor, ofHostState } =
    state.contributions;
  const deltaMinor = BigInt(facts.deltaMinor);
  const ofStatesMinor = facts.partnerKind === 'member-state' ? deltaMinor : 0n;
  const isUnionInKind = facts.partnerKind === 'union' && !countsAgainstCeiling(facts);
  const isOfHost = facts.partnerId === state.hostStatePartnerId;
  return {
    ...state,
    currency: state.currency ?? facts.currency,
    contributions: {
      unionMinor: countsAgainstCeiling(facts) ? unionMinor + deltaMinor : unionMinor,
      unionInKindMinor: isUnionInKind ? unionInKindMinor + deltaMinor : unionInKindMinor,
      statesMinor: statesMinor + ofStatesMinor,
      statesMinorByKind: { ...statesMinorByKind, [facts.kind]: statesMinorByKind[facts.kind] + ofStatesMinor },
      byPartnerMinor: byPartnerMinor.update(facts.partnerId, 0n, (sumMinor) => sumMinor + deltaMinor),
      ofHostState: isOfHost ? withHostCommitment(ofHostState, facts) : ofHostState,
    },
    hours: withFinancing(state.hours, facts),
  };
}

function withHostCommitment(
  before: Contributions['ofHostState'],
  { commitmentId, kind, deltaMinor, signedOn }: ContributionFacts,
): Contributions['ofHostState'] {
  const { amountMinor, signedOn: knownDay } = before.get(commitmentId) ?? { amountMinor: 0n, signedOn: null };
  const sumMinor = amountMinor + BigInt(deltaMinor);
  return before.set(commitmentId, { kind, amountMinor: sumMinor, signedOn: signedOn ?? knownDay });
}

/** 12b(5) has two forms of the Union's contribution: a part of the CAPEX, or a purchase of access time instead. */
export function countsAgainstCeiling({ partnerKind, kind }: Pick<ContributionFacts, 'partnerKind' | 'kind'>): boolean {
  return partnerKind === 'union' && (kind === 'capex' || kind === 'access-time-purchase');
}

function withCapacity(state: RegisteredFacility, facts: CapacityFacts, chips: number): RegisteredFacility {
  const from = parseInstant(facts.effectiveFrom);
  const chipModels = state.chipModels.update(facts.chipModel, NO_CHIPS, (model) => ({
    ...model,
    profile: withInstalled(model.profile, chips, from),
  }));
  return { ...state, chipModels };
}

function withPolicy(state: RegisteredFacility, facts: QuotaFacts): RegisteredFacility {
  const { chipModel, version, floors, caps, effectiveFrom } = facts;
  const policy = { version, floors, caps, effectiveFrom: parseInstant(effectiveFrom) };
  const chipModels = state.chipModels.update(chipModel, NO_CHIPS, (model) => ({
    ...model,
    policies: [...model.policies, policy],
  }));
  return { ...state, chipModels };
}

function withAllocation(state: RegisteredFacility, facts: AllocationFacts): RegisteredFacility {
  const allocation: Allocation = {
    ...facts,
    from: parseInstant(facts.from),
    to: parseInstant(facts.to),
    released: false,
  };
  const { allocationId, grantId, chips, from, to } = allocation;
  return {
    ...state,
    chipModels: withUse(state, allocation, chips, from, to),
    allocations: state.allocations.set(allocationId, allocation),
    grants: state.grants.update(grantId, UNUSED_GRANT, ({ chipMs, allocationIds }) => ({
      chipMs: chipMs + chipMsOf(chips, from, to),
      allocationIds: allocationIds.add(allocationId),
    })),
    hours: withBooked(state.hours, allocation, { from, to }, 1),
  };
}

function withRelease(state: RegisteredFacility, facts: ReleaseFacts): RegisteredFacility {
  const { allocationId, grantId } = facts;
  const allocation = state.allocations.get(allocationId);
  if (!allocation) throw new Error(`Allocation ${allocationId} was released before it was made.`);
  const { chips, from, to } = allocation;
  const end = Math.min(to, Math.max(from, parseInstant(facts.at)));
  return {
    ...state,
    chipModels: withUse(state, allocation, -chips, end, to),
    allocations: state.allocations.set(allocationId, { ...allocation, to: end, released: true }),
    grants: state.grants.update(grantId, UNUSED_GRANT, ({ chipMs, allocationIds }) => ({
      chipMs: chipMs - chipMsOf(chips, end, to),
      allocationIds: end === from ? allocationIds.delete(allocationId) : allocationIds,
    })),
    hours: withBooked(state.hours, allocation, { from: end, to }, -1),
  };
}

function withPool(state: RegisteredFacility, facts: PoolAssignmentFacts): RegisteredFacility {
  const { allocationId, poolId, unitThousandths } = facts;
  const known = state.allocations.get(allocationId);
  if (!known) throw new Error(`Allocation ${allocationId} got a pool before it was made.`);
  const allocation = { ...known, poolId, unitThousandths };
  return {
    ...state,
    allocations: state.allocations.set(allocationId, allocation),
    hours: withBooked(state.hours, allocation, allocation, 1),
  };
}

const withHours = (state: Facility, change: (hours: HoursOfFacility) => HoursOfFacility): RegisteredFacility => ({
  ...registered(state),
  hours: change(registered(state).hours),
});

function withSubmission(state: RegisteredFacility, { year, version }: YearlySubmissionFacts): RegisteredFacility {
  return { ...state, yearlySubmissions: state.yearlySubmissions.set(year, version) };
}

function withUse(state: RegisteredFacility, of: Allocation, chips: number, from: number, to: number) {
  return state.chipModels.update(of.chipModel, NO_CHIPS, (model) => ({
    ...model,
    profile: from < to ? withUsed(model.profile, classIndex(quotaClassOf(of)), chips, from, to) : model.profile,
  }));
}

/** Chips times the length of an interval, in chip-milliseconds. */
export const chipMsOf = (chips: number, from: number, to: number): bigint => BigInt(chips) * BigInt(to - from);

/** The end of an allocation after its release, as canonical text: the instant of the release, or the start of the allocation if that is later. */
export const endAfterRelease = ({ from, at }: ReleaseFacts): string =>
  formatInstant(Math.max(parseInstant(from), parseInstant(at)));
