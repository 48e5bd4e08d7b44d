import { PROPORTION_CLAUSE, QUOTA_CLASSES, RESERVED_CLAUSE } from '../compute/pool-events.js';
import { chipLevelFacts, chipModelFact, chipsRequestedFact } from '../compute/compute.refusals.js';
import { MODES } from '../domain/access-modes.js';
import { CATEGORIES } from '../domain/categories.js';
import { ACCESS_USES, FREE_REASONS } from '../domain/free-access.js';
import { declareRefusals, unknownId } from '../ledger/refusal-declaration.js';
import {
  clauseFact,
  dateFact,
  idFact,
  instantFact,
  listFact,
  numberFact,
  optional,
  orNull,
  ruleFact,
  textFact,
  wholeFact,
  wordFact,
} from '../ledger/refusal-facts.js';

export const OPEN_FRONTIER_CLAUSE = '2021/1173 Art. 12b(11)' as const;
export const ELIGIBLE_COUNTRY_CLAUSE = '2021/1173 Art. 12b(15)(a)' as const;
export const FREE_ACCESS_CLAUSE = '2021/1173 Art. 12b(15)(b)' as const;

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
const roomFacts = <const Rule extends string>(rule: Rule) => ({
  rule: ruleFact(rule),
  chipModel: chipModelFact,
  requested: chipsRequestedFact,
  available: wholeFact('Chips that can be had.', 16),
  category: wordFact('Category of the holder of the grant; `union-funded` for reserved chips.', QUOTA_CLASSES),
  usedByCategory: wholeFact('Chips that this category uses.', 96),
  cap: orNull(wholeFact('Cap of this category, in chips.', 128)),
  ...chipLevelFacts,
});
const priceFacts = {
  freeReason: wordFact('The reason for free access.', FREE_REASONS),
  category: wordFact('Category of the applicant at the submission.', CATEGORIES),
  use: orNull(wordFact('The use that the decision states; null if it states none.', ACCESS_USES)),
};
const modesVersion = wholeFact('The version of the policy access-modes that decides.', 1);
const grantId = idFact('The grant.');

export const ACCESS_REFUSALS = declareRefusals({
  'unknown-access-call': unknownId(
    'There is no call for access with this id.',
    'Take the id from GET /v1/access-calls.',
  ),
  'unknown-access-request': unknownId(
    'There is no request for access, or no grant, with this id that the credential may see.',
    'Take the id from GET /v1/access-requests.',
  ),
  'unknown-grant': unknownId(
    'There is no grant with this id that the credential may see.',
    'Take the id from GET /v1/grants.',
  ),
  'unknown-allocation': unknownId(
    'There is no allocation with this id, or none at the facility that was named.',
    'Take the id from GET /v1/allocations.',
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
  'validity-out-of-order': {
    kind: 'invalid',
    means: 'The grant would end before or when it begins.',
    next: 'Give a later validTo.',
    facts: {
      validFrom: instantFact('When it would begin.', '2026-06-01T00:00:00Z'),
      validTo: instantFact('When it would end.', '2026-05-01T00:00:00Z'),
    },
  },
  'allocation-interval-out-of-order': {
    kind: 'invalid',
    means: 'The end of the interval is not after its start.',
    next: 'Give an interval with from before to.',
  },
  'grant-for-another-facility': {
    kind: 'conflict',
    means: 'The grant is for another facility.',
    next: 'Allocate there.',
    facts: {
      rule: ruleFact('grant'),
      grantId,
      facilityId: idFact('The facility that was named.'),
      grantFacilityId: idFact('The facility of the grant.'),
    },
  },
  'grant-revoked': {
    kind: 'conflict',
    means: 'The grant was revoked, so that nothing more can be allocated under it.',
    next: 'Allocate under another grant.',
    facts: { rule: ruleFact('grant'), grantId },
  },
  'outside-grant-period': {
    kind: 'conflict',
    means: 'The interval is not within the time for which the grant is valid.',
    next: 'Choose an interval from validFrom to validTo.',
    facts: {
      rule: ruleFact('grant-period'),
      grantId,
      from: instantFact('Start of the interval.', '2026-01-01T00:00:00Z'),
      to: instantFact('End of the interval.', '2026-02-01T00:00:00Z'),
      validFrom: instantFact('The grant is valid from this instant.'),
      validTo: instantFact('The grant is valid until this instant.', '2026-09-01T00:00:00Z'),
    },
  },
  'grant-hours-exceeded': {
    kind: 'conflict',
    means: 'The grant has fewer chip-hours left than the allocation takes.',
    next: 'Ask for fewer chips or a shorter interval.',
    facts: {
      rule: ruleFact('grant-hours'),
      grantId,
      requestedChipHours: numberFact('Chip-hours that the allocation takes.', 2_048),
      allocatedChipHours: numberFact('Chip-hours that are allocated under the grant.', 49_000),
      grantedChipHours: wholeFact('Chip-hours of the grant.', 50_000),
      availableChipHours: numberFact('Chip-hours that are left.', 1_000),
    },
  },
  'capacity-exceeded': {
    kind: 'conflict',
    means: 'More chips would be in use than are installed.',
    next: 'Ask for at most available chips, or for another time.',
    facts: roomFacts('capacity'),
  },
  'quota-cap-exceeded': {
    kind: 'conflict',
    means: 'The category would use more chips than its cap.',
    next: 'Ask for at most available chips, or for another time.',
    facts: roomFacts('quota-cap'),
  },
  'quota-floor-protected': {
    kind: 'conflict',
    means: 'The chips that are free are kept for other categories.',
    next: 'Ask for at most available chips, or for another time.',
    facts: roomFacts('quota-floor'),
  },
  'grant-without-pool': {
    kind: 'conflict',
    means:
      'The hours of the facility are divided between access pools, and neither the grant nor the command names one.',
    next: 'Name the pool whose hours are used.',
    facts: { clause: clauseFact(PROPORTION_CLAUSE), rule: ruleFact('grant'), grantId },
  },
  'pool-not-of-grant': {
    kind: 'conflict',
    means: 'The grant is for the hours of another pool.',
    next: 'Leave the pool out.',
    facts: {
      rule: ruleFact('grant'),
      grantId,
      poolId: idFact('The pool that was named.'),
      grantPoolId: idFact('The pool of the grant.'),
    },
  },
  'allocation-has-pool': {
    kind: 'conflict',
    means: 'The allocation uses the hours of a pool already.',
    next: 'Nothing is to do: the pool of an allocation does not change.',
    facts: { allocationId: idFact('The allocation.'), poolId: idFact('Its pool.') },
  },
  'not-union-funded': {
    kind: 'conflict',
    means: 'The grant is of no project that the Union funds, so that its chips cannot be the reserved ones.',
    next: 'Allocate in the category of the user.',
    facts: { clause: clauseFact(RESERVED_CLAUSE), rule: ruleFact('grant'), grantId },
  },
  'allocation-already-released': {
    kind: 'conflict',
    means: 'The allocation was released already, which happens once.',
    next: 'Nothing needs to be done.',
    facts: { allocationId: idFact('The allocation.'), to: instantFact('When it ends.') },
  },
  'allocation-already-over': {
    kind: 'conflict',
    means: 'The allocation has ended by the instant of its release.',
    next: 'Release it from an earlier instant on.',
    facts: {
      allocationId: idFact('The allocation.'),
      at: instantFact('The instant that was given.', '2026-04-01T00:00:00Z'),
      to: instantFact('When it ends.'),
    },
  },
  'too-many-releases': {
    kind: 'conflict',
    means: 'The grant holds more allocations than one revocation releases.',
    next: 'Release some of them first.',
    facts: {
      grantId,
      allocations: wholeFact('Allocations that the grant holds.', 10_500),
      limit: wholeFact('Allocations that one revocation releases.', 10_000),
    },
  },
  'usage-in-future': {
    kind: 'invalid',
    means: 'A record of usage is of a time that has not come.',
    next: 'Report use once it has begun. A day that runs may be reported as a whole.',
    facts: {
      index: wholeFact('Index of the record, from 0.', 17),
      from: instantFact('Start of the interval.', '2026-12-02T00:00:00Z'),
      to: instantFact('End of the interval.', '2026-12-03T00:00:00Z'),
      now: instantFact('The instant of the decision.', '2026-11-27T12:00:00Z'),
      latestTo: instantFact(
        'The latest end that a record may have: 24 hours after the decision.',
        '2026-11-28T12:00:00Z',
      ),
    },
  },
  'usage-interval-out-of-order': {
    kind: 'invalid',
    means: 'The interval of a record of usage would end before or when it begins.',
    next: 'Give the record a later end.',
    facts: {
      index: wholeFact('Index of the record, from 0.', 17),
      from: instantFact('Start of the interval.', '2026-06-01T00:00:00Z'),
      to: instantFact('End of the interval.', '2026-05-01T00:00:00Z'),
    },
  },
});

declare module '../ledger/refusal-declaration.js' {
  interface DeclaredRefusals extends Readonly<typeof ACCESS_REFUSALS> {}
}
