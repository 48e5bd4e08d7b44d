import { OPEN_RECORDS_DEFAULT, requireWithinQuota, type QuotaName } from '../../src/governance/partner-quota.js';
import { adoptPolicy, policy, type Policy } from '../../src/governance/policy.js';
import { refusalOf } from '../support/given.js';

const NOW = '2026-06-15T12:00:00Z';
const NAMES: readonly QuotaName[] = ['open-requests-per-partner', 'open-pledges-per-partner'];

/** A ledger in which the policy was adopted with this value, if it was. */
function ledgerWith(name: QuotaName, max?: number) {
  const input = { policy: name, value: { max }, effectiveFrom: '2026-01-01', reason: 'r' };
  const state =
    max === undefined ? policy.initial : policy.evolve(policy.initial, adoptPolicy(policy.initial, input, NOW)[0]);
  return { now: NOW, get: () => state as Policy } as never;
}

describe.each(NAMES)('the quota %s', (name) => {
  const within = (open: number | undefined, max?: number) => () =>
    requireWithinQuota(ledgerWith(name, max), name, open);

  it('is a thousand without a policy', () => {
    expect(OPEN_RECORDS_DEFAULT).toBe(1_000);
    expect(within(999)).not.toThrow();
    expect(refusalOf(within(1_000)).facts).toEqual({ policy: name, open: 1_000, limit: 1_000 });
  });

  it('is what the policy says, with its version', () => {
    expect(within(2, 3)).not.toThrow();
    expect(within(1_000, 1_001)).not.toThrow();
    expect(refusalOf(within(3, 3))).toMatchObject({
      code: 'partner-quota-reached',
      kind: 'conflict',
      facts: { policy: name, open: 3, limit: 3, policyVersion: 1 },
    });
  });

  it('does not bind a caller for whom nothing was counted', () => {
    expect(within(undefined, 1)).not.toThrow();
  });
});
