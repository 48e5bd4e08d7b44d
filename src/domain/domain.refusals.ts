import { ROLES } from '../ledger/command-context.js';
import { declareRefusals } from '../ledger/refusal-declaration.js';
import { dateFact, listFact, wordFact } from '../ledger/refusal-facts.js';

/** Refusals of rules that records of several kinds have in common. */
export const DOMAIN_REFUSALS = declareRefusals({
  'date-in-future': {
    kind: 'invalid',
    means: 'The date lies in the future.',
    next: 'Record it once it has happened.',
    facts: { date: dateFact('The date that was given.', '2027-01-01'), today: dateFact('Today in UTC.', '2026-11-27') },
  },
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
