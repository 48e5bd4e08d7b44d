import { PROPORTION_CLAUSE, QUOTA_CLASSES, RESERVED_CLAUSE } from '../compute/pool-events.js';
import { chipLevelFacts, chipModelFact, chipsRequestedFact } from '../compute/compute.refusals.js';
import { declareRefusals, unknownId } from '../ledger/refusal-declaration.js';
import {
  clauseFact,
  idFact,
  instantFact,
  numberFact,
  orNull,
  ruleFact,
  wholeFact,
  wordFact,
} from '../ledger/refusal-facts.js';

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
const grantId = idFact('The grant.');

/** What an allocation and a record of its usage can be refused for. */
export const ALLOCATION_REFUSALS = declareRefusals({
  'unknown-allocation': unknownId(
    'There is no allocation with this id, or none at the facility that was named.',
    'Take the id from GET /v1/allocations.',
  ),
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
  interface DeclaredRefusals extends Readonly<typeof ALLOCATION_REFUSALS> {}
}
