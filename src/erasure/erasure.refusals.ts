import { declareRefusals } from '../ledger/refusal-declaration.js';
import { idFact, instantFact } from '../ledger/refusal-facts.js';

export const ERASURE_REFUSALS = declareRefusals({
  'unknown-subject': {
    kind: 'unknown',
    means: 'Nothing was ever sealed for this subject.',
    next: 'Take the id of the subject from an event with sealed content.',
    facts: { id: idFact('The id that was given.') },
  },
  'already-erased': {
    kind: 'conflict',
    means: 'Everything that was sealed for the subject has been erased.',
    next: 'Nothing needs to be done.',
    facts: { erasedAt: instantFact('When the last of it was erased.') },
  },
});

declare module '../ledger/refusal-declaration.js' {
  interface DeclaredRefusals extends Readonly<typeof ERASURE_REFUSALS> {}
}
