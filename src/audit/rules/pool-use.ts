import { HourBook, requireNotOverdrawn, type Stretch } from './hour-book.js';
import { numberIn, type InForce, type Versions } from './pool-policies.js';
import type { Facts } from './rule.js';

// What is allocated in a pool.

/** A chip of factor 1 counts as so many thousandths of a unit. */
const THOUSANDTHS = 1_000;

const MILLION = 1_000_000n;

/** Books an allocation, or one that got its pool later. */
export function allocate(book: HourBook, facts: Facts, inForce: InForce): void {
  const poolId = facts.optional('poolId');
  if (poolId === undefined) {
    facts.require(facts.data['unitThousandths'] === undefined, 'The allocation counts units, and uses no pool.');
    return;
  }
  const pool = book.pools.get(poolId);
  if (pool === undefined) return facts.require(false, `The facility has no access pool ${poolId}.`);
  requireFactor(book, facts, inForce('chip-equivalence'));
  const [from, to] = [facts.instant('from'), facts.instant('to')];
  const isCommercial = facts.optional('use') === 'commercial';
  const { periods, uncoveredMs } = book.book(poolId, facts, { from, to }, 1n, isCommercial);
  facts.require(uncoveredMs === 0, 'Some of the allocation lies in no period for which hours are divided.');
  for (const period of periods) {
    requireNotOverdrawn(book, poolId, period, facts, 'More hours are allocated in the pool than it has in the period.');
    if (isCommercial && pool.owner === 'union')
      requireCommercialShare(book, period, inForce('commercial-share-maximum'), facts);
  }
}

/** Takes back what is left of an allocation. One that never had a pool took no hours. */
export function release(book: HourBook, facts: Facts): void {
  const poolId = facts.optional('poolId');
  if (poolId === undefined) return;
  const [from, to, at] = [facts.instant('from'), facts.instant('to'), facts.instant('at')];
  book.book(poolId, facts, { from: Math.max(from, at), to }, -1n, facts.optional('use') === 'commercial');
}

/** The stated factor is that of a version of the policy that may have been in force; without one, the facility has one model. */
function requireFactor(book: HourBook, facts: Facts, versions: Versions): void {
  const stated = facts.count('unitThousandths');
  const model = facts.text('chipModel');
  const allowed = versions.flatMap((version) => {
    if (version === undefined) return book.models.size <= 1 ? [THOUSANDTHS] : [];
    const factor = numberIn(version.value, 'factors', model);
    return factor === undefined ? [] : [Number((factor * THOUSANDTHS).toFixed(0))];
  });
  facts.require(
    allowed.includes(stated),
    'The chips count as other units than the policy on equivalence says.',
    allowed.join(' or ') || 'no allocation',
    stated,
  );
}

function requireCommercialShare(book: HourBook, period: Stretch, versions: Versions, facts: Facts): void {
  let [hours, commercial] = [0n, 0n];
  for (const [id, { owner }] of book.pools) {
    if (owner !== 'union') continue;
    const sums = book.sumsOf(id, period);
    hours += sums.hours;
    commercial += sums.commercial;
  }
  const isAllowed = versions.some((version) => {
    const ppm = version === undefined ? undefined : numberIn(version.value, 'sharesPpm', book.kind);
    if (ppm === undefined || !Number.isSafeInteger(ppm)) return true;
    return commercial * MILLION <= BigInt(ppm) * hours * HourBook.partsPerHour;
  });
  facts.require(isAllowed, 'Commercial use takes more than its part of the access time of the Union (Arts. 17, 18).');
}
