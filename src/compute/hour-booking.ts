import type { AccessUse } from '../domain/free-access.js';
import { refuse, unknown } from '../ledger/refusal.js';
import { formatInstant } from '../ledger/time.js';
import { registered, type Facility, type RegisteredFacility } from './facility.js';
import {
  PARTS_PER_UNIT_HOUR,
  THOUSANDTHS,
  accountOf,
  creditOf,
  leftPartsOf,
  partsByPeriod,
  periodAround,
  type EntitlementPeriod,
  type HoursOfFacility,
  type Interval,
} from './hour-account.js';
import { COMMERCIAL_CLAUSE, PROPORTION_CLAUSE, type PoolFacts } from './pool-events.js';
import type { ChipEquivalence, HourPolicies } from './pool-policies.js';

/** Parts of a whole in parts per million. */
const PPM = 1_000_000n;

/** Chips that are to be booked in a pool. */
export interface Booking {
  readonly poolId: string;
  readonly chipModel: string;
  readonly chips: number;
  readonly use?: AccessUse | undefined;
}

/**
 * Requires hours in the pool for chips over an interval: in every period that it touches, what is allocated stays within the
 * entitlement, with what was given and the residual hours. An interval outside of every period has no hours.
 * @returns what one chip counts as, in thousandths of a unit.
 * @throws Refusal `unknown-pool` (404); `chip-model-without-factor`, `outside-entitlement-period`, `pool-exceeded`,
 * `commercial-share-exceeded` (409).
 */
export function requirePoolHours(
  state: Facility,
  booking: Booking,
  interval: Interval,
  policies: HourPolicies,
): number {
  const current = registered(state);
  const { hours } = current;
  const { poolId, chipModel, chips, use } = booking;
  const pool = poolOf(hours, poolId);
  const unitThousandths = unitThousandthsOf(current, chipModel, policies.equivalence);
  requireInPeriods(current, poolId, interval);
  for (const { period, parts } of partsByPeriod(hours, { chips, unitThousandths }, interval)) {
    requireLeft(current, poolId, period, parts);
    if (use === 'commercial' && pool.owner === 'union') requireCommercialShare(current, period, parts, policies);
  }
  return unitThousandths;
}

/**
 * What one chip of a model counts as, in thousandths of a unit. Without the policy, chips of a single model count as one
 * each; chips of several models are no common unit until the board says how many units each counts.
 */
function unitThousandthsOf(
  { chipModels }: RegisteredFacility,
  chipModel: string,
  equivalence: ChipEquivalence | undefined,
): number {
  const factors = equivalence?.factors;
  const factor = factors === undefined && chipModels.size <= 1 ? 1 : ownValue(factors, chipModel);
  if (factor !== undefined) return Math.round(factor * THOUSANDTHS);
  throw refuse(
    'chip-model-without-factor',
    equivalence === undefined
      ? `The facility has several models of chip, and no policy chip-equivalence says how many unit-hours a chip-hour of ${chipModel} counts. Adopt one.`
      : `Version ${equivalence.version} of the policy chip-equivalence does not say how many unit-hours a chip-hour of ${chipModel} counts. Adopt a version with this model.`,
    { rule: 'chip-equivalence', chipModel, policyVersion: equivalence?.version ?? null },
  );
}

/** Names of models are given by users: a name such as `constructor` must find no inherited member. */
const ownValue = (factors: Readonly<Record<string, number>> | undefined, name: string): number | undefined =>
  factors !== undefined && Object.hasOwn(factors, name) ? factors[name] : undefined;

function requireInPeriods({ hours }: RegisteredFacility, poolId: string, interval: Interval): void {
  const covered = partsByPeriod(hours, { chips: 1, unitThousandths: 1 }, interval);
  const coveredMs = covered.reduce((sum, { parts }) => sum + parts, 0n);
  if (coveredMs === BigInt(interval.to - interval.from)) return;
  const [from, to] = [formatInstant(interval.from), formatInstant(interval.to)];
  throw refuse(
    'outside-entitlement-period',
    `Some of the time from ${from} until ${to} is in no period for which entitlements are set, so that the pool has no hours there. ` +
      'Set the entitlements of the period first, or choose an interval inside one.',
    { clause: PROPORTION_CLAUSE, rule: 'pool-hours', poolId, from, to },
  );
}

function requireLeft({ hours }: RegisteredFacility, poolId: string, period: EntitlementPeriod, parts: bigint): void {
  const account = accountOf(hours, poolId, period);
  const leftParts = leftPartsOf(account);
  if (parts <= leftParts) return;
  const facts = {
    poolId,
    ...periodFacts(period),
    requestedUnitHours: unitHoursOf(parts),
    creditUnitHours: Number(creditOf(account)),
    usedUnitHours: unitHoursOf(account.allocatedParts),
    leftUnitHours: unitHoursOf(leftParts),
  };
  throw refuse(
    'pool-exceeded',
    `${facts.requestedUnitHours} unit-hours are asked for in the period from ${facts.periodFrom} until ${facts.periodTo}, but ` +
      `${facts.leftUnitHours} of the ${facts.creditUnitHours} of the pool are left. Ask for less, or use another pool.`,
    { clause: PROPORTION_CLAUSE, rule: 'pool-hours', ...facts },
  );
}

/** Arts. 17 and 18: commercial use takes at most a part of the access time of the Union, over all of its pools. */
function requireCommercialShare(
  { kind, hours }: RegisteredFacility,
  period: EntitlementPeriod,
  parts: bigint,
  { commercialSharesPpm }: HourPolicies,
): void {
  const maximumPpm = commercialSharesPpm?.[kind];
  if (maximumPpm === undefined) return;
  let [creditOfUnion, commercialParts] = [0n, 0n];
  for (const { poolId, owner } of hours.pools.values()) {
    if (owner !== 'union') continue;
    const account = accountOf(hours, poolId, period);
    creditOfUnion += creditOf(account);
    commercialParts += account.commercialParts;
  }
  const maximumParts = BigInt(maximumPpm) * creditOfUnion * PARTS_PER_UNIT_HOUR;
  if ((commercialParts + parts) * PPM <= maximumParts) return;
  const facts = {
    ...periodFacts(period),
    requestedUnitHours: unitHoursOf(parts),
    commercialUnitHours: unitHoursOf(commercialParts),
    unionUnitHours: Number(creditOfUnion),
    maximumPpm,
  };
  throw refuse(
    'commercial-share-exceeded',
    `Commercial use would take ${facts.commercialUnitHours + facts.requestedUnitHours} of the ${facts.unionUnitHours} unit-hours of ` +
      `the Union in the period from ${facts.periodFrom} until ${facts.periodTo}; at most ${maximumPpm} parts per million are allowed. Ask for less.`,
    { clause: COMMERCIAL_CLAUSE, rule: 'commercial-share', ...facts },
  );
}

/**
 * A pool of the facility.
 * @throws Refusal `unknown-pool` (404).
 */
export function poolOf({ pools }: HoursOfFacility, poolId: string): PoolFacts {
  const pool = pools.get(poolId);
  if (!pool) throw unknown('pool', poolId);
  return pool;
}

/**
 * The period of an instant.
 * @throws Refusal `no-entitlement-period` (409).
 */
export function requirePeriod({ hours }: RegisteredFacility, at: number): EntitlementPeriod {
  const period = periodAround(hours, { from: at, to: at + 1 });
  if (period) return period;
  throw refuse(
    'no-entitlement-period',
    'No entitlements are set for this time, so that there are no hours to count in. Set the entitlements of the period first.',
    { at: formatInstant(at) },
  );
}

export const periodFacts = ({ from, to }: Interval): { periodFrom: string; periodTo: string } => ({
  periodFrom: formatInstant(from),
  periodTo: formatInstant(to),
});

/** For messages only: decisions compare exact parts. */
export const unitHoursOf = (parts: bigint): number => Number(parts) / Number(PARTS_PER_UNIT_HOUR);
