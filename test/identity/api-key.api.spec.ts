import { OPERATOR_KEY, startTestApp, type TestAnswer, type TestApp } from '../support/app.js';
import { AUDIENCE, Issuer, keyNamed, type Key } from '../support/token-issuer.js';

const DAY_MS = 86_400_000;
/** The keys expire by the clock of the machine, by which the guard measures. */
const inDays = (days: number): string => `${new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10)}T00:00:00Z`;

const issuer = new Issuer();
let signing: Key;
let ledger: TestApp;
let partnerId: string;
let facilityId: string;

beforeAll(async () => {
  await issuer.start();
  signing = await keyNamed('first');
  issuer.keys = [signing];
  ledger = await startTestApp({
    env: { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: AUDIENCE, RATE_LIMIT_PER_MINUTE: '100000' },
  });
  const partner = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };
  partnerId = (await ledger.must(ledger.post('/v1/partners', partner))).body.id;
  const site = { name: 'Site', country: 'SE', kind: 'ai-factory', operatorPartnerId: partnerId };
  facilityId = (await ledger.must(ledger.post('/v1/facilities', site))).body.id;
});
afterAll(async () => {
  await ledger.stop();
  await issuer.stop();
});

const issue = async (body: object): Promise<{ id: string; key: string; position: number; recordedAt: string }> =>
  (await ledger.must(ledger.post('/v1/api-keys', body))).body;
const me = (key: string | null): Promise<TestAnswer> => ledger.get('/v1/me', { key });

describe('the answer to "who am I"', () => {
  it('describes an API key of a partner: its name, roles, partner, facilities, expiry and limit', async () => {
    const expiresAt = inDays(2);
    const { id, key, position } = await issue({ name: 'Machines', roles: ['facility'], partnerId, expiresAt });
    const answer = await ledger.get(`/v1/me?minPosition=${position}`, { key });
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        kind: 'api-key',
        apiKeyId: id,
        name: 'Machines',
        actorId: partnerId,
        roles: ['facility'],
        partnerId,
        partnerName: 'Nordlys Materials AB',
        facilities: [{ id: facilityId, name: 'Site' }],
        expiresAt,
        rateLimitPerMinute: 100_000,
      },
    ]);
    const owner = await issue({ name: 'Office', roles: ['partner'], partnerId });
    expect((await me(owner.key)).body).toMatchObject({
      partnerName: 'Nordlys Materials AB',
      facilities: [],
      expiresAt: null,
    });
  });

  it('describes a key of the programme, the key of the settings and a token', async () => {
    const nobody = { partnerId: null, partnerName: null, facilities: [], expiresAt: null };
    const { id, key } = await issue({ name: 'Panel', roles: ['panel', 'auditor'] });
    expect((await me(key)).body).toMatchObject({
      kind: 'api-key',
      apiKeyId: id,
      actorId: id,
      roles: ['panel', 'auditor'],
      ...nobody,
    });
    const own = { kind: 'operator-key', apiKeyId: null, name: null, actorId: 'programme', roles: ['operator'] };
    expect((await me(OPERATOR_KEY)).body).toMatchObject({ ...own, ...nobody });
    const exp = Math.floor(Date.now() / 1_000) + 600;
    const token = await issuer.token({ sub: 'ada', roles: ['board'], exp }, signing);
    expect((await me(token)).body).toMatchObject({
      kind: 'token',
      apiKeyId: null,
      name: null,
      actorId: `${issuer.url}#ada`,
      roles: ['board'],
      expiresAt: new Date(exp * 1_000).toISOString().replace('.000Z', 'Z'),
    });
  });

  it('is 401 without a credential, with a wrong one and with a revoked one', async () => {
    const { id, key } = await issue({ name: 'Gone', roles: ['auditor'] });
    await ledger.must(ledger.post(`/v1/api-keys/${id}/revocation`));
    for (const credential of [null, 'nonsense', key]) {
      const { status, body } = await me(credential);
      expect([credential, status, body.code]).toEqual([credential, 401, 'unauthenticated']);
    }
  });

  it('says that there is no limit where none is set', async () => {
    const other = await startTestApp({ sharedWith: ledger });
    expect((await other.get('/v1/me')).body.rateLimitPerMinute).toBeNull();
    await other.stop();
  });
});

describe('the list of API keys', () => {
  it('shows who holds what since when, whether it can be used, and neither keys nor hashes', async () => {
    const expiresAt = inDays(2);
    const active = await issue({ name: 'Active', roles: ['partner', 'facility'], partnerId, expiresAt });
    const revoked = await issue({ name: 'Revoked', roles: ['board'] });
    const { body: revocation } = await ledger.must(ledger.post(`/v1/api-keys/${revoked.id}/revocation`));
    const list = async (query: string): Promise<TestAnswer> =>
      ledger.get(`/v1/api-keys?limit=200&minPosition=${revocation.position}${query}`);
    const { text, body } = await list('');
    expect(text).not.toMatch(/[0-9a-f]{64}|ppp_|hash/i);
    expect(body.data.slice(-2)).toEqual([
      {
        id: active.id,
        name: 'Active',
        roles: ['partner', 'facility'],
        partnerId,
        partnerName: 'Nordlys Materials AB',
        status: 'active',
        issuedAt: active.recordedAt,
        expiresAt,
        revokedAt: null,
        revision: 0,
      },
      {
        id: revoked.id,
        name: 'Revoked',
        roles: ['board'],
        partnerId: null,
        partnerName: null,
        status: 'revoked',
        issuedAt: revoked.recordedAt,
        expiresAt: null,
        revokedAt: revocation.recordedAt,
        revision: 1,
      },
    ]);
    const names = async (query: string): Promise<string[]> =>
      (await list(query)).body.data.map(({ name }: { name: string }) => name);
    expect(await names('&status=revoked')).toEqual(['Gone', 'Revoked']);
    expect(await names('&status=active')).toEqual(['Machines', 'Office', 'Panel', 'Active']);
    expect(await names('&status=expired')).toEqual([]);
    expect(await names(`&partnerId=${partnerId}`)).toEqual(['Machines', 'Office', 'Active']);
    const today = active.recordedAt.slice(0, 10);
    expect(await names(`&from=${today}`)).toHaveLength(body.data.length);
    expect(await names(`&from=${inDays(1).slice(0, 10)}`)).toEqual([]);
    expect(await names(`&to=${inDays(-1).slice(0, 10)}`)).toEqual([]);
  });

  it('shows a key as expired from the instant on at which it is refused', async () => {
    const expiresAt = inDays(3);
    const { id, position } = await issue({ name: 'Short', roles: ['auditor'], expiresAt });
    const at = async (ms: number, query: string): Promise<string | undefined> => {
      const later = await startTestApp({ sharedWith: ledger, clock: () => ms });
      const { body } = await later.get(`/v1/api-keys?limit=200&minPosition=${position}${query}`);
      await later.stop();
      return body.data.find((key: { id: string }) => key.id === id)?.status;
    };
    const end = Date.parse(expiresAt);
    for (const query of ['', '&status=active']) expect([query, await at(end - 1, query)]).toEqual([query, 'active']);
    for (const query of ['', '&status=expired']) expect([query, await at(end, query)]).toEqual([query, 'expired']);
    expect(await at(end, '&status=active')).toBeUndefined();
    expect(await at(end - 1, '&status=expired')).toBeUndefined();
  });
});
