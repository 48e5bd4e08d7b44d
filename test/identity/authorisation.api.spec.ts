import { readFile } from 'node:fs/promises';
import { ROLES, type Role } from '../../src/ledger/command-context.js';
import { startTestApp, type TestApp } from '../support/app.js';

const EVERYBODY: readonly Role[] = ROLES;

/**
 * The roles of every operation, written independently of the code. A changed route or a new one needs its entry here as
 * well.
 */
const MAY: Readonly<Record<string, readonly Role[] | 'public'>> = {
  getMe: EVERYBODY,
  listCapitalCalls: EVERYBODY,
  listApiKeys: EVERYBODY,
  issueApiKey: ['operator'],
  revokeApiKey: ['operator'],
  registerPartner: ['operator'],
  classifyPartner: ['operator'],
  recordAffiliation: ['operator'],
  endAffiliation: ['operator'],
  recordAcquisition: ['operator'],
  listPartners: EVERYBODY,
  getPartner: EVERYBODY,
  adoptPolicy: ['board'],
  listPolicies: 'public',
  establishFund: ['operator'],
  defineTranche: ['operator'],
  reachFinancialClose: ['operator'],
  listFunds: EVERYBODY,
  getFund: EVERYBODY,
  pledgeCommitment: ['operator', 'partner'],
  acceptCommitment: ['operator'],
  signCommitment: ['operator', 'partner'],
  requestDecrease: ['operator', 'partner'],
  acceptDecrease: ['operator'],
  amendCommitment: ['operator', 'partner'],
  cancelCommitment: ['operator', 'partner'],
  issueCall: ['operator'],
  payCall: ['operator'],
  distribute: ['operator'],
  listCommitments: EVERYBODY,
  getCommitment: EVERYBODY,
  registerFacility: ['operator'],
  installCapacity: ['operator', 'facility'],
  retireCapacity: ['operator', 'facility'],
  adoptQuotaPolicy: ['board'],
  startOperations: ['operator', 'facility'],
  definePool: ['operator'],
  setEntitlement: ['operator'],
  donateTime: ['operator', 'partner'],
  transferOwnership: ['operator'],
  setPreferentialAccess: ['operator'],
  assignPool: ['operator', 'facility'],
  listFacilities: EVERYBODY,
  getFacility: EVERYBODY,
  getAccessPools: EVERYBODY,
  getCapacity: EVERYBODY,
  allocateChips: ['operator', 'facility'],
  releaseAllocation: ['operator', 'facility'],
  listAllocations: EVERYBODY,
  openAccessCall: ['operator'],
  listAccessCalls: EVERYBODY,
  getAccessCall: EVERYBODY,
  submitAccessRequest: ['operator', 'partner'],
  withdrawAccessRequest: ['operator', 'partner'],
  recordEligibility: ['panel'],
  decideAccessRequest: ['panel'],
  listAccessRequests: EVERYBODY,
  getAccessRequest: EVERYBODY,
  revokeGrant: ['operator', 'panel'],
  listGrants: EVERYBODY,
  getGrant: EVERYBODY,
  executeBulk: EVERYBODY,
  reportUsage: ['operator', 'facility'],
  listUsage: EVERYBODY,
  publishReport: ['operator', 'board'],
  decideCorrectiveAction: ['board'],
  eraseSubject: ['operator'],
  getDictionary: 'public',
  getEqualAccessReport: 'public',
  getEqualAccessSeries: 'public',
  getCapitalReport: 'public',
  getCapitalSeries: 'public',
  getCapacityReport: 'public',
  getCapacitySeries: 'public',
  listAttestations: 'public',
  listYearlySubmissions: 'public',
  submitYear: ['operator', 'facility'],
  listPublishedReports: 'public',
  getPublishedReport: 'public',
  getPublishedReportStreams: 'public',
  listEvents: 'public',
  getEvent: 'public',
  getEventProof: 'public',
  streamEvents: 'public',
  getCheckpoint: 'public',
  getWitnessedCheckpoint: 'public',
  getLogPolicy: 'public',
  getVerifierKey: 'public',
  getTile: 'public',
  listProblems: 'public',
  getProblem: 'public',
  getLiveness: 'public',
  getReadiness: 'public',
  getMetrics: 'public',
};

interface Operation {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
}

describe('the authorisation of routes', () => {
  let api: TestApp;
  let operations: readonly Operation[];
  const keys = new Map<Role, string>();
  let partners: readonly string[];

  beforeAll(async () => {
    api = await startTestApp();
    // The committed document. Another check compares it with the code.
    const document = JSON.parse(await readFile('openapi/openapi.json', 'utf8')) as {
      paths: Record<string, Record<string, { operationId: string }>>;
    };
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => ({
        // The form of a list as CSV is open to those to whom the list is open.
        operationId: operationId.replace(/Csv$/, ''),
        method: method.toUpperCase(),
        path,
      })),
    );
    const register = async (): Promise<string> =>
      String(
        (await api.must(api.post('/v1/partners', { legalName: 'Partner', country: 'SE', legalForm: 'company' }))).body
          .id,
      );
    partners = [await register(), await register()];
    for (const role of ROLES) {
      const bound = role === 'partner' || role === 'facility';
      keys.set(role, await api.keyFor([role], bound ? partners[0] : undefined));
    }
  });
  afterAll(() => api.stop());

  const send = ({ method, path }: Operation, key: string | null) => {
    const url = path.replaceAll(/\{\w+\}/g, '00000000-0000-4000-8000-000000000000');
    return method === 'POST' ? api.post(url, {}, { key }) : api.get(url, { key });
  };

  it('is listed here for every operation of the document', () => {
    expect(operations.map(({ operationId }) => operationId).filter((id) => !(id in MAY))).toEqual([]);
  });

  it('refuses every request without a credential, except public reads', async () => {
    for (const operation of operations) {
      if (operation.operationId === 'streamEvents') continue;
      const { status } = await send(operation, null);
      const expected = MAY[operation.operationId] === 'public';
      expect({ operation: operation.operationId, unauthenticated: status === 401 }).toEqual({
        operation: operation.operationId,
        unauthenticated: !expected,
      });
    }
  });

  it.each(ROLES)('lets %s use the operations of its role and no others', async (role) => {
    for (const operation of operations) {
      const may = MAY[operation.operationId];
      if (may === undefined || may === 'public') continue;
      const { status, body } = await send(operation, keys.get(role) ?? '');
      const refused = status === 403 && body.code === 'role-not-allowed';
      expect({ operation: operation.operationId, refused }).toEqual({
        operation: operation.operationId,
        refused: !may.includes(role),
      });
      expect(status).not.toBe(401);
      expect(status).toBeLessThan(500);
    }
  });

  it('shows a bound key no record of another partner, and lets it change none', async () => {
    const [own = '', other = ''] = partners;
    const fund = (await api.must(api.post('/v1/funds', { name: 'Fund', currency: 'EUR', targetMinor: '1000000' }))).body
      .id;
    const tranche = await api.must(
      api.post(`/v1/funds/${fund}/tranches`, { rank: 1, kind: 'senior', capMinor: '1000000' }),
    );
    const pledge = (partnerId: string) => ({
      fundId: fund,
      trancheId: tranche.body.trancheId,
      partnerId,
      amountMinor: '1000',
      currency: 'EUR',
      kind: 'capex',
    });
    const theirs = (await api.must(api.post('/v1/commitments', pledge(other)))).body.id;
    const key = keys.get('partner') ?? '';
    expect((await api.post('/v1/commitments', pledge(other), { key })).status).toBe(403);
    const mine = await api.must(api.post('/v1/commitments', pledge(own), { key }));
    expect((await api.post(`/v1/commitments/${theirs}/signature`, { signedOn: '2026-01-01' }, { key })).status).toBe(
      403,
    );
    const { position } = mine.body;
    expect((await api.get(`/v1/commitments/${theirs}?minPosition=${position}`, { key })).status).toBe(404);
    const list = await api.get(`/v1/commitments?minPosition=${position}`, { key });
    expect(list.body.data.map(({ partnerId }: { partnerId: string }) => partnerId)).toEqual([own]);
  });

  it('refuses to give a key that is bound to a partner a role of the programme', async () => {
    const mixed = await api.post('/v1/api-keys', { name: 'Both', roles: ['partner', 'panel'], partnerId: partners[0] });
    expect(mixed.status).toBe(422);
    const unbound = await api.post('/v1/api-keys', { name: 'Unbound', roles: ['partner'] });
    expect(unbound.status).toBe(422);
  });

  it('refuses a key after its expiry', async () => {
    const soon = new Date(Date.now() + 1_500).toISOString();
    const { body } = await api.must(api.post('/v1/api-keys', { name: 'Short', roles: ['auditor'], expiresAt: soon }));
    expect((await api.get('/v1/partners', { key: body.key })).status).toBe(200);
    for (let tries = 0; tries < 100 && Date.now() <= Date.parse(soon); tries += 1)
      await api.get('/livez', { key: null });
    const deadline = Date.parse(soon) + 5_000;
    let { status } = await api.get('/v1/partners', { key: body.key });
    while (status !== 401 && Date.now() < deadline) ({ status } = await api.get('/v1/partners', { key: body.key }));
    expect(status).toBe(401);
  });

  it('shows the secret of a key only once', async () => {
    const issue = { name: 'Once', roles: ['auditor'] };
    const first = await api.must(api.post('/v1/api-keys', issue, { idempotencyKey: 'key-once' }));
    const again = await api.must(api.post('/v1/api-keys', issue, { idempotencyKey: 'key-once' }));
    expect(first.body.key).toMatch(/^ppp_/);
    expect(again.body).toEqual({ ...first.body, key: null });
  });
});
