import { MODES } from '../domain/access-modes.js';
import { CATEGORIES } from '../domain/categories.js';
import { ACCESS_USES, FREE_REASONS } from '../domain/free-access.js';
import { declareRefusals, unknownId } from '../ledger/refusal-declaration.js';
import { clauseFact, idFact, instantFact, orNull, wholeFact, wordFact } from '../ledger/refusal-facts.js';

export const FREE_ACCESS_CLAUSE = '2021/1173 Art. 12b(15)(b)' as const;
export const OPEN_FRONTIER_CLAUSE = '2021/1173 Art. 12b(11)' as const;

const priceFacts = {
  freeReason: wordFact('The reason for free access.', FREE_REASONS),
  category: wordFact('Category of the applicant at the submission.', CATEGORIES),
  use: orNull(wordFact('The use that the decision states; null if it states none.', ACCESS_USES)),
};

/** What a grant and its price can be refused for. */
export const GRANT_REFUSALS = declareRefusals({
  'unknown-grant': unknownId(
    'There is no grant with this id that the credential may see.',
    'Take the id from GET /v1/grants.',
  ),
  'field-missing': {
    kind: 'invalid',
    means: 'A granted request lacks a field of the award.',
    next: 'Give the field that errors names.',
  },
  'field-not-for-denial': {
    kind: 'invalid',
    means: 'A denied request has a field of an award.',
    next: 'Leave out the field that errors names.',
  },
  'granted-below-one': {
    kind: 'invalid',
    means: 'A grant is for at least 1 chip-hour.',
    next: 'Deny the request to give none.',
  },
  'granted-above-requested': {
    kind: 'conflict',
    means: 'More chip-hours would be granted than were requested.',
    next: 'Grant at most chipHoursRequested.',
    facts: {
      chipHours: wholeFact('Chip-hours that would be granted.', 60_000),
      chipHoursRequested: wholeFact('Chip-hours that were requested.', 50_000),
    },
  },
  'call-budget-exceeded': {
    kind: 'conflict',
    means: 'More chip-hours would be granted under the call than it offers.',
    next: 'Grant at most what is left, or open a further call.',
    facts: {
      callId: idFact('The call.'),
      chipHours: wholeFact('Chip-hours that would be granted.', 60_000),
      offered: wholeFact('Chip-hours that the call offers.', 2_000_000),
      granted: wholeFact('Chip-hours that are granted, less what revoked grants returned.', 1_950_000),
      left: wholeFact('Chip-hours that are left.', 50_000),
    },
  },
  'validity-out-of-order': {
    kind: 'invalid',
    means: 'The grant would end before or when it begins.',
    next: 'Give a later validTo.',
    facts: {
      validFrom: instantFact('When it would begin.', '2026-06-01T00:00:00Z'),
      validTo: instantFact('When it would end.', '2026-05-01T00:00:00Z'),
    },
  },
  'free-reason-missing': {
    kind: 'invalid',
    means: 'Access would be free of charge without a reason.',
    next: 'Give the freeReason that holds, or decide for pay-per-use.',
    facts: { clause: clauseFact(FREE_ACCESS_CLAUSE) },
  },
  'free-reason-not-met': {
    kind: 'conflict',
    means: 'The reason for free access does not hold for the applicant, its use or its project.',
    next: 'Give the reason that holds with the facts that it needs, or decide for pay-per-use.',
    facts: {
      clause: wordFact('Where the rule comes from.', [FREE_ACCESS_CLAUSE, OPEN_FRONTIER_CLAUSE]),
      ...priceFacts,
      mode: wordFact('Mode of the call.', MODES),
    },
  },
  'free-evidence-missing': {
    kind: 'conflict',
    means: 'The policy free-access-evidence asks for evidence of this reason.',
    next: 'Name the evidence as freeEvidenceRef.',
    facts: {
      clause: clauseFact(FREE_ACCESS_CLAUSE),
      freeReason: priceFacts.freeReason,
      policyVersion: wholeFact('The version of the policy that decides.', 1),
    },
  },
  'free-by-law': {
    kind: 'conflict',
    means: 'The user would pay, and the law makes the access free of charge.',
    next: 'Grant free access with this reason. State the use commercial where an SME does not use the time for its private innovation.',
    facts: { clause: clauseFact(FREE_ACCESS_CLAUSE), ...priceFacts },
  },
  'field-not-for-paid-access': {
    kind: 'invalid',
    means: 'A grant of paid access has a field of free access.',
    next: 'Leave out the field that errors names, or grant free access.',
  },
});

declare module '../ledger/refusal-declaration.js' {
  interface DeclaredRefusals extends Readonly<typeof GRANT_REFUSALS> {}
}
