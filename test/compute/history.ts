import type { Grant } from '../../src/access/access-request.js';
import type { Facility } from '../../src/compute/facility.js';
import type { AllocationFacts, FacilityEvent } from '../../src/compute/facility-events.js';
import { facility } from '../../src/compute/facility.js';

/** Events and grants of one facility, with defaults that a test can override. */
export const FACILITY_ID = '11111111-1111-8111-8111-111111111111';
export const HOST_ID = '22222222-2222-8222-8222-222222222222';

export const registeredEvent = (further: object = {}): FacilityEvent => ({
  type: 'facility-registered',
  data: { name: 'Gigafactory North', country: 'FI', kind: 'ai-gigafactory', hostStatePartnerId: HOST_ID, ...further },
});

export const installedEvent = (chips: number, effectiveFrom: string, chipModel = 'GB300'): FacilityEvent => ({
  type: 'capacity-installed',
  data: { chipModel, chips, effectiveFrom },
});

export const retiredEvent = (chips: number, effectiveFrom: string): FacilityEvent => ({
  type: 'capacity-retired',
  data: { chipModel: 'GB300', chips, effectiveFrom },
});

export const policyEvent = (version: number, effectiveFrom: string, floors: object, caps: object): FacilityEvent => ({
  type: 'quota-policy-adopted',
  data: { chipModel: 'GB300', version, floors, caps, effectiveFrom, reason: 'board decision' },
});

export const grantOf = (further: Partial<Grant> = {}): Grant => ({
  id: 'grant-1',
  partnerId: 'partner-1',
  category: 'sme',
  country: 'PT',
  mode: 'large-scale',
  facilityId: FACILITY_ID,
  chipHours: 1_000_000,
  validFrom: '2027-01-01T00:00:00Z',
  validTo: '2028-01-01T00:00:00Z',
  revoked: false,
  unionFunded: false,
  ...further,
});

export const allocationFacts = (further: Partial<AllocationFacts> = {}): AllocationFacts => {
  const { id: grantId, partnerId, category, country, mode } = grantOf();
  return {
    ...{ allocationId: 'allocation-1', grantId, partnerId, category, country, mode, chipModel: 'GB300', chips: 10 },
    ...{ from: '2027-03-01T00:00:00Z', to: '2027-03-02T00:00:00Z', protection: 'category' },
    ...further,
  };
};

export const allocatedEvent = (further: Partial<AllocationFacts> = {}): FacilityEvent => ({
  type: 'chips-allocated',
  data: allocationFacts(further),
});

export const releasedEvent = (at: string, further: Partial<AllocationFacts> = {}): FacilityEvent => ({
  type: 'allocation-released',
  data: { ...allocationFacts(further), at, reason: 'given back' },
});

export const fold = (events: readonly FacilityEvent[], from: Facility = facility.initial): Facility =>
  events.reduce((state, event) => facility.evolve(state, event), from);
