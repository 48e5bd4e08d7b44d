import { ROLES } from '../ledger/command-context.js';
import { declareRefusals } from '../ledger/refusal-declaration.js';
import { listFact, wordFact } from '../ledger/refusal-facts.js';

/** Refusals of rules that records of several kinds have in common. */
export const DOMAIN_REFUSALS = declareRefusals({
  'illustrative-not-allowed': {
    kind: 'forbidden',
    means: 'Only the operator may record something that is made up: it marks every report that counts it.',
    next: 'Leave illustrative out, or send false.',
    facts: {
      needed: listFact('Roles of which one is needed.', wordFact('A role.', ROLES)),
      roles: listFact('Roles of the credential.', wordFact('A role.', ROLES)),
    },
  },
});

declare module '../ledger/refusal-declaration.js' {
  interface DeclaredRefusals extends Readonly<typeof DOMAIN_REFUSALS> {}
}
