import { policyInForce } from '../governance/policy.js';
import type { Transaction } from '../ledger/transaction.js';

/** The version of the policy `signature-acceptance` that binds a partner's own signature to the acceptance of the operator. */
export interface AcceptancePolicy {
  readonly version: number;
  readonly effectiveFrom: string;
}

/** The policy in force that requires an acceptance; undefined if there is none: a partner's signature then binds by itself. */
export function acceptancePolicyAt(tx: Pick<Transaction, 'get' | 'now'>): AcceptancePolicy | undefined {
  const inForce = policyInForce(tx, 'signature-acceptance', tx.now);
  if (inForce?.value !== 'required') return undefined;
  const { version, effectiveFrom } = inForce;
  return { version, effectiveFrom };
}
