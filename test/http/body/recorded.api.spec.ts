import { Client } from 'pg';
import { OPERATOR_KEY, startTestApp, type TestApp } from '../../support/app.js';

const COMPANY = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };

describe('what comes in is what is recorded', () => {
  let api: TestApp;
  beforeAll(async () => {
    api = await startTestApp();
  });
  afterAll(() => api.stop());

  /** Sends a body in ISO 8859-1: a character is one byte. */
  async function sendBytes(path: string, text: string, idempotencyKey: string) {
    const response = await fetch(api.url + path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${OPERATOR_KEY}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
      },
      body: Buffer.from(text, 'latin1'),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as { code?: string } };
  }

  const company = (legalName: string): string => `{"legalName":"${legalName}","country":"FR","legalForm":"company"}`;

  it('refuses bytes that are no UTF-8 in a request, in a bulk and in a stream', async () => {
    const inBulk = (body: string): string =>
      `{"commands":[{"key":"in-bulk","method":"POST","path":"/v1/partners","body":${body}}]}`;
    for (const [path, text] of [
      ['/v1/partners', company('Universit\xe9 de la C\xf4te')],
      ['/v1/bulk', inBulk(company('Universit\xe9'))],
      ['/v1/usage', '{"records":[{"allocationId":"\xe9"}]}'],
    ] as const) {
      expect(await sendBytes(path, text, `bytes to ${path}`.replaceAll(' ', '-'))).toMatchObject({
        status: 400,
        body: { code: 'malformed-utf8' },
      });
    }
  });

  it('takes no two different bodies for one under an idempotency key', async () => {
    for (const name of ['Caf\xe9', 'Caf\xe8']) {
      expect(await sendBytes('/v1/partners', company(name), 'caf')).toMatchObject({
        status: 400,
        body: { code: 'malformed-utf8' },
      });
    }
    const recorded = await api.post('/v1/partners', company('Café'), { idempotencyKey: 'caf' });
    expect([recorded.status, recorded.headers['idempotency-replayed']]).toEqual([201, undefined]);
    const other = await api.post('/v1/partners', company('Cafè'), { idempotencyKey: 'caf' });
    expect(other.body).toMatchObject({ status: 422, code: 'idempotency-key-reused' });
  });

  it('refuses a name that stands twice, in a request, in a bulk and in a stream, with its place', async () => {
    const twice = '{"legalName":"First AB","legalName":"Second AB","country":"SE","legalForm":"company"}';
    for (const [path, text, pointer] of [
      ['/v1/partners', twice, '/legalName'],
      [
        '/v1/bulk',
        `{"commands":[{"key":"twice","method":"POST","path":"/v1/partners","body":${twice}}]}`,
        '/commands/0/body/legalName',
      ],
      ['/v1/usage', '{"records":[{"chipHours":100}],"records":[{"chipHours":7}]}', '/records'],
    ] as const) {
      const { body } = await api.post(path, text);
      expect(body).toMatchObject({ status: 400, code: 'name-repeated', errors: [{ pointer }] });
    }
  });

  it('refuses a number that would be recorded as another one, with its place', async () => {
    for (const [path, text, pointer] of [
      ['/v1/facilities', '{"chips":9007199254740993}', '/chips'],
      ['/v1/facilities', '{"chips":1e400}', '/chips'],
      [
        '/v1/bulk',
        '{"commands":[{"key":"n","method":"POST","path":"/v1/x","body":{"a":[1,0.10000000000000001]}}]}',
        '/commands/0/body/a/1',
      ],
      ['/v1/usage', '{"records":[{"chipHours":-0}]}', '/records/0/chipHours'],
    ] as const) {
      const { body } = await api.post(path, text);
      expect(body).toMatchObject({ status: 400, code: 'number-not-exact', errors: [{ pointer }] });
    }
  });

  it('records names in the composed form of Unicode, and finds them by both forms', async () => {
    const decomposed = 'Universite\u0301 de la Co\u0302te';
    const { body } = await api.must(api.post('/v1/partners', { ...COMPANY, legalName: decomposed }));
    const found = (await api.get(`/v1/partners/${body.id}?minPosition=${body.position}`)).body;
    expect(found.legalName).toBe('Universit\u00e9 de la C\u00f4te');
    for (const q of ['universit\u00e9', 'Universite\u0301', 'c\u00d4te']) {
      const list = (await api.get(`/v1/partners?q=${encodeURIComponent(q)}`)).body.data;
      expect(list.map(({ id }: { id: string }) => id)).toEqual([body.id]);
    }
    expect((await api.get('/v1/partners?q=Universite')).body.data).toEqual([]);
  });

  it('records the names of a bulk in the composed form as well', async () => {
    const command = (legalName: string) => ({
      key: 'composed',
      method: 'POST',
      path: '/v1/partners',
      body: { ...COMPANY, legalName },
    });
    const { body } = await api.must(api.post('/v1/bulk', { commands: [command('A\u030angstro\u0308m')] }));
    const { id, position } = body.outcomes[0].body;
    expect((await api.get(`/v1/partners/${id}?minPosition=${position}`)).body.legalName).toBe('\u00c5ngstr\u00f6m');
  });

  it('finds names that were recorded in the decomposed form before', async () => {
    const { body } = await api.must(api.post('/v1/partners', { ...COMPANY, legalName: 'Z\u00fcrich AG' }));
    await api.get(`/v1/partners/${body.id}?minPosition=${body.position}`);
    const client = new Client({ connectionString: api.databaseUrl });
    await client.connect();
    await client.query('update partners set legal_name = normalize(legal_name, NFD) where id = $1', [body.id]);
    await client.end();
    for (const q of ['z\u00fcrich', 'Zu\u0308rich']) {
      const list = (await api.get(`/v1/partners?q=${encodeURIComponent(q)}`)).body.data;
      expect(list.map(({ legalName }: { legalName: string }) => legalName)).toEqual(['Zu\u0308rich AG']);
    }
  });
});
