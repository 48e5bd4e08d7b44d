import { MODES } from '../domain/access-modes.js';
import { CATEGORIES } from '../domain/categories.js';
import { declareRefusals, unknownId } from '../ledger/refusal-declaration.js';
import {
  clauseFact,
  dateFact,
  idFact,
  instantFact,
  listFact,
  optional,
  ruleFact,
  textFact,
  wholeFact,
  wordFact,
} from '../ledger/refusal-facts.js';
import { ALLOCATION_REFUSALS } from './allocation.refusals.js';
import { GRANT_REFUSALS } from './grant.refusals.js';

export const ELIGIBLE_COUNTRY_CLAUSE = '2021/1173 Art. 12b(15)(a)' as const;

const requestFacts = {
  requestStatus: wordFact('Status of the request.', [
    'submitted',
    'withdrawn',
    'ineligible',
    'granted',
    'denied',
    'revoked',
  ]),
  since: instantFact('Since when it has this status.'),
};
const modesVersion = wholeFact('The version of the policy access-modes that decides.', 1);

/** What a call for access and a request can be refused for. */
const REQUEST_REFUSALS = declareRefusals({
  'unknown-access-call': unknownId(
    'There is no call for access with this id.',
    'Take the id from GET /v1/access-calls.',
  ),
  'unknown-access-request': unknownId(
    'There is no request for access, or no grant, with this id that the credential may see.',
    'Take the id from GET /v1/access-requests.',
  ),
  'call-dates-out-of-order': {
    kind: 'invalid',
    means: 'The call would close before or when it opens.',
    next: 'Give a later closesAt.',
    facts: {
      opensAt: instantFact('When it would open.', '2026-06-01T00:00:00Z'),
      closesAt: instantFact('When it would close.', '2026-05-01T00:00:00Z'),
    },
  },
  'host-state-unknown': {
    kind: 'conflict',
    means: 'No hosting state is recorded for the AI gigafactory, so that its commitment cannot be verified.',
    next: 'Register the facility with hostStatePartnerId, sign a commitment of that state to it, then open the call.',
    facts: { facilityId: idFact('The facility.') },
  },
  'host-state-not-committed': {
    kind: 'conflict',
    means:
      'The hosting state has signed no commitment of money to the AI gigafactory by the day on which the call opens.',
    next: 'Sign one with this facilityId, or open the call on a later day.',
    facts: {
      opensOn: dateFact('The day on which the call would open.', '2026-06-01'),
      facilityId: idFact('The facility.'),
      hostStatePartnerId: idFact('The hosting state.'),
    },
  },
  'category-missing': {
    kind: 'conflict',
    means: 'The partner had no category in force, and equal access is measured by category.',
    next: 'Classify the partner first.',
    facts: { partnerId: idFact('The partner.'), submittedAt: instantFact('When the request would be submitted.') },
  },
  'call-not-open': {
    kind: 'conflict',
    means: 'The call does not take requests at this instant.',
    next: 'Answer a call that is open.',
    facts: {
      callId: idFact('The call.'),
      opensAt: instantFact('It takes requests from this instant.', '2026-04-01T00:00:00Z'),
      closesAt: instantFact('It takes requests until before this instant.', '2026-06-01T00:00:00Z'),
      submittedAt: instantFact('When the request would be submitted.'),
    },
  },
  'chip-hours-above-mode-limit': {
    kind: 'conflict',
    means: 'The request asks for more chip-hours than one of its mode may.',
    next: 'Ask for less, or answer a call of another mode.',
    facts: {
      mode: wordFact('Mode of the call.', MODES),
      chipHours: wholeFact('Chip-hours that were asked for.', 60_000),
      chipHoursMax: wholeFact('Chip-hours that a request of the mode may ask for.', 50_000),
      policyVersion: modesVersion,
    },
  },
  'chip-hours-below-mode-limit': {
    kind: 'conflict',
    means: 'The request asks for fewer chip-hours than one of its mode does.',
    next: 'Answer a call of a smaller mode.',
    facts: {
      mode: wordFact('Mode of the call.', MODES),
      chipHours: wholeFact('Chip-hours that were asked for.', 50_000),
      chipHoursMin: wholeFact('Chip-hours that a request of the mode asks for at least.', 50_001),
      policyVersion: modesVersion,
    },
  },
  'mode-not-for-category': {
    kind: 'conflict',
    means: 'The mode of the call is for applicants of other categories.',
    next: 'Answer a call of another mode.',
    facts: {
      mode: wordFact('Mode of the call.', MODES),
      category: wordFact('Category of the applicant.', CATEGORIES),
      audience: listFact('The categories that may ask.', wordFact('A category.', CATEGORIES)),
      policyVersion: modesVersion,
    },
  },
  'grant-length-not-allowed': {
    kind: 'conflict',
    means: 'The grant would be valid for a time that its mode does not have.',
    next: 'Let it end a number of months after its beginning that the mode has.',
    facts: {
      mode: wordFact('Mode of the call.', MODES),
      validFrom: instantFact('When it would begin.', '2026-06-01T00:00:00Z'),
      validTo: instantFact('When it would end.', '2026-09-02T00:00:00Z'),
      months: listFact('The numbers of months of the mode.', wholeFact('Months.', 3)),
      policyVersion: modesVersion,
    },
  },
  'country-not-eligible': {
    kind: 'conflict',
    means: 'The applicant is established neither in a Member State nor in an associated country.',
    next: 'Adopt a new version of the policy associated-countries if the list is out of date.',
    facts: { clause: clauseFact(ELIGIBLE_COUNTRY_CLAUSE), country: textFact('Country of the applicant.', 'US') },
  },
  'late-recording-not-allowed': {
    kind: 'forbidden',
    means: 'Only an operator or panel key that is bound to no partner may give effectiveAt.',
    next: 'Leave effectiveAt out: the step then takes effect now.',
  },
  'effective-in-future': {
    kind: 'conflict',
    means: 'The step would take effect in the future.',
    next: 'Record the step once it has happened.',
    facts: {
      effectiveAt: instantFact('The instant that was given.', '2027-01-01T00:00:00Z'),
      now: instantFact('The instant of the decision.'),
    },
  },
  'effective-too-early': {
    kind: 'conflict',
    means: 'The step would take effect before the last step of the request.',
    next: 'Give the instant notBefore or a later one.',
    facts: {
      effectiveAt: instantFact('The instant that was given.', '2026-01-01T00:00:00Z'),
      notBefore: instantFact('When the last step took effect.'),
    },
  },
  'own-request': {
    kind: 'forbidden',
    means:
      'Nobody checks or decides a request that they submitted, or that is for their own partner or its subsidiary.',
    next: 'Let another panel member do it.',
    facts: {
      partnerId: idFact('The applicant.'),
      ultimateParentId: idFact('The partner at the top of the applicant.'),
      submittedBy: textFact('Who submitted the request.', '3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f'),
    },
  },
  'eligibility-already-recorded': {
    kind: 'conflict',
    means: 'The eligibility of the request is recorded, which happens once.',
    next: 'Nothing needs to be done.',
    facts: requestFacts,
  },
  'request-withdrawn': {
    kind: 'conflict',
    means: 'The request was withdrawn.',
    next: 'Submit a new one.',
    facts: requestFacts,
  },
  'request-ineligible': {
    kind: 'conflict',
    means: 'The request was found ineligible.',
    next: 'Submit a new one once the reason is gone.',
    facts: requestFacts,
  },
  'request-already-decided': {
    kind: 'conflict',
    means: 'The request is decided, which happens once.',
    next: 'Read the request for its decision.',
    facts: requestFacts,
  },
  'grant-already-revoked': {
    kind: 'conflict',
    means: 'The grant is revoked already.',
    next: 'Nothing needs to be done.',
    facts: requestFacts,
  },
  'not-granted': {
    kind: 'conflict',
    means: 'The request for access was not granted.',
    next: 'Read the request for its status.',
    facts: {
      rule: optional(ruleFact('grant')),
      requestStatus: optional(requestFacts.requestStatus),
      since: optional(requestFacts.since),
    },
  },
  'reason-codes-missing': {
    kind: 'invalid',
    means: 'A decision has no reason code.',
    next: 'Give at least one: every decision must say why.',
  },
});

/** Every refusal of the folder. */
export const ACCESS_REFUSALS = { ...REQUEST_REFUSALS, ...GRANT_REFUSALS, ...ALLOCATION_REFUSALS };

declare module '../ledger/refusal-declaration.js' {
  interface DeclaredRefusals extends Readonly<typeof REQUEST_REFUSALS> {}
}
