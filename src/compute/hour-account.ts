import { Map as PersistentMap } from 'immutable';
import { COMMITMENT_KINDS, type CommitmentKind } from '../domain/commitment-kinds.js';
import type { AccessUse } from '../domain/free-access.js';
import { MS_PER_HOUR, parseInstant } from '../ledger/time.js';
import type { PartnerKind } from '../partners/partner.js';
import type { DonationFacts, EntitlementFacts, OwnershipFacts, PoolFacts, PreferenceFacts } from './pool-events.js';

/** Thousandths of a unit that one chip counts as, without a policy that converts chip-hours. */
export const THOUSANDTHS = 1_000;
/**
 * Parts of a unit-hour: a chip of factor 1 uses 1,000 of them in a millisecond. Accounts add up parts, so that intervals of
 * milliseconds and factors of thousandths stay exact.
 */
export const PARTS_PER_UNIT_HOUR = BigInt(MS_PER_HOUR) * BigInt(THOUSANDTHS);

/** The hours of one pool in one period. */
export interface HourAccount {
  /** Unit-hours of its line of the entitlement. */
  readonly entitled: bigint;
  /** Unit-hours of access time that states gave (Art. 12b(10)). */
  readonly donatedIn: bigint;
  readonly donatedOut: bigint;
  /** Unit-hours from the residual value at a transfer of ownership (Art. 12b(12)). */
  readonly residual: bigint;
  /** Parts of unit-hours (`PARTS_PER_UNIT_HOUR`) that are allocated, without what was released. */
  readonly allocatedParts: bigint;
  /** The parts of `allocatedParts` that are for commercial use. */
  readonly commercialParts: bigint;
}

/** What the hours that are left follow from. */
type Hours = Omit<HourAccount, 'commercialParts'>;

const EMPTY: HourAccount = {
  entitled: 0n,
  donatedIn: 0n,
  donatedOut: 0n,
  residual: 0n,
  allocatedParts: 0n,
  commercialParts: 0n,
};

/** Ms since the epoch, half-open. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** A period for which the hours of the facility were divided. */
export interface EntitlementPeriod extends Interval {
  readonly availableUnitHours: bigint;
}

/** What a partner contributes, by kind of commitment, in minor units. */
export interface Financing {
  readonly partnerKind: PartnerKind;
  readonly minorByKind: Readonly<Record<CommitmentKind, bigint>>;
}

/** Whose the hours of a facility are. Part of the state of the facility. */
export interface HoursOfFacility {
  readonly operationsStartedOn?: string;
  readonly ownershipTransferredOn?: string;
  readonly pools: PersistentMap<string, PoolFacts>;
  /** In order of time; no two of them overlap. */
  readonly periods: readonly EntitlementPeriod[];
  readonly financing: PersistentMap<string, Financing>;
  /** By `accountKey`. */
  readonly accounts: PersistentMap<string, HourAccount>;
  /** Preferential access of private partners: unit-hours by partner and period. A register, and no hours of its own. */
  readonly preferences: PersistentMap<string, PreferenceFacts>;
}

export const NO_HOURS: HoursOfFacility = {
  pools: PersistentMap(),
  periods: [],
  financing: PersistentMap(),
  accounts: PersistentMap(),
  preferences: PersistentMap(),
};

const accountKey = (poolId: string, period: Interval): string => `${poolId}/${period.from}`;

/** The account of a pool in a period. A pool without a line has an account without hours. */
export const accountOf = (hours: HoursOfFacility, poolId: string, period: Interval): HourAccount =>
  hours.accounts.get(accountKey(poolId, period), EMPTY);

/** Unit-hours that the pool may allocate or give in the period. */
export const creditOf = ({ entitled, donatedIn, donatedOut, residual }: Hours): bigint =>
  entitled + donatedIn - donatedOut + residual;

/** Parts of unit-hours that are left. */
export const leftPartsOf = (account: Hours): bigint => creditOf(account) * PARTS_PER_UNIT_HOUR - account.allocatedParts;

/** Chips that count in an account. */
export interface PooledChips {
  readonly chips: number;
  readonly poolId?: string;
  readonly unitThousandths?: number;
  readonly use?: AccessUse;
}

/** The part of an interval that lies in a period. */
export interface PeriodPart {
  readonly period: EntitlementPeriod;
  readonly parts: bigint;
}

/**
 * The periods that an interval touches, each with what the chips use in it. The first period is found by bisection, so that the
 * steps grow with the periods that are touched and not with those that exist.
 */
export function partsByPeriod(
  { periods }: Pick<HoursOfFacility, 'periods'>,
  { chips, unitThousandths = THOUSANDTHS }: PooledChips,
  { from, to }: Interval,
): PeriodPart[] {
  const touched: PeriodPart[] = [];
  for (let index = firstEndingAfter(periods, from); index < periods.length; index++) {
    const period = periods[index];
    if (!period || period.from >= to) break;
    const ms = Math.min(to, period.to) - Math.max(from, period.from);
    if (ms > 0) touched.push({ period, parts: BigInt(chips) * BigInt(unitThousandths) * BigInt(ms) });
  }
  return touched;
}

/** The period that holds a whole interval; undefined if none does. */
export function periodAround({ periods }: HoursOfFacility, { from, to }: Interval): EntitlementPeriod | undefined {
  const period = periods[firstEndingAfter(periods, from)];
  return period && period.from <= from && to <= period.to ? period : undefined;
}

function firstEndingAfter(periods: readonly EntitlementPeriod[], instant: number): number {
  let [low, high] = [0, periods.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((periods[middle]?.to ?? Infinity) <= instant) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Books chips over an interval; `sign` -1 gives them back. Chips without a pool count nowhere. */
export function withBooked(hours: HoursOfFacility, of: PooledChips, interval: Interval, sign: 1 | -1): HoursOfFacility {
  const { poolId, use } = of;
  if (poolId === undefined) return hours;
  let { accounts } = hours;
  for (const { period, parts } of partsByPeriod(hours, of, interval)) {
    const booked = BigInt(sign) * parts;
    accounts = accounts.update(accountKey(poolId, period), EMPTY, (account) => ({
      ...account,
      allocatedParts: account.allocatedParts + booked,
      commercialParts: use === 'commercial' ? account.commercialParts + booked : account.commercialParts,
    }));
  }
  return { ...hours, accounts };
}

/** Sets the lines of a period for the first time, or again. What is allocated, given and credited in it stays. */
export function withEntitlement(hours: HoursOfFacility, facts: EntitlementFacts): HoursOfFacility {
  const interval = intervalOf(facts);
  const period = { ...interval, availableUnitHours: BigInt(facts.availableUnitHours) };
  const others = hours.periods.filter(({ from }) => from !== period.from);
  const periods = [...others, period].sort((a, b) => a.from - b.from);
  const accounts = facts.lines.reduce(
    (known, { poolId, unitHours }) =>
      known.update(accountKey(poolId, period), EMPTY, (account) => ({ ...account, entitled: BigInt(unitHours) })),
    hours.accounts,
  );
  return { ...hours, periods, accounts };
}

export function withDonation(hours: HoursOfFacility, facts: DonationFacts): HoursOfFacility {
  const period = intervalOf(facts);
  const unitHours = BigInt(facts.unitHours);
  const accounts = hours.accounts
    .update(accountKey(facts.fromPoolId, period), EMPTY, (account) => ({
      ...account,
      donatedOut: account.donatedOut + unitHours,
    }))
    .update(accountKey(facts.unionPoolId, period), EMPTY, (account) => ({
      ...account,
      donatedIn: account.donatedIn + unitHours,
    }));
  return { ...hours, accounts };
}

export function withOwnershipTransferred(hours: HoursOfFacility, facts: OwnershipFacts): HoursOfFacility {
  const accounts = hours.accounts.update(accountKey(facts.unionPoolId, intervalOf(facts)), EMPTY, (account) => ({
    ...account,
    residual: account.residual + BigInt(facts.unitHours),
  }));
  return { ...hours, ownershipTransferredOn: facts.on, accounts };
}

/** The latest statement about a partner and a period takes the place of the one before. */
export const withPreference = (hours: HoursOfFacility, facts: PreferenceFacts): HoursOfFacility => ({
  ...hours,
  preferences: hours.preferences.set(`${facts.partnerId}/${facts.periodFrom}`, facts),
});

/** A change of what a partner contributes. */
interface FinancingChange {
  readonly partnerId: string;
  readonly partnerKind: PartnerKind;
  readonly kind: CommitmentKind;
  readonly deltaMinor: string;
}

export function withFinancing(hours: HoursOfFacility, change: FinancingChange): HoursOfFacility {
  const { partnerId, partnerKind, kind, deltaMinor } = change;
  const financing = hours.financing.update(partnerId, (known) => {
    const minorByKind = known?.minorByKind ?? NOTHING;
    return { partnerKind, minorByKind: { ...minorByKind, [kind]: minorByKind[kind] + BigInt(deltaMinor) } };
  });
  return { ...hours, financing };
}

const NOTHING = Object.fromEntries(COMMITMENT_KINDS.map((kind) => [kind, 0n])) as Record<CommitmentKind, bigint>;

/** The period that an event names, in ms since the epoch. */
export const intervalOf = ({ periodFrom, periodTo }: { periodFrom: string; periodTo: string }): Interval => ({
  from: parseInstant(periodFrom),
  to: parseInstant(periodTo),
});
