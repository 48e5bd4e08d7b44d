import {
  RELEASES_MAX,
  allocate,
  releaseAllocation,
  releaseGrant,
  type AllocateInput,
} from '../../src/access/allocation.js';
import { allocationOf, facility, type Facility } from '../../src/compute/facility.js';
import type { FacilityEvent } from '../../src/compute/facility-events.js';
import { given, refusalOf } from '../support/given.js';
import {
  FACILITY_ID,
  allocatedEvent,
  allocationFacts,
  fold,
  grantOf,
  installedEvent,
  policyEvent,
  registeredEvent,
  releasedEvent,
  retiredEvent,
} from '../compute/history.js';

const MARCH_1 = '2027-03-01T00:00:00Z';
const MARCH_2 = '2027-03-02T00:00:00Z';
const MARCH_3 = '2027-03-03T00:00:00Z';
const HUNDRED: readonly FacilityEvent[] = [registeredEvent(), installedEvent(100, '2027-01-01T00:00:00Z')];

const ask = (further: Partial<AllocateInput> = {}, grant: Parameters<typeof grantOf>[0] = {}) => {
  const input = { allocationId: 'new', chipModel: 'GB300', chips: 10, from: MARCH_1, to: MARCH_2, ...further };
  return (state: Facility) => allocate(state, FACILITY_ID, grantOf(grant), input);
};

describe('an allocation', () => {
  it('records its partner, its chips and its interval', () => {
    given(facility, HUNDRED)
      .when(ask({ from: '2027-03-01', to: '2027-03-02T00:00:00.000Z' }))
      .then([allocatedEvent({ allocationId: 'new' })]);
  });

  it('has an end after its start', () => {
    const refusal = refusalOf(() => ask({ to: MARCH_1 })(given(facility, HUNDRED).state));
    expect(refusal).toMatchObject({
      kind: 'invalid',
      code: 'allocation-interval-out-of-order',
      errors: [{ pointer: '/to' }],
    });
  });

  it('takes the last free chip and no more, and its refusal names the free chips', () => {
    const history = given(facility, [...HUNDRED, allocatedEvent({ chips: 70 })]);
    history.when(ask({ chips: 30 })).then([allocatedEvent({ allocationId: 'new', chips: 30 })]);
    history.when(ask({ chips: 31, from: '2027-02-20T00:00:00Z' })).refuses('capacity-exceeded', {
      rule: 'capacity',
      chipModel: 'GB300',
      at: MARCH_1,
      requested: 31,
      installed: 100,
      used: 70,
      available: 30,
    });
  });

  it('may start at the end of another, and end at the start of another', () => {
    const history = given(facility, [...HUNDRED, allocatedEvent({ chips: 100, from: MARCH_2, to: MARCH_3 })]);
    expect(ask({ chips: 100, from: MARCH_1, to: MARCH_2 })(history.state)).toHaveLength(1);
    expect(ask({ chips: 100, from: MARCH_3, to: '2027-03-04T00:00:00Z' })(history.state)).toHaveLength(1);
    history.when(ask({ chips: 1, to: '2027-03-02T00:00:00.001Z' })).refuses('capacity-exceeded', { at: MARCH_2 });
    history.when(ask({ chips: 1, from: '2027-03-02T23:59:59.999Z', to: MARCH_3 })).refuses('capacity-exceeded');
  });

  it('follows chips that are installed and retired later', () => {
    const history = given(facility, [...HUNDRED, installedEvent(50, MARCH_2), retiredEvent(120, MARCH_3)]);
    const to = '2027-03-04T00:00:00Z';
    expect(ask({ chips: 150, from: MARCH_2, to: MARCH_3 })(history.state)).toHaveLength(1);
    history.when(ask({ chips: 101, to: MARCH_3 })).refuses('capacity-exceeded', { at: MARCH_1, installed: 100 });
    history.when(ask({ chips: 31, to })).refuses('capacity-exceeded', { at: MARCH_3, installed: 30 });
    expect(ask({ chips: 30, to })(history.state)).toHaveLength(1);
  });

  it('is refused for a chip model that the facility does not have', () => {
    given(facility, HUNDRED)
      .when(ask({ chipModel: 'MI450' }))
      .refuses('unknown-chip-model', { known: ['GB300'] });
    given(facility, [registeredEvent()]).when(ask()).refuses('unknown-chip-model', { known: [] });
  });

  it('uses chips of its own model only', () => {
    const history = [...HUNDRED, installedEvent(5, MARCH_1, 'MI450'), allocatedEvent({ chips: 100 })];
    expect(ask({ chipModel: 'MI450', chips: 5 })(fold(history))).toHaveLength(1);
  });
});

describe('the quotas of a facility', () => {
  const policy = policyEvent(1, '2027-01-01T00:00:00Z', { 'start-up': 30, research: 20 }, { sme: 40 });

  it('let a category use at most the chips of its cap, earlier use included', () => {
    const history = given(facility, [...HUNDRED, policy, allocatedEvent({ chips: 25 })]);
    expect(ask({ chips: 15 })(history.state)).toHaveLength(1);
    history.when(ask({ chips: 16 })).refuses('quota-cap-exceeded', {
      rule: 'quota-cap',
      at: MARCH_1,
      category: 'sme',
      cap: 40,
      usedByCategory: 25,
      available: 15,
      policyVersion: 1,
    });
  });

  it('keep the floors of other categories free, less the use of these categories', () => {
    const history = given(facility, [...HUNDRED, policy, allocatedEvent({ chips: 12, category: 'start-up' })]);
    const large = { category: 'large-enterprise' as const };
    // 100 installed, 12 used; 18 of the start-ups' floor and 20 of the researchers' are kept.
    expect(ask({ chips: 50 }, large)(history.state)).toHaveLength(1);
    history.when(ask({ chips: 51 }, large)).refuses('quota-floor-protected', {
      rule: 'quota-floor',
      at: MARCH_1,
      requested: 51,
      installed: 100,
      used: 12,
      protectedByFloors: 38,
      available: 50,
    });
  });

  it('let a category use its own floor, and the chips beyond it that no other floor keeps', () => {
    const history = given(facility, [...HUNDRED, policy, allocatedEvent({ chips: 50, category: 'large-enterprise' })]);
    const startUp = { category: 'start-up' as const };
    expect(ask({ chips: 30 }, startUp)(history.state)).toHaveLength(1);
    history.when(ask({ chips: 31 }, startUp)).refuses('quota-floor-protected', { protectedByFloors: 20 });
  });

  it('are named in a refusal only if enough chips are free', () => {
    const history = given(facility, [...HUNDRED, policy, allocatedEvent({ chips: 70, category: 'research' })]);
    history.when(ask({ chips: 41 })).refuses('capacity-exceeded');
    history.when(ask({ chips: 30 })).refuses('quota-floor-protected', { protectedByFloors: 30, available: 0 });
  });

  it('take effect at the instant of their policy', () => {
    const later = policyEvent(2, MARCH_2, {}, { sme: 5 });
    const history = given(facility, [...HUNDRED, policy, later]);
    expect(ask({ chips: 6, to: MARCH_2 })(history.state)).toHaveLength(1);
    history.when(ask({ chips: 6, to: MARCH_3 })).refuses('quota-cap-exceeded', { at: MARCH_2, policyVersion: 2 });
  });

  it('are replaced by a later version for the same instant', () => {
    const replaced = policyEvent(2, '2027-01-01T00:00:00Z', {}, {});
    expect(ask({ chips: 100 })(fold([...HUNDRED, policy, replaced]))).toHaveLength(1);
  });

  it('do not change earlier allocations', () => {
    const history = given(facility, [...HUNDRED, allocatedEvent({ chips: 60 }), policy]);
    expect(allocationOf(history.state, 'allocation-1')?.chips).toBe(60);
    history.when(ask({ chips: 1 })).refuses('quota-cap-exceeded', { usedByCategory: 60, available: 0 });
  });
});

describe('an allocation inside its grant', () => {
  it('is refused on another facility than the facility of the grant', () => {
    given(facility, HUNDRED)
      .when(ask({}, { facilityId: 'another' }))
      .refuses('grant-for-another-facility', { grantFacilityId: 'another' });
  });

  it('is refused under a request that was not granted', () => {
    const input = { allocationId: 'new', chipModel: 'GB300', chips: 10, from: MARCH_1, to: MARCH_2 };
    given(facility, HUNDRED)
      .when((state) => allocate(state, FACILITY_ID, null, input))
      .refuses('not-granted');
  });

  it('is refused under a revoked grant', () => {
    given(facility, HUNDRED)
      .when(ask({}, { revoked: true }))
      .refuses('grant-revoked');
  });

  it('stays inside the period of the grant, to the millisecond', () => {
    const history = given(facility, HUNDRED);
    const exactly = { validFrom: MARCH_1, validTo: MARCH_2 };
    expect(ask({}, exactly)(history.state)).toHaveLength(1);
    history.when(ask({}, { ...exactly, validFrom: '2027-03-01T00:00:00.001Z' })).refuses('outside-grant-period');
    history
      .when(ask({}, { ...exactly, validTo: '2027-03-01T23:59:59.999Z' }))
      .refuses('outside-grant-period', { to: MARCH_2, validTo: '2027-03-01T23:59:59.999Z' });
  });

  it('uses the granted chip-hours up to the last one, and not a millisecond more', () => {
    const grant = { chipHours: 340 };
    // 10 chips for a day are 240 chip-hours.
    const history = given(facility, [...HUNDRED, allocatedEvent()]);
    expect(ask({ chips: 1, to: '2027-03-05T04:00:00Z' }, grant)(history.state)).toHaveLength(1);
    history.when(ask({ chips: 1, to: '2027-03-05T04:00:00.001Z' }, grant)).refuses('grant-hours-exceeded', {
      rule: 'grant-hours',
      grantedChipHours: 340,
      allocatedChipHours: 240,
      availableChipHours: 100,
    });
  });

  it('counts chip-hours exactly beyond the precision of a double', () => {
    const from = '2027-01-01T00:00:00Z';
    // A million chips for 5,000 hours are 1.8 x 10^16 chip-milliseconds: beyond 2^53, where adding one changes nothing.
    const grant = { chipHours: 5_000_000_000, validTo: '2040-01-01T00:00:00Z' };
    const huge = [registeredEvent(), installedEvent(1_000_000, from)];
    const whole = allocatedEvent({ chips: 1_000_000, from, to: '2027-07-28T08:00:00Z' });
    const history = given(facility, [...huge, whole]);
    history
      .when(ask({ chips: 1, from: '2028-01-01T00:00:00Z', to: '2028-01-01T00:00:00.001Z' }, grant))
      .refuses('grant-hours-exceeded', { availableChipHours: 0 });
    expect(
      ask(
        { chips: 1, from: '2028-01-01T00:00:00Z', to: '2028-01-01T01:00:00Z' },
        { ...grant, chipHours: 5_000_000_001 },
      )(history.state),
    ).toHaveLength(1);
  });

  it('can use the chip-hours of a release again', () => {
    const grant = { chipHours: 240 };
    const history = given(facility, [...HUNDRED, allocatedEvent(), releasedEvent('2027-03-01T12:00:00Z')]);
    expect(ask({ from: '2027-03-01T12:00:00Z', to: MARCH_2 }, grant)(history.state)).toHaveLength(1);
    history.when(ask({ from: '2027-03-01T11:59:00Z', to: MARCH_2 }, grant)).refuses('grant-hours-exceeded');
  });
});

describe('the release of an allocation', () => {
  const release =
    (at: string, allocationId = 'allocation-1') =>
    (state: Facility) =>
      releaseAllocation(state, allocationId, at, 'given back');
  const full = [...HUNDRED, allocatedEvent({ chips: 100 })];
  const NOON = '2027-03-01T12:00:00Z';

  it('ends the allocation at the instant, and frees its chips from then on', () => {
    given(facility, full)
      .when(release(NOON))
      .then([releasedEvent(NOON, { chips: 100 })]);
    const history = given(facility, [...full, releasedEvent(NOON, { chips: 100 })]);
    expect(allocationOf(history.state, 'allocation-1')).toMatchObject({ to: Date.parse(NOON), released: true });
    expect(ask({ chips: 100, from: NOON })(history.state)).toHaveLength(1);
    history.when(ask({ chips: 1, from: '2027-03-01T11:59:59.999Z' })).refuses('capacity-exceeded');
  });

  it('releases the whole allocation at its start or before', () => {
    for (const at of [MARCH_1, '2027-01-15T00:00:00Z']) {
      given(facility, full)
        .when(release(at))
        .then([releasedEvent(at, { chips: 100 })]);
      const { state } = given(facility, [...full, releasedEvent(at, { chips: 100 })]);
      expect(ask({ chips: 100 })(state)).toHaveLength(1);
    }
  });

  it('is refused at the end of the allocation or later', () => {
    const history = given(facility, full);
    expect(release('2027-03-01T23:59:59.999Z')(history.state)).toHaveLength(1);
    history.when(release(MARCH_2)).refuses('allocation-already-over', { to: MARCH_2 });
  });

  it('is refused the second time', () => {
    const history = given(facility, [...full, releasedEvent(NOON, { chips: 100 })]);
    history.when(release(NOON)).refuses('allocation-already-released', { to: NOON });
    history.when(release('2027-03-01T01:00:00Z')).refuses('allocation-already-released');
  });

  it('is refused for an allocation that does not exist', () => {
    expect(refusalOf(() => release(NOON, 'none')(fold(full)))).toMatchObject({
      kind: 'unknown',
      code: 'unknown-allocation',
    });
  });
});

describe('the release of the allocations of a revoked grant', () => {
  const allocations = [
    allocationFacts({ allocationId: 'b', from: MARCH_2, to: MARCH_3 }),
    allocationFacts({ allocationId: 'a', from: MARCH_2, to: MARCH_3 }),
    allocationFacts({ allocationId: 'running' }),
    allocationFacts({ allocationId: 'over', from: '2027-02-01T00:00:00Z', to: MARCH_1 }),
    allocationFacts({ allocationId: 'others', grantId: 'grant-2' }),
  ];
  const state = fold([...HUNDRED, ...allocations.map((facts) => allocatedEvent(facts))]);
  const NOON = '2027-03-01T12:00:00Z';
  const idsOf = (events: readonly FacilityEvent[]) =>
    events.map(({ data }) => ('allocationId' in data ? data.allocationId : undefined));

  it('ends running allocations, releases future ones completely and leaves past ones, in order of time', () => {
    const events = releaseGrant(state, 'grant-1', NOON, 'revoked');
    expect(idsOf(events)).toEqual(['running', 'a', 'b']);
    expect(events[0]).toEqual({
      type: 'allocation-released',
      data: { ...allocationFacts({ allocationId: 'running' }), at: NOON, reason: 'revoked' },
    });
    const after = fold(events, state);
    expect(allocationOf(after, 'running')?.to).toBe(Date.parse(NOON));
    expect(releaseGrant(after, 'grant-1', NOON, 'revoked')).toEqual([]);
    expect(ask({ chips: 90, from: NOON, to: MARCH_3 })(after)).toHaveLength(1);
  });

  it('ends an allocation earlier that was released before', () => {
    const once = fold([releasedEvent(NOON, { allocationId: 'running' })], state);
    expect(idsOf(releaseGrant(once, 'grant-1', '2027-03-01T06:00:00Z', 'revoked'))).toEqual(['running', 'a', 'b']);
  });

  it('releases as many allocations as one append can hold, and refuses more', () => {
    const ids = Array.from({ length: RELEASES_MAX + 1 }, (_, index) => `held-${index}`);
    const held = ids.map((allocationId) => allocatedEvent({ allocationId, chips: 1 }));
    const tooMany = fold([...HUNDRED, ...held]);
    expect(refusalOf(() => releaseGrant(tooMany, 'grant-1', MARCH_1, 'revoked'))).toMatchObject({
      code: 'too-many-releases',
      facts: { allocations: RELEASES_MAX + 1, limit: RELEASES_MAX },
    });
    const enough = fold([releasedEvent(MARCH_1, { allocationId: 'held-0', chips: 1 })], tooMany);
    expect(releaseGrant(enough, 'grant-1', MARCH_1, 'revoked')).toHaveLength(RELEASES_MAX);
  });

  it('is empty for a grant without allocations', () => {
    expect(releaseGrant(state, 'grant-3', NOON, 'revoked')).toEqual([]);
  });
});
