import { COMMITMENT_KINDS } from '../domain/commitment-kinds.js';
import { declareRefusals, unknownId } from '../ledger/refusal-declaration.js';
import {
  clauseFact,
  dateFact,
  idFact,
  instantFact,
  listFact,
  minorFact,
  numberFact,
  optional,
  orNull,
  ruleFact,
  textFact,
  wholeFact,
  wordFact,
} from '../ledger/refusal-facts.js';
import { LEGAL_FORMS, PARTNER_KINDS } from '../partners/partner.js';
import {
  COMMERCIAL_CLAUSE,
  DONATION_CLAUSE,
  OWNERSHIP_CLAUSE,
  POOL_BASES,
  POOL_OWNERS,
  PREFERENCE_CLAUSE,
  PROPORTION_CLAUSE,
  QUOTA_CLASSES,
} from './pool-events.js';

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

const periodFactsOf = {
  periodFrom: instantFact('Start of the period.', '2026-01-01T00:00:00Z'),
  periodTo: instantFact('End of the period.', '2027-01-01T00:00:00Z'),
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
      category: wordFact('The category, or the class of Union-funded projects.', QUOTA_CLASSES),
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
  'unknown-pool': unknownId(
    'The facility has no access pool with this id.',
    'Take the id from GET /v1/facilities/{id}/pools.',
  ),
  'operations-started-already': {
    kind: 'conflict',
    means: 'The start of operations of the facility is recorded already.',
    next: 'Nothing is to do.',
    facts: { operationsStartedOn: dateFact('The recorded day.') },
  },
  'pool-owner-mismatch': {
    kind: 'conflict',
    means: 'The partner of an access pool does not fit its owner.',
    next: 'Name the Member State or the private partner whose hours they are; for the Union and the consortium leave it out.',
    facts: {
      owner: wordFact('The owner that was given.', POOL_OWNERS),
      legalForm: orNull(wordFact('Legal form of the partner that was named.', LEGAL_FORMS)),
    },
  },
  'pool-basis-mismatch': {
    kind: 'conflict',
    means: 'The hours of this owner do not come from this basis.',
    next: 'Choose one of the allowed bases.',
    facts: {
      owner: wordFact('The owner that was given.', POOL_OWNERS),
      basis: wordFact('The basis that was given.', POOL_BASES),
      allowed: listFact('Bases of this owner.', wordFact('A basis.', POOL_BASES)),
    },
  },
  'pool-defined-already': {
    kind: 'conflict',
    means: 'The owner has an access pool on this basis already, or one for all of its partners.',
    next: 'Use the pool that there is.',
    facts: { poolId: idFact('The pool that there is.') },
  },
  'too-many-pools': {
    kind: 'conflict',
    means: 'The facility has as many access pools as one may have.',
    next: 'This is a limit of the service. Tell its operator.',
    facts: { limit: wholeFact('Access pools that a facility may have.', 500) },
  },
  'too-many-periods': {
    kind: 'conflict',
    means: 'The facility has as many periods of entitlements as one may have.',
    next: 'This is a limit of the service. Tell its operator.',
    facts: { limit: wholeFact('Periods that a facility may have.', 1_000) },
  },
  'entitlement-period-out-of-order': {
    kind: 'invalid',
    means: 'The end of the period is not after its start.',
    next: 'Give a later end.',
  },
  'entitlement-without-capex': {
    kind: 'conflict',
    means:
      'Access time is proportional to the contributions to the CAPEX, and the CAPEX of the facility is not recorded.',
    next: 'Register the facility with capexMinor.',
    facts: { clause: clauseFact(PROPORTION_CLAUSE) },
  },
  'entitlement-basis-missing': {
    kind: 'conflict',
    means: 'No policy says whether committed or paid amounts count for the access time.',
    next: 'The board adopts the policy entitlement-basis first.',
    facts: { clause: clauseFact(PROPORTION_CLAUSE) },
  },
  'entitlement-basis-paid': {
    kind: 'conflict',
    means: 'The policy counts paid amounts, and payments do not reach the facility in this version of the service.',
    next: 'The board adopts "committed", or the entitlement waits for a version that carries payments to the facility.',
    facts: { clause: clauseFact(PROPORTION_CLAUSE), policyVersion: wholeFact('Version of the policy.', 1) },
  },
  'entitlement-period-overlaps': {
    kind: 'conflict',
    means: 'The period overlaps another one for which entitlements are set.',
    next: 'Choose a period beside it, or exactly this one to set it again.',
    facts: { periodFrom: instantFact('Start of the other period.'), periodTo: instantFact('End of the other period.') },
  },
  'contribution-without-pool': {
    kind: 'conflict',
    means: 'The Union or a Participating State contributes, and has no access pool for the hours that follow.',
    next: 'Define its pool first.',
    facts: {
      clause: clauseFact(PROPORTION_CLAUSE),
      partnerId: idFact('The partner that contributes.'),
      partnerKind: wordFact('Its kind.', PARTNER_KINDS),
      kind: wordFact('The kind of its commitments.', COMMITMENT_KINDS),
      contributionMinor: minorFact('What it contributes.'),
    },
  },
  'contributions-exceed-capex': {
    kind: 'conflict',
    means: 'The contributions of the pools are more than the CAPEX, so that their hours would be more than there are.',
    next: 'Correct the commitments to the facility.',
    facts: {
      clause: clauseFact(PROPORTION_CLAUSE),
      contributionsMinor: minorFact('What the pools contribute.', '500000000'),
      capexMinor: minorFact('The CAPEX of the facility.', '400000000'),
    },
  },
  'rest-without-pool': {
    kind: 'conflict',
    means: 'The pools contribute less than the CAPEX, and no pool of the consortium takes the rest of the hours.',
    next: 'Define a pool of the consortium.',
    facts: {
      clause: clauseFact(PROPORTION_CLAUSE),
      restMinor: minorFact('What no pool contributes.'),
      capexMinor: minorFact('The CAPEX of the facility.', '5000000000'),
    },
  },
  'entitlement-below-use': {
    kind: 'conflict',
    means: 'A pool would get fewer hours than are allocated in it or given from it.',
    next: 'Release allocations of the pool first.',
    facts: {
      clause: clauseFact(PROPORTION_CLAUSE),
      poolId: idFact('The pool.'),
      ...periodFactsOf,
      unitHours: wholeFact('Its unit-hours by the new entitlement.', 1_000),
      neededUnitHours: wholeFact('Unit-hours that it needs.', 1_001),
    },
  },
  'preferential-share-too-small': {
    kind: 'conflict',
    means: 'The partner financed less than 10 % of the investment costs, so that it may not have preferential access.',
    next: 'Define a pool of another basis for it.',
    facts: {
      clause: clauseFact(PREFERENCE_CLAUSE),
      partnerId: idFact('The partner.'),
      contributionMinor: minorFact('What it financed.'),
      capexMinor: minorFact('The CAPEX of the facility.', '5000000000'),
    },
  },
  'preferential-hours-exceeded': {
    kind: 'conflict',
    means: 'Preferential access would be to more hours than the partner financed in proportion.',
    next: 'Lower the hours to the maximum.',
    facts: {
      clause: clauseFact(PREFERENCE_CLAUSE),
      unitHours: wholeFact('Unit-hours that were asked for.', 10_001),
      maximumUnitHours: wholeFact('Unit-hours in proportion.', 10_000),
      contributionMinor: minorFact('What the partner financed.'),
      capexMinor: minorFact('The CAPEX of the facility.', '5000000000'),
    },
  },
  'no-entitlement-period': {
    kind: 'conflict',
    means: 'No entitlements are set for the time.',
    next: 'Set the entitlements of the period first.',
    facts: { at: instantFact('The time.') },
  },
  'outside-entitlement-period': {
    kind: 'conflict',
    means: 'Some of the interval is in no period for which entitlements are set, so that the pool has no hours there.',
    next: 'Set the entitlements of the period first, or choose an interval inside one.',
    facts: {
      clause: clauseFact(PROPORTION_CLAUSE),
      rule: ruleFact('pool-hours'),
      poolId: idFact('The pool.'),
      from: instantFact('Start of the interval.'),
      to: instantFact('End of the interval.'),
    },
  },
  'pool-exceeded': {
    kind: 'conflict',
    means: 'The access pool has not enough hours left in a period.',
    next: 'Ask for fewer hours, or use another pool.',
    facts: {
      clause: clauseFact(PROPORTION_CLAUSE),
      rule: ruleFact('pool-hours'),
      poolId: idFact('The pool.'),
      ...periodFactsOf,
      requestedUnitHours: numberFact('Unit-hours that were asked for in the period.', 1_000.5),
      creditUnitHours: wholeFact(
        'Unit-hours of the pool: entitlement, received, residual, without what it gave.',
        5_000,
      ),
      usedUnitHours: numberFact('Unit-hours that are allocated.', 4_000),
      leftUnitHours: numberFact('Unit-hours that are left.', 1_000),
    },
  },
  'chip-model-without-factor': {
    kind: 'conflict',
    means: 'Nothing says how many unit-hours a chip-hour of this model counts.',
    next: 'The board adopts a version of the policy chip-equivalence with this model.',
    facts: {
      rule: ruleFact('chip-equivalence'),
      chipModel: chipModelFact,
      policyVersion: orNull(wholeFact('Version of the policy in force.', 1)),
    },
  },
  'commercial-share-exceeded': {
    kind: 'conflict',
    means: 'Commercial use would take more than its part of the access time of the Union.',
    next: 'Ask for fewer hours, or use hours that are not of the Union.',
    facts: {
      clause: clauseFact(COMMERCIAL_CLAUSE),
      rule: ruleFact('commercial-share'),
      ...periodFactsOf,
      requestedUnitHours: numberFact('Unit-hours that were asked for in the period.', 1_000.5),
      commercialUnitHours: numberFact('Unit-hours that are allocated for commercial use.', 9_000),
      unionUnitHours: wholeFact('Unit-hours of the Union in the period.', 50_000),
      maximumPpm: wholeFact('The largest commercial part, in parts per million.', 200_000),
    },
  },
  'donation-interval-out-of-order': {
    kind: 'invalid',
    means: 'The end of the interval is not after its start.',
    next: 'Give a later end.',
  },
  'donor-not-a-state': {
    kind: 'conflict',
    means: 'The pool is not one of a Member State, and only its access time can be given to the Union.',
    next: 'Name a pool of a Member State.',
    facts: {
      clause: clauseFact(DONATION_CLAUSE),
      poolId: idFact('The pool that was named.'),
      owner: wordFact('Its owner.', POOL_OWNERS),
    },
  },
  'pool-not-of-union': {
    kind: 'conflict',
    means: 'The hours go to the Union, and the pool is not one of the Union.',
    next: 'Name a pool of the Union.',
    facts: { poolId: idFact('The pool that was named.'), owner: wordFact('Its owner.', POOL_OWNERS) },
  },
  'outside-donation-period': {
    kind: 'conflict',
    means: 'The interval is not inside one period for which entitlements are set.',
    next: 'Give the time period by period.',
    facts: {
      clause: clauseFact(DONATION_CLAUSE),
      from: instantFact('Start of the interval.'),
      to: instantFact('End of the interval.'),
    },
  },
  'donation-exceeds-pool': {
    kind: 'conflict',
    means: 'The state would give more hours than its pool has left in the period.',
    next: 'Give at most the hours that are left.',
    facts: {
      clause: clauseFact(DONATION_CLAUSE),
      poolId: idFact('The pool of the state.'),
      ...periodFactsOf,
      unitHours: wholeFact('Unit-hours that would be given.', 1_001),
      leftUnitHours: numberFact('Unit-hours that are left.', 1_000),
    },
  },
  'operations-not-started': {
    kind: 'conflict',
    means: 'The start of operations is not recorded, and the five years of ownership count from it.',
    next: 'Record the start of operations first.',
    facts: { clause: clauseFact(OWNERSHIP_CLAUSE) },
  },
  'ownership-too-early': {
    kind: 'conflict',
    means: 'Five years from the start of operations are not over.',
    next: 'Transfer the ownership on earliestOn or later.',
    facts: {
      clause: clauseFact(OWNERSHIP_CLAUSE),
      on: dateFact('The day that was given.'),
      operationsStartedOn: dateFact('The start of operations.'),
      earliestOn: dateFact('The earliest day.'),
    },
  },
  'ownership-transferred-already': {
    kind: 'conflict',
    means: 'The transfer of ownership is recorded already.',
    next: 'Nothing is to do.',
    facts: { ownershipTransferredOn: dateFact('The recorded day.') },
  },
  'residual-exceeds-capex': {
    kind: 'conflict',
    means: 'The residual value is above the CAPEX.',
    next: 'Correct the valuation.',
    facts: {
      clause: clauseFact(OWNERSHIP_CLAUSE),
      residualMinor: minorFact('The residual value that was given.', '500000000'),
      capexMinor: minorFact('The CAPEX of the facility.'),
    },
  },
  'empty-interval': {
    kind: 'malformed',
    means: 'The end of the interval is not after its start.',
    next: 'Give a later end.',
  },
  'too-many-pool-periods': {
    kind: 'malformed',
    means: 'The access pools have more periods together than one answer holds.',
    next: 'Ask for a shorter time with from and to.',
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
