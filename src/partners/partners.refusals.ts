import { declareRefusals, unknownId } from '../ledger/refusal-declaration.js';
import {
  clauseFact,
  dateFact,
  idFact,
  numberFact,
  optional,
  textFact,
  wholeFact,
  wordFact,
} from '../ledger/refusal-facts.js';
import { AFFILIATION_KINDS, CATEGORIES, LEGAL_FORMS } from './partner.js';

export const SME_CLAUSE = 'Recommendation 2003/361/EC, Annex, Art. 3' as const;
export const PUBLIC_CONTROL_CLAUSE = 'Recommendation 2003/361/EC, Annex, Art. 3(4)' as const;
export const START_UP_CLAUSE = '651/2014 Art. 22(2)' as const;
export const GATEKEEPER_CLAUSE = '2022/1925 Art. 3' as const;

const notBefore = <const What extends string>(what: What) => ({
  kind: 'conflict' as const,
  means: `The ${what} would begin before the one that is in force. History is not rewritten.` as const,
  next: 'Give the date inForceSince or a later one.',
  facts: {
    effectiveFrom: dateFact('The date that was given.', '2025-12-31'),
    inForceSince: dateFact('The date on which the one in force began.', '2026-03-01'),
  },
});

export const PARTNERS_REFUSALS = declareRefusals({
  'unknown-partner': unknownId(
    'There is no partner with this id.',
    'Register the partner, or take its id from GET /v1/partners.',
  ),
  'lei-check-digits': {
    kind: 'invalid',
    means: 'The legal entity identifier does not pass its check digits (ISO 17442, MOD 97-10).',
    next: 'Compare it with the LEI register.',
  },
  'member-state-outside-union': {
    kind: 'conflict',
    means: 'The legal form member-state is for the 27 Member States of the Union.',
    next: 'Correct the country, or register the authority with the form public-body.',
    facts: { country: textFact('The country that was given.', 'US') },
  },
  'registered-in-the-future': {
    kind: 'invalid',
    means: 'The date of registration lies after today.',
    next: 'Leave it out until the partner is registered.',
    facts: {
      registeredOn: dateFact('The date that was given.', '2027-01-01'),
      today: dateFact('Today in UTC.', '2026-11-27'),
    },
  },
  'category-contradicts-legal-form': {
    kind: 'conflict',
    means: 'A partner under public control cannot have the category of an enterprise.',
    next: 'Classify it as public-body, or correct its legal form.',
    facts: {
      clause: clauseFact(PUBLIC_CONTROL_CLAUSE),
      legalForm: wordFact('Legal form of the partner.', LEGAL_FORMS),
      category: wordFact('The category that was given.', CATEGORIES),
    },
  },
  'evidence-missing': {
    kind: 'conflict',
    means: 'A category needs a basis and a reference to evidence.',
    next: 'Give both. For a tech-giant the evidence is the decision that designates the gatekeeper.',
    facts: {
      category: wordFact('The category that was given.', CATEGORIES),
      clause: optional(clauseFact(GATEKEEPER_CLAUSE)),
    },
  },
  'start-up-too-old': {
    kind: 'conflict',
    means: 'The partner was registered too long ago to be a start-up.',
    next: 'Classify the partner as what it is now.',
    facts: {
      clause: clauseFact(START_UP_CLAUSE),
      registeredOn: dateFact('When the partner was registered.', '2019-05-02'),
      lastDay: dateFact('The last day on which it can be a start-up.', '2024-05-02'),
      effectiveFrom: dateFact('The date that was given.'),
    },
  },
  'affiliation-with-itself': {
    kind: 'conflict',
    means: 'A partner cannot hold a share of itself.',
    next: 'Name the partner that holds the share.',
    facts: { otherPartnerId: idFact('The partner that was named.') },
  },
  'affiliation-kind-mismatch': {
    kind: 'conflict',
    means: 'The share is not one of this kind of affiliation.',
    next: 'Give the kind that the share is. Below partnerPercentMin nothing is recorded.',
    facts: {
      clause: clauseFact(SME_CLAUSE),
      kind: wordFact('The kind that was given.', AFFILIATION_KINDS),
      percent: numberFact('The share that was given, in percent.', 60),
      partnerPercentMin: numberFact('Least share of a partner enterprise, in percent.', 25),
      partnerPercentMax: numberFact('Largest share of a partner enterprise, in percent.', 50),
    },
  },
  'holdings-above-hundred': {
    kind: 'conflict',
    means: 'The recorded shares would add up to more than 100 % on some date.',
    next: "End or lower another holder's share first.",
    facts: {
      date: dateFact('The first such date.'),
      sumPercent: numberFact('Sum of the shares on that date, in percent.', 110),
      percent: numberFact('The share that was given, in percent.', 60),
    },
  },
  'affiliation-not-in-force': {
    kind: 'conflict',
    means: 'The holder has no recorded share on this date, so that there is none to end.',
    next: 'Give the partner and a date on which it holds a share.',
    facts: {
      otherPartnerId: idFact('The holder that was named.'),
      effectiveFrom: dateFact('The date that was given.'),
    },
  },
  'acquired-by-itself': {
    kind: 'conflict',
    means: 'A partner cannot acquire itself.',
    next: 'Name the partner that acquires it.',
    facts: { acquirerId: idFact('The partner that was named.') },
  },
  'ownership-cycle': {
    kind: 'conflict',
    means: 'The owned partner stands above its new owner already: ownership would be a circle.',
    next: 'End the older relation first.',
    facts: { partnerId: idFact('The partner that would be owned.'), ownerId: idFact('The partner that would own it.') },
  },
  'ownership-too-wide': {
    kind: 'conflict',
    means: 'More partners stand above the partner than are followed.',
    next: 'Check the affiliations and acquisitions that are recorded.',
    facts: {
      partnerId: idFact('The partner at the bottom.'),
      limit: wholeFact('Partners that may stand above one.', 100),
    },
  },
  'classification-before-latest': notBefore('classification'),
  'affiliation-before-latest': notBefore('share of this holder'),
  'acquisition-before-latest': notBefore('acquisition'),
  'too-many-decisions': {
    kind: 'conflict',
    means: 'As many dated decisions of this kind are kept for the partner as one may have.',
    next: 'This is a limit of the service. Tell its operator.',
    facts: { limit: wholeFact('Decisions of one kind that are kept for a partner.', 1_000) },
  },
});

declare module '../ledger/refusal-declaration.js' {
  interface DeclaredRefusals extends Readonly<typeof PARTNERS_REFUSALS> {}
}
