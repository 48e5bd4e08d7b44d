import type { PoolBasis, PoolOwner } from '../../compute/pool-events.js';
import { figures, share, type Reason } from '../measures/measures.js';
import { policyInForce } from '../method-1/fold.js';
import { PARTS_PER_UNIT_HOUR, accountKey, noHours, type Account, type FacilityTime } from './access-time-fold.js';
import type { Cell } from './equal-access-fold.js';
import type { FoldState } from './fold.js';

/** From the euro to the hour: one pool in one period. Unit-hours are whole numbers, rounded down where they come from intervals. */
export interface AccessTimeLine {
  readonly facilityId: string;
  readonly facilityName: string;
  readonly poolId: string;
  readonly owner: PoolOwner | null;
  readonly partnerId: string | null;
  readonly basis: PoolBasis | null;
  /** Half-open. Null: hours of no recorded period. */
  readonly periodFrom: string | null;
  readonly periodTo: string | null;
  readonly currency: string | null;
  readonly contributionMinor: string | null;
  readonly capexMinor: string | null;
  readonly shareOfCapex: number | null;
  readonly availableUnitHours: number | null;
  readonly entitledUnitHours: number;
  readonly donatedInUnitHours: number;
  readonly donatedOutUnitHours: number;
  readonly residualUnitHours: number;
  readonly allocatedUnitHours: number;
  readonly leftUnitHours: number;
  readonly grantedChipHours: number;
  readonly revokedChipHours: number;
  readonly usedChipHours: number;
  readonly commercialUnitHours: number;
  /** Of the unit-hours of the pool. */
  readonly commercialShare: number | null;
  /** Arts. 17 and 18; null without the policy `commercial-share-maximum`, and for time that is not the Union's. */
  readonly commercialShareMaximum: number | null;
  readonly reasons: Readonly<Partial<Record<string, Reason>>>;
}

/** Access time that states gave: Art. 12b(10). */
export interface DonatedTime {
  readonly donatedUnitHours: number;
  /** Granted from the pools that donated time went to. */
  readonly chipHoursGranted: number;
  readonly chipHoursGrantedToStartUpsAndSmes: number;
  readonly primaryShare: number | null;
  /** The policy `donated-time-primary-share`; null when there is none. */
  readonly primaryShareMinimum: number | null;
  /** Null while the share or the policy is missing. */
  readonly isPrimary: boolean | null;
  readonly reasons: Readonly<Partial<Record<string, Reason>>>;
}

/** The register of preferential access: Regulation (EU) No 651/2014, Art. 26(4). */
export interface PreferentialAccess {
  readonly facilityId: string;
  readonly partnerId: string;
  readonly periodFrom: string;
  readonly periodTo: string;
  readonly contributionMinor: string;
  readonly capexMinor: string;
  readonly shareOfCapex: number;
  readonly unitHours: number;
  readonly conditionsRef: string;
}

const PPM = 1_000_000;

const chosen = (state: FoldState, facilityId: string | undefined): [string, FacilityTime][] =>
  [...state.accessTime.facilities]
    .filter(([id]) => facilityId === undefined || id === facilityId)
    .sort(([one], [other]) => compare(one, other));

/** Compares by code unit, not by locale: the order is the same on every machine. */
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** By facility, period and pool. */
export function accessTimeLines(state: FoldState, facilityId?: string): AccessTimeLine[] {
  return chosen(state, facilityId).flatMap(([id, facility]) => {
    const periods = [...facility.periods.keys()].sort();
    const pools = [...facility.pools.keys()].sort();
    const planned = periods.flatMap((periodFrom) => pools.map((poolId) => ({ poolId, periodFrom })));
    const others = [...facility.accounts.values()]
      .filter(({ poolId, periodFrom }) => periodFrom === null || !facility.pools.has(poolId))
      .sort((one, other) => compare(one.poolId, other.poolId));
    return [...planned, ...others].map(({ poolId, periodFrom }) => lineOf(state, id, facility, poolId, periodFrom));
  });
}

function lineOf(
  state: FoldState,
  facilityId: string,
  facility: FacilityTime,
  poolId: string,
  periodFrom: string | null,
): AccessTimeLine {
  const account = facility.accounts.get(accountKey(poolId, periodFrom)) ?? { ...noHours(), poolId, periodFrom };
  const pool = facility.pools.get(poolId);
  const period = periodFrom === null ? undefined : facility.periods.get(periodFrom);
  const credit = creditOf(account);
  const isOfUnion = pool?.owner === 'union';
  return {
    facilityId,
    facilityName: state.capital.facilities.get(facilityId)?.name ?? '',
    poolId,
    owner: pool?.owner ?? null,
    partnerId: pool?.partnerId ?? null,
    basis: pool?.basis ?? null,
    periodFrom,
    periodTo: period?.periodTo ?? null,
    currency: period?.currency ?? null,
    contributionMinor: period ? account.contributionMinor.toString() : null,
    capexMinor: period?.capexMinor.toString() ?? null,
    availableUnitHours: period ? Number(period.availableUnitHours) : null,
    entitledUnitHours: Number(account.entitled),
    donatedInUnitHours: Number(account.donatedIn),
    donatedOutUnitHours: Number(account.donatedOut),
    residualUnitHours: Number(account.residual),
    allocatedUnitHours: unitHours(account.allocatedParts),
    leftUnitHours: unitHours(credit * PARTS_PER_UNIT_HOUR - account.allocatedParts),
    grantedChipHours: Number(account.grantedHours),
    revokedChipHours: Number(account.revokedHours),
    usedChipHours: Number(account.usedHours),
    commercialUnitHours: unitHours(account.commercialParts),
    commercialShareMaximum: isOfUnion ? commercialMaximum(state, facilityId) : null,
    ...figures({
      shareOfCapex: period ? share(account.contributionMinor, period.capexMinor, 'no-entitlement') : 'no-entitlement',
      commercialShare: share(account.commercialParts, credit * PARTS_PER_UNIT_HOUR, 'no-entitlement'),
    }),
  };
}

const creditOf = ({ entitled, donatedIn, donatedOut, residual }: Account): bigint =>
  entitled + donatedIn - donatedOut + residual;

/** Whole unit-hours, rounded down: an hour that is not full is left. */
function unitHours(parts: bigint): number {
  const whole = parts / PARTS_PER_UNIT_HOUR;
  return Number(parts < 0n && parts % PARTS_PER_UNIT_HOUR !== 0n ? whole - 1n : whole);
}

function commercialMaximum(state: FoldState, facilityId: string): number | null {
  const kind = state.capital.facilities.get(facilityId)?.kind;
  const value = policyInForce(state, 'commercial-share-maximum')?.value;
  const ppm = kind === undefined ? undefined : value?.sharesPpm[kind];
  return ppm === undefined ? null : ppm / PPM;
}

/** @param cells of the facilities and modes of the report, of all pools. */
export function donatedTime(state: FoldState, cells: readonly Cell[], facilityId?: string): DonatedTime {
  const accounts = chosen(state, facilityId).flatMap(([, facility]) => [...facility.accounts.values()]);
  const given = accounts.filter(({ donatedIn }) => donatedIn > 0n);
  const poolIds = new Set(given.map(({ poolId }) => poolId));
  const granted = cells.filter(({ poolId }) => poolId !== null && poolIds.has(poolId));
  const hoursOf = (some: readonly Cell[]): bigint => some.reduce((sum, cell) => sum + cell.grantedHours, 0n);
  const all = hoursOf(granted);
  const primary = hoursOf(granted.filter(({ category }) => category === 'start-up' || category === 'sme'));
  const minimum = policyInForce(state, 'donated-time-primary-share')?.value;
  return {
    donatedUnitHours: Number(given.reduce((sum, { donatedIn }) => sum + donatedIn, 0n)),
    chipHoursGranted: Number(all),
    chipHoursGrantedToStartUpsAndSmes: Number(primary),
    ...figures({ primaryShare: share(primary, all, 'nothing-granted') }),
    primaryShareMinimum: minimum ? minimum.sharePpm / PPM : null,
    isPrimary: minimum && all > 0n ? primary * BigInt(PPM) > all * BigInt(minimum.sharePpm) : null,
  };
}

export const preferentialAccess = (state: FoldState, facilityId?: string): PreferentialAccess[] =>
  chosen(state, facilityId).flatMap(([id, { preferences }]) =>
    [...preferences.keys()].sort().flatMap((key) => {
      const preference = preferences.get(key);
      if (!preference) return [];
      const { partnerId, periodFrom, periodTo, sharePpm, conditionsRef } = preference;
      return [
        {
          ...{ facilityId: id, partnerId, periodFrom, periodTo, conditionsRef },
          contributionMinor: preference.contributionMinor.toString(),
          capexMinor: preference.capexMinor.toString(),
          shareOfCapex: sharePpm / PPM,
          unitHours: Number(preference.unitHours),
        },
      ];
    }),
  );
