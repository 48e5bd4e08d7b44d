import { notInFuture } from '../domain/past-dates.js';
import { refuse } from '../ledger/refusal.js';
import type { LegalForm } from '../partners/partner.js';
import { registered, type Facility } from './facility.js';
import type { FacilityEvent } from './facility-events.js';
import { PROPORTION_CLAUSE, type PoolBasis, type PoolFacts, type PoolOwner } from './pool-events.js';

/** Pools of one facility: the Union, up to 27 states and the partners of a consortium, each with a few bases. */
export const POOLS_MAX = 500;

/** @throws Refusal `date-in-future` (422); `operations-started-already` (409). */
export function startOperations(
  state: Facility,
  { on, evidenceRef }: { readonly on: string; readonly evidenceRef: string },
  now: string,
): FacilityEvent[] {
  const { operationsStartedOn } = registered(state).hours;
  if (operationsStartedOn !== undefined) {
    throw refuse('operations-started-already', `The facility started operations on ${operationsStartedOn}.`, {
      operationsStartedOn,
    });
  }
  notInFuture('on', on, now);
  return [{ type: 'operations-started', data: { on, evidenceRef } }];
}

/** Where the hours of an owner can come from. */
const BASES_OF_OWNER: Readonly<Record<PoolOwner, readonly PoolBasis[]>> = {
  union: ['capex', 'purchase', 'donation', 'residual-value'],
  'member-state': ['capex', 'purchase'],
  private: ['capex', 'purchase', 'preferential'],
  consortium: ['capex'],
};

/**
 * Defines a pool of hours. One owner has one pool of each basis.
 * @param legalForm of the partner that is named; undefined if none is.
 * @throws Refusal `pool-owner-mismatch`, `pool-basis-mismatch`, `pool-defined-already`, `too-many-pools` (409).
 */
export function definePool(state: Facility, input: PoolFacts, legalForm: LegalForm | undefined): FacilityEvent[] {
  const { pools } = registered(state).hours;
  const { owner, basis, partnerId } = input;
  requireOwner(owner, legalForm);
  if (!BASES_OF_OWNER[owner].includes(basis)) {
    throw refuse(
      'pool-basis-mismatch',
      `The hours of a pool of ${owner} do not come from ${basis}. Choose one of ${BASES_OF_OWNER[owner].join(', ')}.`,
      { owner, basis, allowed: BASES_OF_OWNER[owner] },
    );
  }
  const source = sourceOf(basis);
  const same = pools.find(
    (pool) =>
      pool.owner === owner &&
      (pool.partnerId === partnerId || pool.partnerId === undefined || partnerId === undefined) &&
      sourceOf(pool.basis) === source,
  );
  if (same) {
    throw refuse('pool-defined-already', `The hours of this owner on this basis are in pool ${same.poolId} already.`, {
      poolId: same.poolId,
    });
  }
  if (pools.size >= POOLS_MAX) {
    throw refuse('too-many-pools', `A facility has at most ${POOLS_MAX} access pools.`, { limit: POOLS_MAX });
  }
  return [{ type: 'access-pool-defined', data: input, legalBasis: PROPORTION_CLAUSE }];
}

/** Preferential hours come from the same CAPEX, which counts once. */
const sourceOf = (basis: PoolBasis): PoolBasis => (basis === 'preferential' ? 'capex' : basis);

/** A state or a private partner is named; the Union and the consortium are one each, and need no partner. */
function requireOwner(owner: PoolOwner, legalForm: LegalForm | undefined): void {
  const isRight = {
    union: legalForm === undefined || legalForm === 'union',
    consortium: legalForm === undefined || legalForm === 'consortium',
    'member-state': legalForm === 'member-state',
    private: legalForm !== undefined && legalForm !== 'member-state' && legalForm !== 'union',
  }[owner];
  if (isRight) return;
  throw refuse(
    'pool-owner-mismatch',
    owner === 'union' || owner === 'consortium'
      ? `A pool of ${owner} is of no other partner. Leave the partner out.`
      : `A pool of ${owner} needs the partner whose hours they are, with a legal form that fits.`,
    { owner, legalForm: legalForm ?? null },
  );
}
