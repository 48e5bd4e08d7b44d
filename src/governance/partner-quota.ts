import { refuse } from '../ledger/refusal.js';
import type { Transaction } from '../ledger/transaction.js';
import { policyInForce } from './policy.js';

/** The policies that bound how many records of one partner wait for a decision, and what they count. */
const COUNTED = {
  'open-requests-per-partner': 'access requests that wait for a decision',
  'open-pledges-per-partner': 'pledges that are not signed',
} as const;
export type QuotaName = keyof typeof COUNTED;

/**
 * Open records of one partner where the board has adopted no policy. It protects the service from a key that fills the disk, and is no
 * judgement on access: no applicant has a thousand requests that wait.
 */
export const OPEN_RECORDS_DEFAULT = 1_000;

/**
 * Bounds what a partner opens by its own key. The operator is not bound, but what it opens for the partner counts.
 *
 * `open` is the number of records at the end of the log when the command was prepared, so that its cost does not grow with the log
 * and no event has to count. The bound is therefore exact for commands that are sent one after the other; commands of one partner
 * that are in the service at the same time do not see each other. A partner can exceed the quota once, by what it has in flight: the
 * commands of its calls of many, and at most the commands that the ledger takes at a time.
 * @param open undefined for a caller who is not bound
 * @throws Refusal `partner-quota-reached` (409)
 */
export function requireWithinQuota(
  tx: Pick<Transaction, 'get' | 'now'>,
  name: QuotaName,
  open: number | undefined,
): void {
  if (open === undefined) return;
  const inForce = policyInForce(tx, name, tx.now);
  const limit = inForce?.value.max ?? OPEN_RECORDS_DEFAULT;
  if (open < limit) return;
  throw refuse(
    'partner-quota-reached',
    `The partner has ${open} ${COUNTED[name]}, and may have ${limit} by its own key. Wait for a decision, withdraw one, or ask the operator.`,
    { policy: name, open, limit, ...(inForce && { policyVersion: inForce.version }) },
  );
}
