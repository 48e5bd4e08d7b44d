import type { FactsOf } from '../ledger/refusal-declaration.js';
import type { Grant } from './access-request.js';
import { requirePoolHours } from '../compute/hour-booking.js';
import { PROPORTION_CLAUSE, RESERVED_CLAUSE, type Protection, type QuotaClass } from '../compute/pool-events.js';
import type { HourPolicies } from '../compute/pool-policies.js';
import { invalid, refuse, unknown, type Refusal } from '../ledger/refusal.js';
import { MS_PER_HOUR, formatInstant, parseInstant } from '../ledger/time.js';
import { usedBy } from '../compute/capacity-profile.js';
import { chipModelOf } from '../compute/capacity.js';
import { chipMsOf, registered, type Allocation, type Facility } from '../compute/facility.js';
import type { FacilityEvent } from '../compute/facility-events.js';
import { classIndex, firstShortage, quotaClassOf, shortageFacts, type Shortage } from '../compute/quota.js';

export interface AllocateInput {
  readonly allocationId: string;
  readonly chipModel: string;
  readonly chips: number;
  /** Half-open interval of instants. */
  readonly from: string;
  readonly to: string;
  /** Only under a grant that was decided before the facility had pools; else the pool is that of the grant. */
  readonly poolId?: string;
  /** The class in which the chips count; that of Union-funded projects for their grants, unless it is said otherwise. */
  readonly protection?: Protection;
}

/**
 * Allocates chips to the holder of a grant for an interval. The interval may lie in the past, with the same rules,
 * because the ledger also records work that ran before.
 * @throws Refusal `allocation-interval-out-of-order` (422); `not-granted`, `grant-for-another-facility`, `grant-revoked`,
 * `outside-grant-period`, `grant-hours-exceeded`, `unknown-chip-model`, `capacity-exceeded`, `quota-cap-exceeded`,
 * `quota-floor-protected`, `grant-without-pool`, `pool-not-of-grant`, `not-union-funded`, and those of `requirePoolHours` (409).
 */
export function allocate(
  state: Facility,
  facilityId: string,
  grant: Grant | null,
  input: AllocateInput,
  policies: HourPolicies = {},
): FacilityEvent[] {
  if (!grant) {
    throw refuse('not-granted', 'The request for access was not granted, so nothing can be allocated under it.', {
      rule: 'grant',
    });
  }
  const from = parseInstant(input.from);
  const to = parseInstant(input.to);
  if (from >= to) {
    throw invalid(
      'allocation-interval-out-of-order',
      '/to',
      'The end is not after the start. Give an interval with from before to.',
    );
  }
  requireGrantInForce(grant, facilityId, from, to);
  requireHoursLeft(state, grant, chipMsOf(input.chips, from, to));
  const protection = protectionOf(grant, input);
  requireRoom(state, quotaClassOf({ ...grant, protection }), input, from, to);
  const poolId = poolOf(state, grant, input);
  const pooled =
    poolId === undefined
      ? {}
      : {
          poolId,
          unitThousandths: requirePoolHours(state, { ...input, poolId, use: grant.use }, { from, to }, policies),
        };
  const { id: grantId, partnerId, category, country, mode } = grant;
  const { allocationId, chipModel, chips } = input;
  const interval = { from: formatInstant(from), to: formatInstant(to) };
  return [
    {
      type: 'chips-allocated',
      data: {
        allocationId,
        grantId,
        partnerId,
        category,
        country,
        mode,
        chipModel,
        chips,
        ...interval,
        protection,
        ...pooled,
        ...(grant.use !== undefined && { use: grant.use }),
      },
    },
  ];
}

function requireGrantInForce(grant: Grant, facilityId: string, from: number, to: number): void {
  const grantId = grant.id;
  if (grant.facilityId !== facilityId) {
    throw refuse('grant-for-another-facility', 'The grant is for another facility. Allocate there.', {
      rule: 'grant',
      grantId,
      facilityId,
      grantFacilityId: grant.facilityId,
    });
  }
  if (grant.revoked) {
    throw refuse('grant-revoked', 'The grant was revoked, so nothing more can be allocated under it.', {
      rule: 'grant',
      grantId,
    });
  }
  if (from < parseInstant(grant.validFrom) || to > parseInstant(grant.validTo)) {
    throw refuse(
      'outside-grant-period',
      `The grant is valid from ${grant.validFrom} to ${grant.validTo}. Choose an interval inside it.`,
      {
        rule: 'grant-period',
        grantId,
        from: formatInstant(from),
        to: formatInstant(to),
        validFrom: grant.validFrom,
        validTo: grant.validTo,
      },
    );
  }
}

/**
 * Art. 12b(15)(c): chips that are reserved for Union-funded projects are for them alone, of whatever category. Such a project may as well
 * count in its category.
 */
function protectionOf(grant: Grant, { protection }: AllocateInput): Protection {
  const isUnionFunded = grant.unionFunded ?? false;
  if (protection !== 'union-funded' || isUnionFunded)
    return protection ?? (isUnionFunded ? 'union-funded' : 'category');
  throw refuse(
    'not-union-funded',
    'The grant is of no project that the Union funds, so that its chips cannot be the reserved ones. Allocate in the category of the user.',
    { clause: RESERVED_CLAUSE, rule: 'grant', grantId: grant.id },
  );
}

/**
 * The pool whose hours the allocation uses: that of the grant. A facility without pools has none, and one that has pools makes no
 * allocation without one, because every further hour has an owner.
 */
function poolOf(state: Facility, grant: Grant, { poolId }: AllocateInput): string | undefined {
  const { pools } = registered(state).hours;
  if (poolId !== undefined && grant.poolId !== undefined && poolId !== grant.poolId) {
    throw refuse('pool-not-of-grant', 'The grant is for the hours of another pool. Leave the pool out.', {
      rule: 'grant',
      grantId: grant.id,
      poolId,
      grantPoolId: grant.poolId,
    });
  }
  const named = grant.poolId ?? poolId;
  if (named === undefined && !pools.isEmpty()) {
    throw refuse(
      'grant-without-pool',
      'The hours of this facility are divided between access pools, and the grant names none. Name the pool whose hours are used.',
      { clause: PROPORTION_CLAUSE, rule: 'grant', grantId: grant.id },
    );
  }
  return named;
}

function requireHoursLeft(state: Facility, grant: Grant, requestedMs: bigint): void {
  const usedMs = registered(state).grants.get(grant.id)?.chipMs ?? 0n;
  const grantedMs = BigInt(grant.chipHours) * BigInt(MS_PER_HOUR);
  if (usedMs + requestedMs <= grantedMs) return;
  const facts = {
    rule: 'grant-hours' as const,
    grantId: grant.id,
    requestedChipHours: chipHoursOf(requestedMs),
    allocatedChipHours: chipHoursOf(usedMs),
    grantedChipHours: grant.chipHours,
    availableChipHours: chipHoursOf(grantedMs - usedMs),
  };
  throw refuse(
    'grant-hours-exceeded',
    `${facts.requestedChipHours} chip-hours are asked for, but ${facts.availableChipHours} of the ${grant.chipHours} ` +
      'granted are left. Ask for fewer chips or a shorter interval.',
    facts,
  );
}

/** For messages only: decisions compare exact chip-milliseconds. */
const chipHoursOf = (chipMs: bigint): number => Number(chipMs) / MS_PER_HOUR;

function requireRoom(state: Facility, category: QuotaClass, input: AllocateInput, from: number, to: number): void {
  const { profile, policies } = chipModelOf(state, input.chipModel);
  const shortage = firstShortage(profile, policies, { chips: input.chips, category }, from, to);
  if (shortage) throw noRoom(shortage, category, input);
}

type NoRoom = 'capacity-exceeded' | 'quota-cap-exceeded' | 'quota-floor-protected';

/**
 * Names the first rule that leaves no room, in this order: the installed chips, the cap of the category, the floors of
 * other categories.
 */
function noRoom(shortage: Shortage, category: QuotaClass, { chipModel, chips }: AllocateInput): Refusal {
  const at = formatInstant(shortage.instant);
  const facts = shortageFacts(shortage, category);
  const { installed, used, protectedByFloors } = facts;
  const usedByCategory = usedBy(shortage.levels, classIndex(category));
  const cap = shortage.policy?.caps[category] ?? null;
  const underCap = cap === null ? Infinity : cap - usedByCategory;
  const available = Math.max(0, Math.min(installed - used - protectedByFloors, underCap));
  const refusal = (code: NoRoom, rule: FactsOf<NoRoom>['rule'], why: string): Refusal =>
    refuse(
      code,
      `At ${at} ${why}, so that ${chips} more cannot be had; ${available} can. Ask for fewer or for another time.`,
      { rule, chipModel, at, requested: chips, available, category, usedByCategory, cap, ...facts },
    );
  if (used + chips > installed) {
    return refusal('capacity-exceeded', 'capacity', `${used} of ${installed} chips are in use`);
  }
  if (chips > underCap) {
    return refusal('quota-cap-exceeded', 'quota-cap', `${category} uses ${usedByCategory} of its ${cap} chips`);
  }
  const kept = `${used} of ${installed} chips are in use and ${protectedByFloors} are kept for other categories`;
  return refusal('quota-floor-protected', 'quota-floor', kept);
}

/**
 * Releases the chips of an allocation from `at` on, or the whole allocation if `at` is not after its start. An
 * allocation can be released once: a second release is refused, even if it is earlier.
 * @throws Refusal `unknown-allocation` (404); `allocation-already-released`, `allocation-already-over` (409).
 */
export function releaseAllocation(state: Facility, allocationId: string, at: string, reason: string): FacilityEvent[] {
  const allocation = registered(state).allocations.get(allocationId);
  if (!allocation) throw unknown('allocation', allocationId);
  const to = formatInstant(allocation.to);
  if (allocation.released) {
    throw refuse('allocation-already-released', `The allocation was released already and ends at ${to}.`, {
      allocationId,
      to,
    });
  }
  if (parseInstant(at) >= allocation.to) {
    throw refuse('allocation-already-over', `The allocation ends at ${to}. Release it from an earlier instant on.`, {
      allocationId,
      at,
      to,
    });
  }
  return [releaseOf(allocation, at, reason)];
}

/**
 * Releases in one append. Each takes up to 700 bytes, so all of them stay below the 8 MiB of a batch. The allocations
 * of a larger grant must be released in steps before its revocation, because a revoked grant must not hold chips at any
 * position of the log.
 */
export const RELEASES_MAX = 10_000;

/**
 * Releases all chips that a revoked grant still holds from an instant on, in order of time.
 * @throws Refusal `too-many-releases` (409) beyond `RELEASES_MAX`.
 */
export function releaseGrant(state: Facility, grantId: string, at: string, reason: string): FacilityEvent[] {
  const { grants, allocations } = registered(state);
  const instant = parseInstant(at);
  const remaining: Allocation[] = [];
  for (const allocationId of grants.get(grantId)?.allocationIds ?? []) {
    const allocation = allocations.get(allocationId);
    if (allocation && allocation.to > instant) remaining.push(allocation);
  }
  if (remaining.length > RELEASES_MAX) {
    throw refuse(
      'too-many-releases',
      `The grant holds ${remaining.length} allocations from ${at} on; one revocation releases at most ${RELEASES_MAX}. ` +
        'Release some of them first.',
      { grantId, allocations: remaining.length, limit: RELEASES_MAX },
    );
  }
  remaining.sort((a, b) => a.from - b.from || (a.allocationId < b.allocationId ? -1 : 1));
  return remaining.map((allocation) => releaseOf(allocation, at, reason));
}

function releaseOf(allocation: Allocation, at: string, reason: string): FacilityEvent {
  const { from, to, released: _released, ...facts } = allocation;
  const interval = { from: formatInstant(from), to: formatInstant(to) };
  return {
    type: 'allocation-released',
    data: { ...facts, ...interval, at: formatInstant(parseInstant(at)), reason },
  };
}

export interface PoolAssignment {
  readonly allocationId: string;
  readonly poolId: string;
  readonly evidenceRef: string;
}

/**
 * Records whose hours an allocation used that was made before the facility had pools. It counts in the account of the pool like
 * every other, so that it is refused where the pool has not enough hours: then it stays without a pool, and reports show that.
 * @throws Refusal `unknown-allocation`, `unknown-pool` (404); `allocation-has-pool`, and those of `requirePoolHours` (409).
 */
export function assignPool(state: Facility, input: PoolAssignment, policies: HourPolicies): FacilityEvent[] {
  const { allocationId, poolId, evidenceRef } = input;
  const allocation = registered(state).allocations.get(allocationId);
  if (!allocation) throw unknown('allocation', allocationId);
  if (allocation.poolId !== undefined) {
    throw refuse('allocation-has-pool', `The allocation uses the hours of pool ${allocation.poolId} already.`, {
      allocationId,
      poolId: allocation.poolId,
    });
  }
  const { from, to, released: _released, ...facts } = allocation;
  const unitThousandths = requirePoolHours(state, { ...facts, poolId }, { from, to }, policies);
  const interval = { from: formatInstant(from), to: formatInstant(to) };
  const data = { ...facts, ...interval, poolId, unitThousandths, evidenceRef };
  return [{ type: 'pool-assigned', data, legalBasis: PROPORTION_CLAUSE }];
}
