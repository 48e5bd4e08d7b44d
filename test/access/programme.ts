import { startTestApp, type SendOptions, type TestAnswer, type TestApp } from '../support/app.js';

/** The constant clock of these specs. All other dates are relative to it. */
export const NOW = '2026-06-15T12:00:00Z';
export const CHIP_MODEL = 'GB300';

/** The real application, with the commands that the specs of access share. */
export interface Programme {
  readonly ledger: TestApp;
  readonly panelKey: string;
  /** Executes a command, fails the test if it is refused, and returns the id from its answer. */
  made(path: string, body: object, options?: SendOptions): Promise<string>;
  /** A partner, classified from 2020 on unless the category is null. */
  partner(change?: PartnerChange): Promise<string>;
  /** A facility with 1,000 chips since 2026-01-01. */
  facility(further?: object): Promise<string>;
  /** A call that is open for the whole of 2026. */
  call(facilityId: string, further?: object): Promise<string>;
  request(callId: string, partnerId: string, further?: object, options?: SendOptions): Promise<TestAnswer>;
  decide(id: string, further?: object, options?: SendOptions): Promise<TestAnswer>;
  /** Submits and grants; the grant is valid for the whole of 2026. */
  grant(callId: string, partnerId: string, chipHours?: number): Promise<string>;
  allocate(facilityId: string, grantId: string, further?: object): Promise<string>;
  /** Reads after the rows reflect every command that was answered so far. */
  read(path: string, options?: SendOptions): Promise<TestAnswer>;
}

interface PartnerChange {
  readonly country?: string;
  readonly category?: string | null;
  readonly legalForm?: string;
}

export const GRANTED = {
  outcome: 'granted',
  chipHours: 40_000,
  priceBasis: 'free',
  freeReason: 'sme-innovation',
  reasonCodes: ['score-above-threshold'],
  validFrom: '2026-01-01T00:00:00Z',
  validTo: '2027-01-01T00:00:00Z',
};
export const DENIED = { outcome: 'denied', reasonCodes: ['score-below-threshold'] };

export async function startProgramme(): Promise<Programme> {
  const ledger = await startTestApp({ clock: () => Date.parse(NOW) });
  const panelKey = await ledger.keyFor(['panel']);
  const made: Programme['made'] = async (path, body, options) =>
    String((await ledger.must(ledger.post(path, body, options))).body.id);

  const programme: Programme = {
    ledger,
    panelKey,
    made,
    partner: async ({ country = 'FR', category = 'sme', legalForm = 'company' } = {}) => {
      const id = await made('/v1/partners', { legalName: `Partner in ${country}`, country, legalForm });
      if (category !== null) await classify(programme, id, category, '2020-01-01');
      return id;
    },
    facility: async (further = {}) => {
      const id = await made('/v1/facilities', { name: 'Factory', country: 'FR', kind: 'ai-factory', ...further });
      const chips = { chipModel: CHIP_MODEL, chips: 1_000, effectiveFrom: '2026-01-01' };
      await ledger.must(ledger.post(`/v1/facilities/${id}/capacity`, chips));
      return id;
    },
    call: (facilityId, further = {}) =>
      made('/v1/access-calls', {
        facilityId,
        mode: 'regular',
        title: 'Regular access 2026',
        chipHours: 1_000_000,
        opensAt: '2026-01-01',
        closesAt: '2027-01-01',
        ...further,
      }),
    request: (callId, partnerId, further = {}, options = {}) => {
      const body = { callId, partnerId, chipHours: 40_000, sector: 'health', purpose: 'Training.', ...further };
      return ledger.post('/v1/access-requests', body, options);
    },
    decide: (id, further = {}, options = {}) =>
      ledger.post(`/v1/access-requests/${id}/decision`, { ...GRANTED, ...further }, { key: panelKey, ...options }),
    grant: async (callId, partnerId, chipHours = 40_000) => {
      const { body } = await ledger.must(programme.request(callId, partnerId, { chipHours }));
      await ledger.must(programme.decide(body.id, { chipHours }));
      return String(body.id);
    },
    allocate: async (facilityId, grantId, further = {}) => {
      const interval = { from: '2026-06-01T00:00:00Z', to: '2026-07-01T00:00:00Z' };
      const body = { grantId, chipModel: CHIP_MODEL, chips: 10, ...interval, ...further };
      const answer = await ledger.must(ledger.post(`/v1/facilities/${facilityId}/allocations`, body));
      return String(answer.body.allocationId);
    },
    read: async (path, options) => {
      const mark = { legalName: 'Mark', country: 'BE', legalForm: 'company' };
      const { body } = await ledger.must(ledger.post('/v1/partners', mark));
      return ledger.get(`${path}${path.includes('?') ? '&' : '?'}minPosition=${body.position}`, options);
    },
  };
  return programme;
}

export async function classify(
  { ledger }: Programme,
  partnerId: string,
  category: string,
  effectiveFrom: string,
): Promise<void> {
  const body = { category, basis: 'Recommendation 2003/361/EC', evidenceRef: 'evidence', effectiveFrom };
  await ledger.must(ledger.post(`/v1/partners/${partnerId}/classifications`, body));
}
