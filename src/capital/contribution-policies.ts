import { RULES_WITHOUT_POLICY, type ContributionRules } from '../compute/contribution.js';
import { policyInForce } from '../governance/policy.js';
import type { Transaction } from '../ledger/transaction.js';

/** How contributions are counted now: the policies in force, and the rules without a policy for those that the board has not adopted. */
export function contributionRulesAt(tx: Pick<Transaction, 'get' | 'now'>): ContributionRules {
  const matching = policyInForce(tx, 'matching-basis', tx.now);
  const inKind = policyInForce(tx, 'union-in-kind', tx.now);
  const share = policyInForce(tx, 'union-share-maximum', tx.now);
  return {
    ...RULES_WITHOUT_POLICY,
    ...(matching && { matchingKinds: matching.value.kinds, matchingPolicyVersion: matching.version }),
    ...(inKind && { unionInKind: inKind.value, unionInKindPolicyVersion: inKind.version }),
    ...(share && { unionShareMaximum: share.value, unionSharePolicyVersion: share.version }),
  };
}
