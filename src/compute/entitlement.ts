import { splitByLargestRemainder } from '../domain/money.js';
import { invalid, refuse } from '../ledger/refusal.js';
import { formatInstant, parseInstant } from '../ledger/time.js';
import { registered, type Facility, type RegisteredFacility } from './facility.js';
import type { FacilityFact } from './facility-events.js';
import {
  PARTS_PER_UNIT_HOUR,
  accountOf,
  creditOf,
  type Financing,
  type HoursOfFacility,
  type Interval,
} from './hour-account.js';
import { periodFacts } from './hour-booking.js';
import { PROPORTION_CLAUSE, type EntitlementLine, type PoolBasis, type PoolFacts } from './pool-events.js';
import type { EntitlementPolicy } from './pool-policies.js';
import { requirePreferentialShare } from './preferential-access.js';

export interface EntitlementInput {
  readonly periodFrom: string;
  readonly periodTo: string;
  readonly unit: string;
  readonly availableUnitHours: number;
}

/** Periods of one facility. A period is a year or a part of one. */
export const PERIODS_MAX = 1_000;

/**
 * Divides the hours of a period between the pools in proportion to the contributions (Art. 12b(13)): CAPEX for the pools of that
 * basis, purchases of access time for theirs, and the rest of the CAPEX for the consortium. The lines add up to the available hours
 * exactly. A period may be set again with the contributions of that day, if nobody then has less than is allocated or given.
 * @throws Refusal `entitlement-period-out-of-order` (422); `entitlement-without-capex`, `entitlement-basis-missing`,
 * `entitlement-basis-paid`, `entitlement-period-overlaps`, `too-many-periods`, `contribution-without-pool`, `rest-without-pool`,
 * `contributions-exceed-capex`, `entitlement-below-use`, `preferential-share-too-small` (409).
 */
export function setEntitlement(
  state: Facility,
  input: EntitlementInput,
  policy: EntitlementPolicy | undefined,
): [FacilityFact<'entitlement-set'>] {
  const current = registered(state);
  const { capexMinor, currency, hours } = current;
  const period = { from: parseInstant(input.periodFrom), to: parseInstant(input.periodTo) };
  if (period.from >= period.to) {
    throw invalid('entitlement-period-out-of-order', '/periodTo', 'The end of the period is not after its start.');
  }
  if (capexMinor === undefined || currency === undefined) {
    throw refuse(
      'entitlement-without-capex',
      'Access time is proportional to the contributions to the CAPEX, and the CAPEX of this facility is not recorded.',
      { clause: PROPORTION_CLAUSE },
    );
  }
  const { basis, version } = requireCommitted(policy);
  requireOwnPeriod(hours, period);
  const { availableUnitHours, unit } = input;
  const lines = linesOf(current, capexMinor, BigInt(availableUnitHours));
  requireAboveUse(hours, period, lines);
  const data = {
    periodFrom: formatInstant(period.from),
    periodTo: formatInstant(period.to),
    unit,
    availableUnitHours,
    capexMinor: capexMinor.toString(),
    currency,
    basis,
    policyVersion: version,
    lines,
  };
  return [{ type: 'entitlement-set', data, legalBasis: PROPORTION_CLAUSE }];
}

/**
 * The law leaves open which amounts count, so the board has to say it. Payments are recorded on commitments and not on the facility,
 * so that hours by paid amounts cannot be computed here.
 */
function requireCommitted(policy: EntitlementPolicy | undefined): EntitlementPolicy {
  if (policy === undefined) {
    throw refuse(
      'entitlement-basis-missing',
      'Art. 12b(13) leaves open whether committed or paid amounts count. Adopt the policy entitlement-basis first.',
      { clause: PROPORTION_CLAUSE },
    );
  }
  if (policy.basis === 'committed') return policy;
  throw refuse(
    'entitlement-basis-paid',
    `Version ${policy.version} of the policy entitlement-basis counts paid amounts, and payments are recorded on commitments, not on the ` +
      'facility. Adopt "committed", or wait for a version of this service that carries payments to the facility.',
    { clause: PROPORTION_CLAUSE, policyVersion: policy.version },
  );
}

function requireOwnPeriod({ periods }: HoursOfFacility, period: Interval): void {
  const isAgain = periods.some(({ from, to }) => from === period.from && to === period.to);
  if (isAgain) return;
  const other = periods.find(({ from, to }) => from < period.to && period.from < to);
  if (other) {
    const { periodFrom, periodTo } = periodFacts(other);
    throw refuse(
      'entitlement-period-overlaps',
      `Entitlements are set for the period from ${periodFrom} until ${periodTo} already. Choose a period beside it, or exactly this one.`,
      { periodFrom, periodTo },
    );
  }
  if (periods.length >= PERIODS_MAX) {
    throw refuse('too-many-periods', `A facility has at most ${PERIODS_MAX} periods.`, { limit: PERIODS_MAX });
  }
}

/** Which contributions the hours of a pool come from. Pools of other bases get their hours by later events. */
const KIND_OF_BASIS = { capex: 'capex', preferential: 'capex', purchase: 'access-time-purchase' } as const;
type ContributingBasis = keyof typeof KIND_OF_BASIS;
const isContributing = (basis: PoolBasis): basis is ContributingBasis => Object.hasOwn(KIND_OF_BASIS, basis);

function linesOf(current: RegisteredFacility, capexMinor: bigint, availableUnitHours: bigint): EntitlementLine[] {
  const { hours } = current;
  const contributions = new Map<string, bigint>();
  let consortium: PoolFacts | undefined;
  for (const pool of hours.pools.values()) {
    if (pool.basis === 'preferential') requirePreferentialShare(current, pool.partnerId ?? '', capexMinor);
    if (pool.owner === 'consortium') consortium = pool;
    else if (isContributing(pool.basis)) contributions.set(pool.poolId, contributionOf(hours, pool, pool.basis));
  }
  requirePools(hours);
  const sumMinor = [...contributions.values()].reduce((sum, minor) => sum + minor, 0n);
  const restMinor = capexMinor - sumMinor;
  if (restMinor < 0n) {
    throw refuse(
      'contributions-exceed-capex',
      `The pools contribute ${sumMinor} minor units to a CAPEX of ${capexMinor}, so that their hours would be more than there are.`,
      { clause: PROPORTION_CLAUSE, contributionsMinor: sumMinor.toString(), capexMinor: capexMinor.toString() },
    );
  }
  if (consortium) contributions.set(consortium.poolId, restMinor);
  else if (restMinor > 0n) {
    throw refuse(
      'rest-without-pool',
      `The pools contribute ${sumMinor} of ${capexMinor} minor units. Define a pool of the consortium for the rest of the CAPEX.`,
      { clause: PROPORTION_CLAUSE, restMinor: restMinor.toString(), capexMinor: capexMinor.toString() },
    );
  }
  const takers = [...contributions].map(([id, weight]) => ({ id, weight })).sort((a, b) => (a.id < b.id ? -1 : 1));
  return splitByLargestRemainder(availableUnitHours, takers).map(({ id, amountMinor }) => ({
    poolId: id,
    contributionMinor: (contributions.get(id) ?? 0n).toString(),
    unitHours: Number(amountMinor),
  }));
}

function contributionOf({ financing }: HoursOfFacility, pool: PoolFacts, basis: ContributingBasis): bigint {
  const kind = KIND_OF_BASIS[basis];
  const minorOf = (each: Financing | undefined): bigint => each?.minorByKind[kind] ?? 0n;
  if (pool.partnerId !== undefined) return minorOf(financing.get(pool.partnerId));
  return financing.reduce((sum, each) => (each.partnerKind === pool.owner ? sum + minorOf(each) : sum), 0n);
}

/** The Union and the states have a right to their hours: none of them may fall to the consortium for want of a pool. */
function requirePools({ financing, pools }: HoursOfFacility): void {
  for (const [partnerId, { partnerKind, minorByKind }] of financing) {
    if (partnerKind !== 'union' && partnerKind !== 'member-state') continue;
    for (const kind of ['capex', 'access-time-purchase'] as const) {
      if (minorByKind[kind] <= 0n) continue;
      const isPool = (pool: PoolFacts): boolean =>
        pool.owner === partnerKind &&
        (pool.partnerId ?? partnerId) === partnerId &&
        isContributing(pool.basis) &&
        KIND_OF_BASIS[pool.basis] === kind;
      if (pools.some(isPool)) continue;
      throw refuse(
        'contribution-without-pool',
        `Partner ${partnerId} contributes ${minorByKind[kind]} minor units (${kind}) and has no access pool for them. Define one first.`,
        { clause: PROPORTION_CLAUSE, partnerId, partnerKind, kind, contributionMinor: minorByKind[kind].toString() },
      );
    }
  }
}

function requireAboveUse(hours: HoursOfFacility, period: Interval, lines: readonly EntitlementLine[]): void {
  for (const { poolId, unitHours } of lines) {
    const account = accountOf(hours, poolId, period);
    const creditParts = (creditOf(account) - account.entitled + BigInt(unitHours)) * PARTS_PER_UNIT_HOUR;
    if (creditParts >= account.allocatedParts) continue;
    const needed = ceilUnitHours(account.allocatedParts) - (creditOf(account) - account.entitled);
    throw refuse(
      'entitlement-below-use',
      `Pool ${poolId} would be entitled to ${unitHours} unit-hours, but ${needed} are allocated or given already. Release some first.`,
      { clause: PROPORTION_CLAUSE, poolId, ...periodFacts(period), unitHours, neededUnitHours: Number(needed) },
    );
  }
}

const ceilUnitHours = (parts: bigint): bigint => (parts + PARTS_PER_UNIT_HOUR - 1n) / PARTS_PER_UNIT_HOUR;
