import { declareRefusals } from '../ledger/refusal-declaration.js';
import { dateFact, optional, wholeFact, wordFact } from '../ledger/refusal-facts.js';
import { POLICY_NAMES } from './policy-values.js';

export const GOVERNANCE_REFUSALS = declareRefusals({
  'policy-value-invalid': {
    kind: 'invalid',
    means: 'The value does not have the form of the values of this policy.',
    next: 'Send the form that detail describes.',
    facts: { policy: wordFact('The policy.', POLICY_NAMES) },
  },
  'partner-quota-reached': {
    kind: 'conflict',
    means: 'As many records of the partner are open as its own key may open.',
    next: 'Wait for a decision, withdraw one, or ask the operator.',
    facts: {
      policy: wordFact('The policy that bounds them.', ['open-requests-per-partner', 'open-pledges-per-partner']),
      open: wholeFact('Records of the partner that are open.', 1_000),
      limit: wholeFact('How many may be open.', 1_000),
      policyVersion: optional(wholeFact('The version in force; absent where no policy was adopted.', 1)),
    },
  },
  'policy-before-latest': {
    kind: 'conflict',
    means: 'The version would begin before the one that is in force.',
    next: 'Give the date inForceSince or a later one.',
    facts: {
      effectiveFrom: dateFact('The date that was given.', '2025-12-31'),
      inForceSince: dateFact('The date on which the version in force began.', '2026-03-01'),
      version: wholeFact('The version in force.', 2),
    },
  },
  'too-many-policy-versions': {
    kind: 'conflict',
    means: 'As many versions of the policy are kept as one may have.',
    next: 'This is a limit of the service. Tell its operator.',
    facts: { limit: wholeFact('Versions of a policy that are kept.', 1_000) },
  },
});

declare module '../ledger/refusal-declaration.js' {
  interface DeclaredRefusals extends Readonly<typeof GOVERNANCE_REFUSALS> {}
}
