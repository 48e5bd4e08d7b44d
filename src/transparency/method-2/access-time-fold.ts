import type { PoolBasis, PoolOwner } from '../../compute/pool-events.js';
import { idOf } from '../../ledger/aggregate.js';
import { MS_PER_HOUR, parseInstant } from '../../ledger/time.js';
import { releasedFrom } from '../measures/chip-time.js';
import { unknownToReport, type LedgerEvent } from '../events/ledger-event.js';
import { poolOf } from './equal-access-fold.js';

/**
 * The part of the state that says whose the hours are: access pools, what each was entitled to in each period, and what became of it. It
 * grows with the pools and periods of the facilities, not with grants or allocations.
 */
export interface AccessTimeState {
  readonly facilities: Map<string, FacilityTime>;
}

export interface FacilityTime {
  operationsStartedOn: string | null;
  ownershipTransferredOn: string | null;
  readonly pools: Map<string, Pool>;
  /** By the first instant of the period. */
  readonly periods: Map<string, EntitlementPeriod>;
  /** By pool and first instant of the period, as `pool period`. */
  readonly accounts: Map<string, Account>;
  readonly preferences: Map<string, Preference>;
}

export interface Pool {
  readonly owner: PoolOwner;
  readonly partnerId: string | null;
  readonly basis: PoolBasis;
}

/** Half-open. */
export interface EntitlementPeriod {
  readonly periodFrom: string;
  readonly periodTo: string;
  readonly unit: string;
  readonly availableUnitHours: bigint;
  readonly capexMinor: bigint;
  readonly currency: string;
  readonly basis: string;
}

/** The hours of one pool in one period: unit-hours, and parts of unit-hours (`PARTS_PER_UNIT_HOUR`) where they come from intervals. */
export interface Account {
  readonly poolId: string;
  /** Null: of no recorded period. */
  readonly periodFrom: string | null;
  contributionMinor: bigint;
  entitled: bigint;
  donatedIn: bigint;
  donatedOut: bigint;
  residual: bigint;
  /** Chip-hours of grants that begin in the period. A grant names no chip, so that there are no unit-hours. */
  grantedHours: bigint;
  /** Chip-hours of grants that were revoked in the period. */
  revokedHours: bigint;
  allocatedParts: bigint;
  commercialParts: bigint;
  /** Chip-hours of reported use, in the period in which the interval of the report begins. */
  usedHours: bigint;
}

/** A line of the register of preferential access: GBER Art. 26(4). */
export interface Preference {
  readonly partnerId: string;
  readonly periodFrom: string;
  readonly periodTo: string;
  readonly contributionMinor: bigint;
  readonly capexMinor: bigint;
  readonly sharePpm: number;
  readonly unitHours: bigint;
  readonly conditionsRef: string;
}

export const initialAccessTime = (): AccessTimeState => ({ facilities: new Map() });

/** A chip of factor 1 uses 1,000 parts in a millisecond: intervals of milliseconds and factors of thousandths stay exact. */
export const PARTS_PER_UNIT_HOUR = BigInt(MS_PER_HOUR) * 1_000n;

const TYPES = [
  'operations-started',
  'access-pool-defined',
  'entitlement-set',
  'access-time-donated',
  'ownership-transferred',
  'preferential-access-set',
  'access-granted',
  'grant-revoked',
  'chips-allocated',
  'allocation-released',
  'pool-assigned',
  'usage-reported',
] as const;
export type AccessTimeEvent = Extract<LedgerEvent, { readonly type: (typeof TYPES)[number] }>;

/** Applies one event to the state, in place. */
export function foldAccessTime(state: AccessTimeState, event: AccessTimeEvent): void {
  switch (event.type) {
    case 'access-granted':
    case 'grant-revoked': {
      const { facilityId, chipHours } = event.data;
      const poolId = poolOf(event.data);
      if (poolId === null) return;
      const at = event.type === 'access-granted' ? event.data.validFrom : event.data.revokedAt;
      const account = accountAt(facilityOf(state, facilityId), poolId, parseInstant(at));
      if (event.type === 'access-granted') account.grantedHours += BigInt(chipHours);
      else account.revokedHours += BigInt(chipHours);
      return;
    }
    case 'usage-reported':
      for (const record of event.data.records) {
        const poolId = poolOf(record);
        if (poolId === null) continue;
        const facility = facilityOf(state, event.data.facilityId);
        accountAt(facility, poolId, parseInstant(record.from)).usedHours += BigInt(record.chipHours);
      }
      return;
    default:
      foldFacility(facilityOf(state, idOf(event.stream, 'facility')), event);
  }
}

type FacilityFact = Exclude<AccessTimeEvent, { readonly type: 'access-granted' | 'grant-revoked' | 'usage-reported' }>;

function foldFacility(facility: FacilityTime, event: FacilityFact): void {
  switch (event.type) {
    case 'operations-started':
      facility.operationsStartedOn = event.data.on;
      return;
    case 'access-pool-defined': {
      const { poolId, owner, partnerId = null, basis } = event.data;
      facility.pools.set(poolId, { owner, partnerId, basis });
      return;
    }
    case 'entitlement-set': {
      const { periodFrom, periodTo, unit, availableUnitHours, capexMinor, currency, basis, lines } = event.data;
      facility.periods.set(periodFrom, {
        ...{ periodFrom, periodTo, unit, currency, basis },
        availableUnitHours: BigInt(availableUnitHours),
        capexMinor: BigInt(capexMinor),
      });
      for (const { poolId, contributionMinor, unitHours } of lines) {
        const account = accountOf(facility, poolId, periodFrom);
        account.contributionMinor = BigInt(contributionMinor);
        account.entitled = BigInt(unitHours);
      }
      return;
    }
    case 'access-time-donated': {
      const { fromPoolId, unionPoolId, unitHours, periodFrom } = event.data;
      accountOf(facility, fromPoolId, periodFrom).donatedOut += BigInt(unitHours);
      accountOf(facility, unionPoolId, periodFrom).donatedIn += BigInt(unitHours);
      return;
    }
    case 'ownership-transferred': {
      const { on, unionPoolId, unitHours, periodFrom } = event.data;
      facility.ownershipTransferredOn = on;
      accountOf(facility, unionPoolId, periodFrom).residual += BigInt(unitHours);
      return;
    }
    case 'preferential-access-set': {
      const { partnerId, periodFrom, periodTo, contributionMinor, capexMinor, sharePpm, unitHours, conditionsRef } =
        event.data;
      facility.preferences.set(`${partnerId} ${periodFrom}`, {
        ...{ partnerId, periodFrom, periodTo, sharePpm, conditionsRef },
        contributionMinor: BigInt(contributionMinor),
        capexMinor: BigInt(capexMinor),
        unitHours: BigInt(unitHours),
      });
      return;
    }
    case 'chips-allocated':
    case 'pool-assigned':
      book(facility, event.data, parseInstant(event.data.from), 1n);
      return;
    case 'allocation-released':
      book(facility, event.data, releasedFrom(event.data), -1n);
      return;
    default:
      unknownToReport(event);
  }
}

interface Booked {
  readonly chips: number;
  readonly to: string;
  readonly poolId?: string | undefined;
  readonly unitThousandths?: number | undefined;
  readonly use?: string | undefined;
}

/** Books chips from an instant to the end of their allocation, in every period that they touch. */
function book(facility: FacilityTime, data: Booked, from: number, sign: 1n | -1n): void {
  const { chips, poolId, unitThousandths = 1_000, use } = data;
  if (poolId === undefined) return;
  const perMs = sign * BigInt(chips) * BigInt(unitThousandths);
  const to = parseInstant(data.to);
  let rest = BigInt(to - from);
  const add = (account: Account, ms: bigint): void => {
    account.allocatedParts += perMs * ms;
    if (use === 'commercial') account.commercialParts += perMs * ms;
  };
  for (const { periodFrom, periodTo } of facility.periods.values()) {
    const ms = BigInt(Math.max(0, Math.min(to, parseInstant(periodTo)) - Math.max(from, parseInstant(periodFrom))));
    if (ms === 0n) continue;
    rest -= ms;
    add(accountOf(facility, poolId, periodFrom), ms);
  }
  if (rest > 0n) add(accountOf(facility, poolId, null), rest);
}

function accountAt(facility: FacilityTime, poolId: string, at: number): Account {
  for (const { periodFrom, periodTo } of facility.periods.values()) {
    if (parseInstant(periodFrom) <= at && at < parseInstant(periodTo)) return accountOf(facility, poolId, periodFrom);
  }
  return accountOf(facility, poolId, null);
}

function facilityOf(state: AccessTimeState, facilityId: string): FacilityTime {
  const known = state.facilities.get(facilityId);
  if (known) return known;
  const facility: FacilityTime = {
    operationsStartedOn: null,
    ownershipTransferredOn: null,
    pools: new Map(),
    periods: new Map(),
    accounts: new Map(),
    preferences: new Map(),
  };
  state.facilities.set(facilityId, facility);
  return facility;
}

export const accountKey = (poolId: string, periodFrom: string | null): string => `${poolId} ${periodFrom ?? '-'}`;

function accountOf(facility: FacilityTime, poolId: string, periodFrom: string | null): Account {
  const key = accountKey(poolId, periodFrom);
  const known = facility.accounts.get(key);
  if (known) return known;
  const account = { poolId, periodFrom, ...noHours() };
  facility.accounts.set(key, account);
  return account;
}

export const noHours = (): Omit<Account, 'poolId' | 'periodFrom'> => ({
  contributionMinor: 0n,
  entitled: 0n,
  donatedIn: 0n,
  donatedOut: 0n,
  residual: 0n,
  grantedHours: 0n,
  revokedHours: 0n,
  allocatedParts: 0n,
  commercialParts: 0n,
  usedHours: 0n,
});
