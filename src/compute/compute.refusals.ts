import { COMMITMENT_KINDS } from '../domain/commitment-kinds.js';
import { declareRefusals, unknownId } from '../ledger/refusal-declaration.js';
import {
  clauseFact,
  dateFact,
  idFact,
  instantFact,
  listFact,
  minorFact,
  optional,
  orNull,
  ruleFact,
  textFact,
  wholeFact,
  wordFact,
} from '../ledger/refusal-facts.js';
import { CATEGORIES, LEGAL_FORMS } from '../partners/partner.js';

export const HOST_STATE_CLAUSE = '2021/1173 Art. 12b(4)' as const;
export const UNION_CLAUSE = '2021/1173 Art. 12b(5)' as const;
export const YEARLY_CLAUSE = '2021/1173 Art. 12b(17)(l)' as const;

export const chipModelFact = textFact('The model of chip.', 'h200');
export const chipsRequestedFact = wholeFact('Chips that were asked for.', 64);
/** The chips of a model at the instant that decided. */
export const chipLevelFacts = {
  at: instantFact('The first instant at which the rule would be broken.'),
  installed: wholeFact('Chips that are installed at that instant.', 512),
  used: wholeFact('Chips that are allocated at that instant.', 480),
  protectedByFloors: wholeFact('Chips that floors keep for categories beyond what they use.', 16),
};

export const COMPUTE_REFUSALS = declareRefusals({
  'submission-date-out-of-range': {
    kind: 'invalid',
    means: 'A yearly submission is dated before its year was over, or after today.',
    next: 'Give the day on which the Governing Board received it.',
    facts: {
      clause: clauseFact(YEARLY_CLAUSE),
      year: wholeFact('Year of the data.', 2027),
      submittedOn: dateFact('The day that was given.', '2027-12-30'),
      earliest: dateFact('The first day after the year.', '2028-01-01'),
      today: dateFact('The day of the decision, in UTC.', '2028-01-20'),
    },
  },
  'data-position-not-recorded': {
    kind: 'conflict',
    means: 'The data name a position that the history does not have yet.',
    next: 'Give the position that is in the file of "ppp-ledger audit yearly".',
    facts: {
      dataPosition: wholeFact('The position that was given.', 90_000),
      head: wholeFact('The last position of the history.', 4_217),
    },
  },
  'too-many-yearly-submissions': {
    kind: 'conflict',
    means: 'As many versions of the submission are kept for this year as one may have.',
    next: 'This is a limit of the service. Tell its operator.',
    facts: { year: wholeFact('Year of the data.', 2027), limit: wholeFact('Versions that are kept for a year.', 100) },
  },
  'unknown-facility': unknownId(
    'There is no facility with this id that the credential may see.',
    'Take the id from GET /v1/facilities.',
  ),
  'currency-missing': {
    kind: 'invalid',
    means: 'An amount of CAPEX has no currency.',
    next: 'Give the currency of capexMinor.',
  },
  'capex-missing': {
    kind: 'invalid',
    means: 'A currency has no amount of CAPEX.',
    next: 'Give capexMinor, or leave both out.',
  },
  'host-not-a-state': {
    kind: 'conflict',
    means: 'The hosting state is not a partner with the legal form member-state.',
    next: 'Name the Member State in whose territory the facility is.',
    facts: {
      hostStatePartnerId: idFact('The partner that was named.'),
      legalForm: orNull(wordFact('Its legal form.', LEGAL_FORMS)),
    },
  },
  'host-of-another-territory': {
    kind: 'conflict',
    means: 'The facility is not in the territory of the Member State that is named as its host.',
    next: 'Name the Member State in whose territory the facility is.',
    facts: {
      clause: clauseFact(HOST_STATE_CLAUSE),
      hostStatePartnerId: idFact('The partner that was named.'),
      country: textFact('The country of the facility.', 'FR'),
      hostCountry: textFact('The country of the hosting state.', 'SE'),
    },
  },
  'too-many-chip-models': {
    kind: 'conflict',
    means: 'The facility has as many models of chip as one may have.',
    next: 'Install chips of a model that it has.',
    facts: { chipModel: chipModelFact, limit: wholeFact('Models that a facility may have.', 100) },
  },
  'unknown-chip-model': {
    kind: 'conflict',
    means: 'The facility never had chips of this model.',
    next: 'Name one of the known models, or install capacity first.',
    facts: {
      rule: ruleFact('capacity'),
      chipModel: chipModelFact,
      known: listFact('Models that the facility has had.', textFact('A model of chip.', 'h200')),
    },
  },
  'capacity-still-promised': {
    kind: 'conflict',
    means: 'The chips are promised: allocated, or kept for a category by a floor.',
    next: 'Release allocations or lower the floors first, or retire fewer or later.',
    facts: {
      rule: ruleFact('capacity'),
      chipModel: chipModelFact,
      requested: chipsRequestedFact,
      available: wholeFact('Chips that can be retired at that instant.', 16),
      ...chipLevelFacts,
    },
  },
  'floors-exceed-capacity': {
    kind: 'conflict',
    means: 'The floors add up to more chips than are installed.',
    next: 'Lower the floors, or install capacity first.',
    facts: {
      rule: ruleFact('quota-floor'),
      chipModel: chipModelFact,
      at: instantFact('The first such instant.'),
      requested: wholeFact('Chips that the floors add up to.', 600),
      installed: wholeFact('Chips that are installed at that instant.', 512),
    },
  },
  'floor-above-cap': {
    kind: 'invalid',
    means: 'The floor of a category is above its cap.',
    next: 'Lower the floor, or raise the cap.',
    facts: {
      category: wordFact('The category.', CATEGORIES),
      floor: wholeFact('Its floor, in chips.', 128),
      cap: wholeFact('Its cap, in chips.', 64),
    },
  },
  'quota-policy-out-of-order': {
    kind: 'conflict',
    means: 'The policy would take effect before the latest one of this model of chip.',
    next: 'Give the instant latestEffectiveFrom or a later one.',
    facts: {
      chipModel: chipModelFact,
      effectiveFrom: instantFact('The instant that was given.', '2026-01-01T00:00:00Z'),
      latestVersion: wholeFact('Version of the latest policy.', 2),
      latestEffectiveFrom: instantFact('When the latest policy takes effect.'),
    },
  },
  'too-many-quota-policies': {
    kind: 'conflict',
    means: 'As many quota policies are kept for this model of chip as one may have.',
    next: 'This is a limit of the service. Tell its operator.',
    facts: { chipModel: chipModelFact, limit: wholeFact('Policies that are kept for a model.', 1_000) },
  },
  'currency-differs': {
    kind: 'conflict',
    means: 'The currency is not the one of the fund or of the facility.',
    next: 'Use the currency of the fund and of the facility.',
    facts: {
      currency: textFact('The currency that was given.', 'SEK'),
      fundCurrency: optional(textFact('The currency of the fund, if that differs.', 'EUR')),
      facilityCurrency: optional(textFact('The currency of the facility, if that differs.', 'EUR')),
    },
  },
  'capex-unknown': {
    kind: 'conflict',
    means:
      'The CAPEX of the facility is not recorded, so that the ceiling of the contribution of the Union cannot be checked.',
    next: 'Register the facility with capexMinor.',
    facts: {
      clause: optional(clauseFact(UNION_CLAUSE)),
      policy: optional(
        wordFact('The policy with the ceiling, for another facility than an AI gigafactory.', ['union-share-maximum']),
      ),
      facilityId: optional(idFact('The facility, at financial close.')),
      unionMinor: optional(minorFact('What the Union has signed for it, at financial close.')),
      statesMinor: optional(minorFact('What Participating States have signed for it, at financial close.')),
      matchingMinor: optional(minorFact('The part of it that counts as a match, at financial close.')),
    },
  },
  'union-ceiling-exceeded': {
    kind: 'conflict',
    means: 'The Union would contribute more than 17 % of the CAPEX of an AI gigafactory.',
    next: 'Lower the amount to what the ceiling leaves.',
    facts: {
      clause: clauseFact(UNION_CLAUSE),
      rule: optional(ruleFact('union-ceiling')),
      facilityId: optional(idFact('The facility, at financial close.')),
      requestedMinor: optional(minorFact('What the command would add.', '500000000')),
      unionMinor: minorFact('What the Union has signed before the command.'),
      statesMinor: optional(minorFact('What Participating States have signed, at financial close.')),
      matchingMinor: optional(minorFact('The part of it that counts as a match, at financial close.')),
      capexMinor: minorFact('The CAPEX of the facility.', '5000000000'),
      ceilingMinor: minorFact('17 % of it.', '850000000'),
      currency: optional(orNull(textFact('The currency of the facility.', 'EUR'))),
    },
  },
  'union-share-exceeded': {
    kind: 'conflict',
    means:
      'The Union would pay a larger share of the CAPEX than a policy of the board allows for a facility of this kind.',
    next: 'Lower the amount to what the ceiling leaves.',
    facts: {
      policy: wordFact('The policy.', ['union-share-maximum']),
      policyVersion: wholeFact('Its version in force.', 1),
      percent: wholeFact('Percent of the CAPEX that it allows.', 50),
      requestedMinor: minorFact('What the command would add.', '500000000'),
      unionMinor: minorFact('What the Union has signed before the command.'),
      capexMinor: minorFact('The CAPEX of the facility.', '5000000000'),
      ceilingMinor: minorFact('That percentage of it.', '2500000000'),
      currency: orNull(textFact('The currency of the facility.', 'EUR')),
    },
  },
  'states-below-union': {
    kind: 'conflict',
    means:
      'The Participating States would contribute less to an AI gigafactory than the Union, which they must at least match.',
    next: "Sign another state's commitment first, or lower the contribution of the Union.",
    facts: {
      clause: clauseFact(UNION_CLAUSE),
      rule: optional(ruleFact('matching')),
      facilityId: optional(idFact('The facility, at financial close.')),
      unionMinor: minorFact('The contribution of the Union; after financial close with the change.', '500000000'),
      statesMinor: minorFact(
        'The contribution of the states; after financial close the part that counts, with the change.',
      ),
      matchingMinor: optional(minorFact('The part of it that counts as a match, at financial close.')),
      deltaMinor: optional(minorFact('The change, after financial close.', '-100000000')),
      matchingKinds: optional(
        listFact('Kinds of commitments that count as a match.', wordFact('A kind of commitment.', COMMITMENT_KINDS)),
      ),
    },
  },
  'empty-interval': {
    kind: 'malformed',
    means: 'The end of the interval is not after its start.',
    next: 'Give a later end.',
  },
  'too-many-steps': {
    kind: 'malformed',
    means: 'The interval has more steps of capacity than one answer holds.',
    next: 'Ask for a shorter interval.',
  },
});

declare module '../ledger/refusal-declaration.js' {
  interface DeclaredRefusals extends Readonly<typeof COMPUTE_REFUSALS> {}
}
