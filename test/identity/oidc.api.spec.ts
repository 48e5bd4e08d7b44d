import { jest } from '@jest/globals';
import { SignJWT } from 'jose';
import { startTestApp, type TestAnswer, type TestApp } from '../support/app.js';
import { AUDIENCE, Issuer, keyNamed, type Claims, type Key } from '../support/token-issuer.js';

const PARTNER = '3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f';

const issuer = new Issuer();
let first: Key;
let ledger: TestApp;
beforeAll(async () => {
  await issuer.start();
  first = await keyNamed('first');
  issuer.keys = [first];
  ledger = await startTestApp({ env: { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: AUDIENCE } });
});
afterAll(async () => {
  await ledger.stop();
  await issuer.stop();
});
afterEach(() => jest.restoreAllMocks());

/** A valid token, except for the claims that the test changes. An undefined claim is left out. */
const token = (claims: Claims = {}, key = first, header: object = {}): Promise<string> =>
  issuer.token(claims, key, header);

const read = async (credential: string | Promise<string>): Promise<TestAnswer> =>
  ledger.get('/v1/funds', { key: await credential });
/** As the document describes the actor of an event. */
const ACTOR_LENGTH_MAX = 2_048;
const INVALID = { status: 401, body: { code: 'unauthenticated', detail: 'This token is not valid here.' } };
const UNREACHABLE = { status: 503, body: { code: 'issuer-unreachable' } };

/** This part comes first, because the service keeps the keys that it has loaded. */
describe('while the issuer is out of order, the service', () => {
  it('answers 503 and not 401, so that no caller discards a valid token', async () => {
    issuer.discovery = 'fails';
    expect(await read(token())).toMatchObject({ ...UNREACHABLE, headers: { 'retry-after': '1' } });
    issuer.discovery = 'answers';
    for (const jwks of ['fails', 'talks nonsense'] as const) {
      issuer.jwks = jwks;
      expect(await read(token())).toMatchObject(UNREACHABLE);
    }
    issuer.jwks = 'answers';
    expect(await read(token())).toMatchObject({ status: 200 });
  });

  it('accepts API keys, and tokens signed with the keys that it has loaded', async () => {
    expect((await ledger.get('/v1/funds')).status).toBe(200);
    issuer.jwks = 'fails';
    expect((await read(token())).status).toBe(200);
    issuer.jwks = 'answers';
  });
});

describe('a token of the issuer', () => {
  it('has the roles of its claim, and the actor is its subject', async () => {
    const partner = { legalName: 'By token', country: 'SE', legalForm: 'company' };
    const { body } = await ledger.must(ledger.post('/v1/partners', partner, { key: await token() }));
    const { body: page } = await ledger.get(`/v1/events?after=${body.position - 1}&limit=1`);
    expect(page.data[0].actor).toEqual({ id: `${issuer.url}#ana`, role: 'operator' });
    const asPanel = { key: await token({ roles: ['panel', 'no-such-role', 7] }) };
    expect(await ledger.post('/v1/partners', partner, asPanel)).toMatchObject({ status: 403 });
    const withoutRoles = { key: await token({ roles: undefined }) };
    expect(await ledger.post('/v1/partners', partner, withoutRoles)).toMatchObject({ status: 403 });
  });

  it('is bound to the partner of its claim, and then has no roles of the programme', async () => {
    const bound = await token({ partner_id: PARTNER, roles: ['operator', 'partner'] });
    expect((await read(bound)).status).toBe(200);
    const partner = { legalName: 'By token', country: 'SE', legalForm: 'company' };
    expect(await ledger.post('/v1/partners', partner, { key: bound })).toMatchObject({ status: 403 });
    expect(await read(token({ partner_id: 'not-a-uuid' }))).toMatchObject({ status: 401 });
    // The reverse case: with a role of a partner but no partner, the token would see the records of all partners.
    expect(await read(token({ roles: ['partner'] }))).toMatchObject({ status: 403 });
  });

  it('may name several audiences, and may be used half a minute too early or too late', async () => {
    expect((await read(token({ aud: ['other', AUDIENCE] }))).status).toBe(200);
    const now = Math.floor(Date.now() / 1_000);
    expect((await read(token({ exp: now - 20 }))).status).toBe(200);
    expect((await read(token({ nbf: now + 20 }))).status).toBe(200);
  });

  it('is refused if any claim is wrong', async () => {
    const now = Math.floor(Date.now() / 1_000);
    const wrong: readonly Claims[] = [
      { iss: 'https://other.example' },
      { iss: `${issuer.url}/` },
      { aud: 'other' },
      { aud: undefined },
      { exp: now - 40 },
      { exp: undefined },
      { nbf: now + 40 },
      { sub: undefined },
      { sub: '' },
      { sub: 'ana\nroot' },
      { sub: 'ana maria' },
      { sub: 'ana\u0000' },
      { sub: '\u00e5sa' },
      { sub: 'a'.repeat(ACTOR_LENGTH_MAX - issuer.url.length) },
    ];
    for (const claims of wrong) expect([claims, await read(token(claims))]).toMatchObject([claims, INVALID]);
    // With "#" between them, the issuer and the subject have as many characters as an actor may have.
    const longest = await read(token({ sub: 'a'.repeat(ACTOR_LENGTH_MAX - issuer.url.length - 1) }));
    expect(longest.status).toBe(200);
  });

  it('is refused if another key signed it, under any key id', async () => {
    const foreign = await keyNamed('first');
    expect(await read(token({}, foreign))).toMatchObject(INVALID);
    expect(await read(token({}, { ...foreign, kid: 'unknown' }))).toMatchObject(INVALID);
  });

  it('is refused without a signature, or with a signature that needs no private key', async () => {
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const [, claims = '', signature = ''] = (await token()).split('.');
    for (const alg of ['none', 'None', 'HS256']) {
      const header = encode({ alg, kid: 'first' });
      expect(await read(`${header}.${claims}.`)).toMatchObject(INVALID);
      expect(await read(`${header}.${claims}.${signature}`)).toMatchObject(INVALID);
    }
    const secret = new TextEncoder().encode(JSON.stringify(first.publicJwk));
    const hmac = await new SignJWT({ iss: issuer.url, aud: AUDIENCE, sub: 'ana', roles: ['operator'] })
      .setExpirationTime('5m')
      .setProtectedHeader({ alg: 'HS256', kid: 'first' })
      .sign(secret);
    expect(await read(hmac)).toMatchObject(INVALID);
  });

  it('is refused if one byte is changed', async () => {
    const [header, , signature] = (await token()).split('.');
    const [, claims] = (await token({ roles: ['auditor'] })).split('.');
    expect(await read(`${header}.${claims}.${signature}`)).toMatchObject(INVALID);
  });
});

describe('when the issuer changes its keys, the service', () => {
  it('accepts the new key and refuses the old one', async () => {
    const second = await keyNamed('second');
    issuer.keys = [second];
    // The service loads keys at most every half minute, so that bad tokens cannot flood the issuer.
    expect(await read(token({}, second))).toMatchObject(INVALID);
    const later = Date.now() + 31_000;
    jest.spyOn(Date, 'now').mockImplementation(() => later);
    expect((await read(token({}, second))).status).toBe(200);
    expect(await read(token({}, first))).toMatchObject(INVALID);
  });
});
