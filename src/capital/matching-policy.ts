import { policy, versionAt } from '../governance/policy.js';
import type { Transaction } from '../ledger/transaction.js';
import type { MatchingPolicy } from './fund.decisions.js';

/** The policy in force that lists the contributions that match the Union; undefined if there is none. */
export function matchingPolicyAt(tx: Pick<Transaction, 'get' | 'now'>): MatchingPolicy | undefined {
  const name = 'matching-basis';
  const inForce = versionAt(tx.get(policy, name), name, tx.now);
  return inForce === null ? undefined : { version: inForce.version, kinds: inForce.value.kinds };
}
