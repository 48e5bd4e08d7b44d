import type { Transaction } from '../ledger/transaction.js';
import { facility, registered, type RegisteredFacility } from './facility.js';

/**
 * The facility that the route names. Whose it is comes before its revision: a stranger must not learn from a 412 that
 * something has happened to it.
 */
export function ownFacility(tx: Transaction, id: string): RegisteredFacility {
  tx.requireOwn(registered(tx.existing(facility, id)).operatorPartnerId);
  return registered(tx.target(facility, id));
}
