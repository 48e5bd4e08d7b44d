import { declareRefusals, unknownId } from '../ledger/refusal-declaration.js';
import { instantFact } from '../ledger/refusal-facts.js';

export const ERASURE_REFUSALS = declareRefusals({
  'unknown-subject': unknownId(
    'Nothing was ever sealed for this subject.',
    'Take the id of the subject from an event with sealed content.',
  ),
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
