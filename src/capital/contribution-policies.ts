import { RULES_WITHOUT_POLICY, type ContributionRules } from '../compute/contribution.js';
import { policy, versionAt, type PolicyVersion } from '../governance/policy.js';
import type { PolicyName } from '../governance/policy-values.js';
import type { Transaction } from '../ledger/transaction.js';

/** How contributions are counted now: the policies in force, and the rules without a policy for those that the board has not adopted. */
export function contributionRulesAt(tx: Pick<Transaction, 'get' | 'now'>): ContributionRules {
  const inForce = <Name extends PolicyName>(name: Name): PolicyVersion<Name> | null =>
    versionAt(tx.get(policy, name), name, tx.now);
  const [matching, inKind, share] = [
    inForce('matching-basis'),
    inForce('union-in-kind'),
    inForce('union-share-maximum'),
  ];
  return {
    ...RULES_WITHOUT_POLICY,
    ...(matching && { matchingKinds: matching.value.kinds, matchingPolicyVersion: matching.version }),
    ...(inKind && { unionInKind: inKind.value, unionInKindPolicyVersion: inKind.version }),
    ...(share && { unionShareMaximum: share.value, unionSharePolicyVersion: share.version }),
  };
}
