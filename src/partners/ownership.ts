// Published reports of method 1.0 depend on this file: before a change, copy the old behaviour into `transparency/method-1`.

import { refuse } from '../ledger/refusal.js';
import { ownersFrom, parentAt, type Partner } from './partner.js';

/** A command may use 256 streams. An ownership with more partners than this limit is an error in the data. */
export const OWNERS_MAX = 100;

/** Finds a partner by its id: `(id) => tx.get(partner, id)` in a decision. */
export type PartnerLookup = (partnerId: string) => Partner;

/**
 * All partners above a partner, at an instant or at any later recorded time: holders of any share, acquirers, and the
 * owners of these. If the partner became an owner of one of them, ownership would be a circle.
 * @throws Refusal `ownership-too-wide` (409) beyond `OWNERS_MAX`.
 */
export function ancestorsFrom(partnerId: string, instant: string, lookup: PartnerLookup): readonly string[] {
  const found = new Set<string>();
  const open = [partnerId];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const owner of ownersFrom(lookup(next), instant)) {
      if (found.has(owner)) continue;
      found.add(owner);
      open.push(owner);
    }
    if (found.size > OWNERS_MAX) throw tooWide(partnerId);
  }
  return [...found];
}

/**
 * The partner at the top of acquisitions and majority holdings at an instant; the partner itself if it has no owner.
 * Concentration is measured on this top partner.
 * @throws Refusal `ownership-too-wide` (409) beyond `OWNERS_MAX` steps.
 */
export function ultimateParentAt(
  partnerId: string,
  instant: string,
  lookup: (partnerId: string) => Parameters<typeof parentAt>[0],
): string {
  let current = partnerId;
  for (let step = 0; step <= OWNERS_MAX; step += 1) {
    const parent = parentAt(lookup(current), instant);
    if (parent === undefined) return current;
    current = parent;
  }
  throw tooWide(partnerId);
}

const tooWide = (partnerId: string) =>
  refuse(
    'ownership-too-wide',
    `More than ${OWNERS_MAX} partners stand above ${partnerId}. Check the affiliations and acquisitions that are recorded.`,
    { partnerId, limit: OWNERS_MAX },
  );
