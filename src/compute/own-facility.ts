import type { Transaction } from '../ledger/transaction.js';
import { facility, registered, type RegisteredFacility } from './facility.js';

/** Refusals of `ownFacility`. */
export const OWN_FACILITY = ['not-own', 'stale-revision', 'unknown-facility'] as const;

/**
 * The facility that the route names. The owner is checked before the revision: a 412 would show another partner that
 * the facility has changed.
 */
export function ownFacility(tx: Transaction, id: string): RegisteredFacility {
  tx.requireOwn(registered(tx.existing(facility, id)).operatorPartnerId);
  return registered(tx.target(facility, id));
}
