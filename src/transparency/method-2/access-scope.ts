import type { Mode } from '../../domain/access-modes.js';
import type { Pool } from './access-time-fold.js';
import { NO_POOL } from './equal-access-fold.js';
import type { FoldState } from './fold.js';

/** Narrows the report to one facility, one mode of access, the time of some pools. */
export interface AccessFilter {
  readonly facilityId?: string | undefined;
  readonly mode?: Mode | undefined;
  /** `union`, `all`, or the id of the partner whose time it is. */
  readonly pool?: string | undefined;
}

/** Whose time a report counts. Art. 12b(16) of Regulation (EU) 2021/1173 monitors the Union's. */
export interface Scope {
  /** `union`, `all`, or the id of the partner whose time it is. */
  readonly pool: string;
  /** The pools that count; empty when everybody's time counts. */
  readonly poolIds: readonly string[];
  readonly statement: string;
}

/** The scope, and what decides on it that is not published. */
export interface ScopeRule {
  readonly scope: Scope;
  /** Facilities with a pool of the Union: requests to them are demand for its time. */
  readonly unionFacilityIds: ReadonlySet<string>;
}

const UNION: Omit<Scope, 'poolIds'> = {
  pool: 'union',
  statement:
    'Access time of the Union, which Art. 12b(16) monitors. Demand is every request to a facility with such time that was not granted from the time of somebody else.',
};

/**
 * The scope of a report. Without a choice it is the Union's time where a facility has a pool of the Union, and else everybody's time.
 */
export function scopeOf(state: FoldState, filter: AccessFilter): ScopeRule {
  const ofUnion = [...state.accessTime.facilities].filter(([, { pools }]) =>
    [...pools.values()].some(({ owner }) => owner === 'union'),
  );
  return { scope: namedScope(state, filter), unionFacilityIds: new Set(ofUnion.map(([id]) => id)) };
}

function namedScope(state: FoldState, { facilityId, pool }: AccessFilter): Scope {
  const pools = poolsOf(state, facilityId);
  const idsOf = (isIn: (pool: Pool) => boolean): string[] =>
    pools
      .filter(([, one]) => isIn(one))
      .map(([id]) => id)
      .sort();
  const unionIds = idsOf(({ owner }) => owner === 'union');
  if (pool === 'union' || (pool === undefined && unionIds.length > 0)) return { ...UNION, poolIds: unionIds };
  if (pool === undefined || pool === 'all') {
    const reason = pools.length === 0 ? "Everybody's time: no access pools are recorded" : "Everybody's time";
    return { pool: 'all', poolIds: [], statement: `${reason}. Demand is every request.` };
  }
  return {
    pool,
    poolIds: idsOf(({ partnerId }) => partnerId === pool),
    statement: `Access time of partner ${pool}. Demand is every request that was granted from this time.`,
  };
}

const poolsOf = ({ accessTime }: FoldState, facilityId: string | undefined): [string, Pool][] =>
  [...accessTime.facilities]
    .filter(([id]) => facilityId === undefined || id === facilityId)
    .flatMap(([, { pools }]) => [...pools]);

interface Placed {
  readonly facilityId: string;
  readonly mode: Mode;
  readonly poolId: string | null;
}

/** Whether something is of the facility and mode of the report, whosever time it is. */
export const isInPlace = (of: Placed, { facilityId, mode }: AccessFilter): boolean =>
  (facilityId === undefined || of.facilityId === facilityId) && (mode === undefined || of.mode === mode);

/** A request without a grant is demand for the time of the Union, where it has some: a call for access is for that time. */
export function isInScope(of: Placed, filter: AccessFilter, { scope, unionFacilityIds }: ScopeRule): boolean {
  const { pool, poolIds } = scope;
  if (!isInPlace(of, filter)) return false;
  if (pool === 'all') return true;
  return of.poolId === null ? pool === 'union' && unionFacilityIds.has(of.facilityId) : poolIds.includes(of.poolId);
}

/** Whether a cell is of time whose owner is not recorded. */
export const isUnassigned = (of: Placed, filter: AccessFilter): boolean =>
  of.poolId === NO_POOL && isInPlace(of, filter);
