import { declareRefusals } from '../ledger/refusal-declaration.js';
import { dateFact, wholeFact, wordFact } from '../ledger/refusal-facts.js';
import { POLICY_NAMES } from './policy-values.js';

export const GOVERNANCE_REFUSALS = declareRefusals({
  'policy-value-invalid': {
    kind: 'invalid',
    means: 'The value does not have the form of the values of this policy.',
    next: 'Send the form that detail describes.',
    facts: { policy: wordFact('The policy.', POLICY_NAMES) },
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
