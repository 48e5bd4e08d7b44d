import {
  CHIP_MODELS_MAX,
  POLICIES_MAX,
  adoptQuotaPolicy,
  installCapacity,
  retireCapacity,
} from '../../src/compute/capacity.js';
import { registerFacility } from '../../src/compute/facility.decisions.js';
import { facility } from '../../src/compute/facility.js';
import type { FacilityEvent } from '../../src/compute/facility-events.js';
import { given, refusalOf } from '../support/given.js';
import { allocatedEvent, installedEvent, policyEvent, registeredEvent, retiredEvent } from './history.js';

const MARCH = '2027-03-01T00:00:00Z';
const MARCH_2 = '2027-03-02T00:00:00Z';
const APRIL = '2027-04-01T00:00:00Z';
const HUNDRED: readonly FacilityEvent[] = [registeredEvent(), installedEvent(100, '2027-01-01T00:00:00Z')];

describe('a registered facility', () => {
  it('keeps its description', () => {
    const description = {
      name: 'Gigafactory North',
      country: 'FI',
      kind: 'ai-gigafactory' as const,
      capexMinor: '400000000000',
      currency: 'EUR',
    };
    expect(registerFacility(description)).toEqual([{ type: 'facility-registered', data: description }]);
  });

  it('requires the CAPEX and its currency both or neither', () => {
    const named = { name: 'North', country: 'FI', kind: 'supercomputer' as const };
    expect(refusalOf(() => registerFacility({ ...named, capexMinor: '1' })).code).toBe('currency-missing');
    expect(refusalOf(() => registerFacility({ ...named, currency: 'EUR' })).code).toBe('capex-missing');
  });
});

describe('the installation of capacity', () => {
  it('takes effect at the first instant of a date', () => {
    given(facility, [registeredEvent()])
      .when((state) => installCapacity(state, { chipModel: 'GB300', chips: 5, effectiveFrom: '2027-03-01' }))
      .then([{ type: 'capacity-installed', data: { chipModel: 'GB300', chips: 5, effectiveFrom: MARCH } }]);
  });

  it('is refused for one chip model more than the limit, but not for more chips of a known model', () => {
    const models = Array.from({ length: CHIP_MODELS_MAX }, (_, index) => installedEvent(1, MARCH, `model ${index}`));
    const history = given(facility, [registeredEvent(), ...models]);
    const input = { chips: 1, effectiveFrom: MARCH };
    history
      .when((state) => installCapacity(state, { ...input, chipModel: 'one more' }))
      .refuses('too-many-chip-models', { limit: CHIP_MODELS_MAX });
    history
      .when((state) => installCapacity(state, { ...input, chipModel: 'model 0' }))
      .then([{ type: 'capacity-installed', data: { ...input, chipModel: 'model 0' } }]);
  });
});

describe('the retirement of capacity', () => {
  const retire = (chips: number, effectiveFrom: string) => (state: Parameters<typeof retireCapacity>[0]) =>
    retireCapacity(state, { chipModel: 'GB300', chips, effectiveFrom });

  it('can remove all chips that are not allocated, and no more', () => {
    const history = given(facility, [...HUNDRED, allocatedEvent({ chips: 70, from: MARCH, to: MARCH_2 })]);
    history.when(retire(30, '2027-02-01')).then([retiredEvent(30, '2027-02-01T00:00:00Z')]);
    history.when(retire(31, '2027-02-01')).refuses('capacity-still-promised', {
      chipModel: 'GB300',
      at: MARCH,
      requested: 31,
      installed: 100,
      used: 70,
      available: 30,
    });
  });

  it('can remove allocated chips from the end of their allocation on', () => {
    const history = given(facility, [...HUNDRED, allocatedEvent({ chips: 70, from: MARCH, to: MARCH_2 })]);
    history.when(retire(100, MARCH_2)).then([retiredEvent(100, MARCH_2)]);
    history.when(retire(100, '2027-03-01T23:59:59.999Z')).refuses('capacity-still-promised');
  });

  it('keeps the chips that floors promise beyond the use of their categories', () => {
    const history = given(facility, [
      ...HUNDRED,
      policyEvent(1, '2027-01-01T00:00:00Z', { research: 20, sme: 10 }, {}),
      // This allocation uses up the floor of sme. The floor of research stays unused.
      allocatedEvent({ chips: 50, category: 'sme', from: MARCH, to: APRIL }),
    ]);
    history.when(retire(30, MARCH)).then([retiredEvent(30, MARCH)]);
    history.when(retire(31, MARCH)).refuses('capacity-still-promised', {
      installed: 100,
      used: 50,
      protectedByFloors: 20,
      policyVersion: 1,
      available: 30,
    });
    history.when(retire(70, APRIL)).then([retiredEvent(70, APRIL)]);
    history.when(retire(71, APRIL)).refuses('capacity-still-promised', { at: APRIL, protectedByFloors: 30 });
  });

  it('takes later retirements and policies into account', () => {
    const history = given(facility, [
      ...HUNDRED,
      retiredEvent(40, APRIL),
      policyEvent(1, '2027-05-01T00:00:00Z', { sme: 55 }, {}),
    ]);
    history.when(retire(5, MARCH)).then([retiredEvent(5, MARCH)]);
    history.when(retire(6, MARCH)).refuses('capacity-still-promised', { at: '2027-05-01T00:00:00Z', installed: 60 });
  });

  it('is refused for more chips than are installed, and for an unknown model', () => {
    const history = given(facility, HUNDRED);
    history.when(retire(101, MARCH)).refuses('capacity-still-promised', { installed: 100, used: 0 });
    history
      .when((state) => retireCapacity(state, { chipModel: 'MI450', chips: 1, effectiveFrom: MARCH }))
      .refuses('unknown-chip-model', { known: ['GB300'] });
  });
});

describe('a quota policy', () => {
  const adopt = (further: object) => (state: Parameters<typeof adoptQuotaPolicy>[0]) =>
    adoptQuotaPolicy(state, {
      ...{ chipModel: 'GB300', floors: {}, caps: {}, effectiveFrom: MARCH, reason: 'board decision' },
      ...further,
    });

  it('gets the next version at its adoption', () => {
    given(facility, HUNDRED)
      .when(adopt({ floors: { sme: 10 } }))
      .then([policyEvent(1, MARCH, { sme: 10 }, {})]);
    given(facility, [...HUNDRED, policyEvent(1, MARCH, {}, {})])
      .when(adopt({ caps: { sme: 0 } }))
      .then([policyEvent(2, MARCH, {}, { sme: 0 })]);
  });

  it('keeps the sum of its floors within the installed chips at every later instant', () => {
    const history = given(facility, [...HUNDRED, retiredEvent(30, APRIL)]);
    history
      .when(adopt({ floors: { sme: 40, research: 30 } }))
      .then([policyEvent(1, MARCH, { sme: 40, research: 30 }, {})]);
    history
      .when(adopt({ floors: { sme: 40, research: 31 } }))
      .refuses('floors-exceed-capacity', { at: APRIL, requested: 71, installed: 70 });
    history.when(adopt({ floors: { sme: 1 }, effectiveFrom: '2026-01-01' })).refuses('floors-exceed-capacity', {
      at: '2026-01-01T00:00:00Z',
      installed: 0,
    });
  });

  it('has no floor above the cap of the same category', () => {
    const history = given(facility, HUNDRED);
    history
      .when(adopt({ floors: { sme: 10 }, caps: { sme: 10 } }))
      .then([policyEvent(1, MARCH, { sme: 10 }, { sme: 10 })]);
    const refusal = refusalOf(() => adopt({ floors: { sme: 11 }, caps: { sme: 10 } })(history.state));
    expect(refusal).toMatchObject({ kind: 'invalid', code: 'floor-above-cap', errors: [{ pointer: '/floors/sme' }] });
  });

  it('never takes effect before the previous policy', () => {
    const history = given(facility, [...HUNDRED, policyEvent(1, MARCH, {}, {})]);
    history.when(adopt({ effectiveFrom: MARCH })).then([policyEvent(2, MARCH, {}, {})]);
    history
      .when(adopt({ effectiveFrom: '2027-02-28T23:59:59Z' }))
      .refuses('quota-policy-out-of-order', { latestVersion: 1, latestEffectiveFrom: MARCH });
  });

  it('is refused for an unknown chip model, and above the limit of policies', () => {
    given(facility, HUNDRED)
      .when(adopt({ chipModel: 'MI450' }))
      .refuses('unknown-chip-model');
    const policies = Array.from({ length: POLICIES_MAX }, (_, index) => policyEvent(index + 1, MARCH, {}, {}));
    given(facility, [...HUNDRED, ...policies])
      .when(adopt({}))
      .refuses('too-many-quota-policies');
    given(facility, [...HUNDRED, ...policies.slice(1)])
      .when(adopt({}))
      .then([policyEvent(POLICIES_MAX, MARCH, {}, {})]);
  });
});
