import { registerFacility } from '../../src/compute/facility.decisions.js';
import type { FacilityDescription } from '../../src/compute/facility-events.js';
import { refusalOf } from '../support/given.js';

describe('Art. 12b(4): the hosting state of a facility', () => {
  const description: FacilityDescription = {
    ...{ name: 'Gigafactory', country: 'FR', kind: 'ai-gigafactory', hostStatePartnerId: 'host' },
  };

  it('is the Member State in whose territory it is', () => {
    const data = expect.objectContaining({ country: 'FR', hostStatePartnerId: 'host' });
    expect(registerFacility(description, { legalForm: 'member-state', country: 'FR' })).toEqual([
      { type: 'facility-registered', data },
    ]);
    expect(refusalOf(() => registerFacility(description, { legalForm: 'member-state', country: 'SE' }))).toMatchObject({
      code: 'host-of-another-territory',
      facts: { clause: '2021/1173 Art. 12b(4)', hostStatePartnerId: 'host', country: 'FR', hostCountry: 'SE' },
    });
  });

  it('is a state, and not a region of it', () => {
    expect(refusalOf(() => registerFacility(description, { legalForm: 'region', country: 'FR' }))).toMatchObject({
      code: 'host-not-a-state',
      facts: { legalForm: 'region' },
    });
  });
});
