import { readFile } from 'node:fs/promises';
import { startTestApp, type TestApp } from '../../support/app.js';

/** For the operator: their answers are never kept. */
const OPERATIONS = ['/livez', '/readyz', '/metrics'];
const PAGE = 'https://press.example.eu';
let api: TestApp;
let reads: readonly { readonly path: string; readonly isPublic: boolean }[];
/** All reads of the document, with ids. */
let everyRead: readonly { readonly path: string; readonly takesCredential: boolean }[];
let eventId: string;

beforeAll(async () => {
  api = await startTestApp();
  const company = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };
  const { body } = await api.must(api.post('/v1/partners', company));
  for (let made = 0; made < 20; made += 1) await api.must(api.post('/v1/partners', company));
  const { position } = (await api.must(api.post('/v1/partners', company))).body;
  await api.get(`/v1/partners?minPosition=${position}`);
  eventId = (await api.get(`/v1/events?stream=partner-${body.id}&minPosition=${position}`)).body.data[0].id;
  // The log has been signed up to here.
  await api.get(`/v1/events/${eventId}/proof`);
  const { paths } = JSON.parse(await readFile('openapi/openapi.json', 'utf8')) as {
    paths: Record<string, { get?: { operationId: string; 'x-roles'?: string[]; security?: object[] } }>;
  };
  everyRead = Object.entries(paths).flatMap(([path, { get }]) =>
    get === undefined || get.operationId === 'streamEvents'
      ? []
      : [
          {
            path: path.replaceAll(/\{\w+\}/g, eventId),
            takesCredential: (get.security ?? []).some((scheme) => Object.keys(scheme).length > 0),
          },
        ],
  );
  reads = Object.entries(paths).flatMap(([path, { get }]) =>
    get === undefined ||
    path.includes('{') ||
    get.operationId === 'streamEvents' ||
    path.endsWith('/witnessed') ||
    OPERATIONS.includes(path)
      ? []
      : [{ path, isPublic: get['x-roles'] === undefined }],
  );
});
afterAll(() => api.stop());

const ask = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(api.url + path, { headers: { origin: PAGE, ...headers } });
const asOperator = { authorization: 'Bearer operator-key-of-the-tests-0123456789' };

describe('a public read', () => {
  it('may be kept by caches, has a tag, and is answered with 304 to a caller that holds it', async () => {
    const publicReads = [
      ...reads.filter(({ isPublic }) => isPublic).map(({ path }) => path),
      '/v1/transparency/capital.csv',
      '/v1/transparency/capital.csv-metadata.json',
      '/v1/policies.csv',
      `/v1/events/${eventId}`,
    ];
    expect(publicReads.length).toBeGreaterThan(12);
    for (const path of publicReads) {
      const answer = await ask(path);
      expect([path, answer.status]).toEqual([path, 200]);
      expect([path, answer.headers.get('cache-control')]).toEqual([path, expect.stringMatching(/^public, /)]);
      const tag = answer.headers.get('etag') ?? '';
      expect([path, tag]).toEqual([path, expect.stringMatching(/^(W\/)?"[^"]{10,}"$/)]);
      const opaque = tag.replace('W/', '');
      for (const held of [opaque, `W/${opaque}`, `"another", ${opaque}`, '*']) {
        const again = await ask(path, { 'if-none-match': held });
        expect([path, held, again.status, await again.text()]).toEqual([path, held, 304, '']);
        expect([path, again.headers.get('content-type'), again.headers.get('content-length')]).toEqual([
          path,
          null,
          null,
        ]);
        expect(again.headers.get('etag')).not.toBeNull();
        expect(again.headers.get('cache-control')).toBe(answer.headers.get('cache-control'));
      }
      expect((await ask(path, { 'if-none-match': '"another"' })).status).toBe(200);
    }
  });

  it('may be read and measured by pages of all origins, which need not ask twice a day', async () => {
    const answer = await ask('/v1/transparency/capital');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('timing-allow-origin')).toBe('*');
    const exposed = answer.headers.get('access-control-expose-headers')?.split(', ');
    expect(exposed).toEqual(expect.arrayContaining(['ETag', 'Ledger-Position', 'Ledger-As-Of', 'Content-Location']));
    expect((await fetch(`${api.url}/v1/transparency/capital`)).headers.get('access-control-allow-origin')).toBe('*');
    const preflight = await fetch(`${api.url}/v1/transparency/capital`, {
      method: 'OPTIONS',
      headers: {
        origin: PAGE,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'if-none-match',
      },
    });
    expect([preflight.status, preflight.headers.get('access-control-max-age')]).toEqual([204, '86400']);
  });

  it('names the headers on which it depends, and not the origin', async () => {
    const vary = async (path: string, headers = {}) => (await ask(path, headers)).headers.get('vary');
    expect(await vary('/v1/transparency/capital')).toBe('Accept, Accept-Encoding');
    expect(await vary('/v1/policies')).toBe('Accept, Accept-Encoding');
    expect(await vary('/v1/transparency/dictionary')).toBe('Accept-Encoding');
    expect(await vary(`/v1/events/${eventId}`)).toBe('Authorization, Accept-Encoding');
  });
});

describe('an answer that is not public', () => {
  it('is stored by no cache and never compressed', async () => {
    const privateReads = reads.filter(({ isPublic }) => !isPublic).map(({ path }) => path);
    expect(privateReads).toContain('/v1/partners');
    for (const path of [...privateReads, '/v1/partners.csv', `/v1/events/${eventId}`, '/livez', '/metrics']) {
      const { status, headers } = await ask(path, asOperator);
      expect([path, status, headers.get('cache-control'), headers.get('content-encoding')]).toEqual([
        path,
        200,
        'no-store',
        null,
      ]);
    }
    expect(Number((await ask('/v1/partners', asOperator)).headers.get('content-length'))).toBeGreaterThan(1_400);
    const { headers, body } = await api.post('/v1/api-keys', { name: 'Key', roles: ['auditor'] });
    expect([headers['cache-control'], headers['content-encoding'], typeof body.key]).toEqual([
      'no-store',
      undefined,
      'string',
    ]);
    expect((await ask('/v1/partners', asOperator)).headers.get('timing-allow-origin')).toBeNull();
  });

  it('depends on its credential, and is for no page of another origin: every read of the document that takes one', async () => {
    const takers = everyRead.filter(({ takesCredential }) => takesCredential).map(({ path }) => path);
    expect(takers).toEqual(expect.arrayContaining([`/v1/access-requests/${eventId}`, `/v1/events/${eventId}`]));
    for (const path of takers) {
      const { headers } = await ask(path, asOperator);
      expect([path, headers.get('cache-control'), headers.get('vary')?.split(', ')]).toEqual([
        path,
        'no-store',
        expect.arrayContaining(['Authorization']),
      ]);
      for (const name of ['access-control-allow-origin', 'access-control-expose-headers', 'timing-allow-origin']) {
        expect([path, name, headers.get(name)]).toEqual([path, name, null]);
      }
    }
    for (const { path } of everyRead.filter(({ takesCredential }) => !takesCredential)) {
      const [without, having] = [await ask(path), await ask(path, asOperator)];
      for (const name of ['cache-control', 'vary', 'access-control-allow-origin']) {
        expect([path, name, having.headers.get(name)]).toEqual([path, name, without.headers.get(name)]);
      }
    }
    expect((await ask(`/v1/events/${eventId}`)).headers.get('access-control-allow-origin')).toBe('*');
  });

  it('is stored by no cache when it is a refusal, also of a public read', async () => {
    for (const path of [
      '/v1/transparency/capital?asOfPosition=99999',
      '/v1/transparency/nowhere',
      '/v1/policies?limit=0',
    ]) {
      const { status, headers } = await ask(path);
      expect([path, status >= 400, headers.get('cache-control'), headers.get('etag')]).toEqual([
        path,
        true,
        'no-store',
        null,
      ]);
    }
  });
});

describe('compression', () => {
  const sizeOf = async (path: string, coding: string) => {
    const answer = await ask(path, { 'accept-encoding': coding });
    return {
      coding: answer.headers.get('content-encoding'),
      tag: answer.headers.get('etag') ?? '',
      size: Number(answer.headers.get('content-length')),
      text: await answer.text(),
    };
  };

  it.each([
    '/v1/transparency/equal-access',
    '/v1/transparency/equal-access.csv',
    '/v1/transparency/dictionary',
    '/v1/events',
  ])('makes %s smaller, and keeps its content and its tag', async (path) => {
    const [plain, gzip, brotli] = [
      await sizeOf(path, 'identity'),
      await sizeOf(path, 'gzip'),
      await sizeOf(path, 'gzip, deflate, br'),
    ];
    expect([plain.coding, gzip.coding, brotli.coding]).toEqual([null, 'gzip', 'br']);
    expect(gzip.size).toBeLessThan(plain.size / 2);
    expect(brotli.size).toBeLessThanOrEqual(gzip.size);
    expect([gzip.text, brotli.text]).toEqual([plain.text, plain.text]);
    expect([gzip.tag, brotli.tag]).toEqual([`W/${plain.tag}`, `W/${plain.tag}`]);
  });

  it('follows what the caller takes', async () => {
    const path = '/v1/transparency/equal-access';
    const codings = ['br;q=0, gzip', 'br;q=0.1', '*', 'gzip;q=0', 'deflate', ''].map(
      async (coding) => (await sizeOf(path, coding)).coding,
    );
    expect(await Promise.all(codings)).toEqual(['gzip', 'br', 'br', null, null, null]);
  });

  it('leaves small answers and texts of the log as they are', async () => {
    expect((await sizeOf('/v1/policies', 'br')).coding).toBeNull();
    expect((await sizeOf('/log/checkpoint', 'br')).coding).toBeNull();
  });
});

describe('CSV', () => {
  it('is what a caller gets that accepts it, where there is a table', async () => {
    const type = async (path: string, accept: string) =>
      (await ask(path, { accept, ...asOperator })).headers.get('content-type')?.split(';', 1)[0];
    expect(await type('/v1/transparency/capital', 'text/csv')).toBe('text/csv');
    expect(await type('/v1/partners', 'text/csv, application/json;q=0.5')).toBe('text/csv');
    expect(await type('/v1/partners', 'text/html,application/xhtml+xml,*/*;q=0.8')).toBe('application/json');
    expect(await type('/v1/partners', 'application/json, text/csv')).toBe('application/json');
    expect(await type(`/v1/events/${eventId}`, 'text/csv')).toBe('application/json');
    expect(await type('/v1/partners.csv', 'application/json')).toBe('text/csv');
  });

  it('is saved under a name with its position, and goes on in its dialect', async () => {
    const { headers } = await ask('/v1/partners.csv?limit=1&dialect=semicolon-bom', asOperator);
    expect(headers.get('content-disposition')).toBe(
      `attachment; filename="partners-${headers.get('ledger-position')}.csv"`,
    );
    expect(headers.get('link')).toMatch(/^<\/v1\/partners\.csv\?cursor=[\w-]+&dialect=semicolon-bom>; rel="next"$/);
    expect((await ask('/v1/partners.csv?dialect=excel', asOperator)).status).toBe(400);
  });
});
