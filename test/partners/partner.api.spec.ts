import { startTestApp, type TestApp } from '../support/app.js';

const COMPANY = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };

describe('partners over HTTP', () => {
  let api: TestApp;
  beforeAll(async () => {
    api = await startTestApp();
  });
  afterAll(() => api.stop());

  const register = async (body: object = COMPANY): Promise<string> =>
    String((await api.must(api.post('/v1/partners', body))).body.id);

  it('registers a partner and shows it to a reader that waits for the position', async () => {
    const made = await api.must(api.post('/v1/partners', COMPANY));
    expect(made.status).toBe(201);
    expect(made.headers).toMatchObject({ etag: '"0"', location: `/v1/partners/${made.body.id}` });
    expect(made.headers['ledger-position']).toBe(String(made.body.position));
    const read = await api.get(`/v1/partners/${made.body.id}?minPosition=${made.body.position}`);
    expect(read.body).toMatchObject({
      ...COMPANY,
      id: made.body.id,
      category: null,
      partnerKind: 'private',
      revision: 0,
    });
    expect(Number(read.headers['ledger-position'])).toBeGreaterThanOrEqual(made.body.position);
  });

  it('records an affiliation and its end, each as one event that readers then see', async () => {
    const [id, other] = [await register(), await register()];
    const shown = async (position: number) => {
      const { body } = await api.get(`/v1/partners/${id}?minPosition=${position}`);
      const [event] = (await api.get(`/v1/events?after=${position - 1}&limit=1`, { key: null })).body.data;
      return { partner: body, event };
    };
    const share = { otherPartnerId: other, kind: 'linked', percent: 60, effectiveFrom: '2020-01-01' };
    const recorded = await api.must(api.post(`/v1/partners/${id}/affiliations`, share));
    const after = await shown(recorded.body.position);
    expect(after.event).toMatchObject({ type: 'affiliation-recorded', stream: `partner-${id}`, data: share });
    expect(after.partner).toMatchObject({ revision: 1, affiliations: [share] });
    const end = { otherPartnerId: other, effectiveFrom: '2020-03-01' };
    const ended = await api.must(api.post(`/v1/partners/${id}/affiliation-ends`, end));
    const last = await shown(ended.body.position);
    expect(last.event).toMatchObject({ type: 'affiliation-ended', stream: `partner-${id}`, data: end });
    expect(last.partner).toMatchObject({ revision: 2, affiliations: [] });
  });

  it('replays the answer of a repeated command, and executes the command once', async () => {
    const first = await api.post('/v1/partners', COMPANY, { idempotencyKey: 'once' });
    const again = await api.post('/v1/partners', COMPANY, { idempotencyKey: 'once' });
    expect(again.body).toEqual(first.body);
    expect(again.status).toBe(first.status);
    expect(again.headers['idempotency-replayed']).toBe('true');
    const other = await api.post('/v1/partners', { ...COMPANY, country: 'FI' }, { idempotencyKey: 'once' });
    expect(other.status).toBe(422);
    expect(other.body.code).toBe('idempotency-key-reused');
  });

  it('executes one of many concurrent duplicates', async () => {
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => api.post('/v1/partners', COMPANY, { idempotencyKey: 'concurrent' })),
    );
    const recorded = answers.filter(({ status }) => status === 201);
    expect(recorded.length).toBeGreaterThan(0);
    expect(new Set(recorded.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.every(({ status, body }) => status === 201 || body.code === 'command-in-progress')).toBe(true);
  });

  it('replays a refusal word for word, permanently', async () => {
    const id = await register();
    const classification = { category: 'start-up', basis: 'GBER', evidenceRef: 'E-1', effectiveFrom: '2026-01-01' };
    const old = await register({ ...COMPANY, registeredOn: '2001-01-01' });
    const refused = await api.post(`/v1/partners/${old}/classifications`, classification, {
      idempotencyKey: 'refused',
    });
    expect(refused.status).toBe(409);
    const again = await api.post(`/v1/partners/${old}/classifications`, classification, { idempotencyKey: 'refused' });
    expect(again.body).toEqual(refused.body);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect((await api.post(`/v1/partners/${id}/classifications`, classification)).status).toBe(200);
  });

  it('accepts the current revision in If-Match and refuses another one with 412', async () => {
    const id = await register();
    const classification = {
      category: 'sme',
      basis: 'Recommendation',
      evidenceRef: 'E-1',
      effectiveFrom: '2026-01-01',
    };
    const stale = await api.post(`/v1/partners/${id}/classifications`, classification, {
      headers: { 'if-match': '"4"' },
      idempotencyKey: 'if-match',
    });
    expect(stale.status).toBe(412);
    const path = `/v1/partners/${id}/classifications`;
    const fresh = await api.post(path, classification, { headers: { 'if-match': '"0"' }, idempotencyKey: 'if-match' });
    expect(fresh.status).toBe(200);
    // The retry names an earlier revision, but it is the same command.
    const retried = await api.post(path, classification, {
      headers: { 'if-match': '"0"' },
      idempotencyKey: 'if-match',
    });
    expect(retried.body).toEqual(fresh.body);
  });

  it('accepts the revision as a proxy that compresses answers writes it, and refuses what is no tag of the ledger', async () => {
    const id = await register();
    const change = { category: 'sme', basis: 'Recommendation', evidenceRef: 'E-1', effectiveFrom: '2026-01-01' };
    const under = (tag: string) =>
      api.post(`/v1/partners/${id}/classifications`, change, { headers: { 'if-match': tag } });
    expect((await under('W/"4"')).status).toBe(412);
    for (const tag of ['"0-gzip"', '"0", "1"', '0']) {
      expect(await under(tag)).toMatchObject({ status: 400, body: { code: 'malformed-if-match' } });
    }
    expect((await under('W/"0"')).status).toBe(200);
  });

  it('pages through a filtered list with a cursor that contains the query', async () => {
    for (let index = 0; index < 5; index += 1)
      await register({ ...COMPANY, country: 'PT', legalName: `Lisboa ${index}` });
    const last = await register({ ...COMPANY, country: 'PT', legalName: 'Porto' });
    const { position } = (await api.post('/v1/partners', COMPANY)).body;
    const first = await api.get(`/v1/partners?country=PT&limit=4&minPosition=${position}`);
    expect(first.body.data).toHaveLength(4);
    expect(first.headers['link']).toContain('rel="next"');
    const second = await api.get(`/v1/partners?cursor=${first.body.next}`);
    expect(second.body.data.map((row: { country: string }) => row.country)).toEqual(['PT', 'PT']);
    expect(second.body.data.at(-1).id).toBe(last);
    expect(second.body.next).toBeNull();
  });

  it('lists partners as CSV', async () => {
    const answer = await api.get('/v1/partners.csv?country=PT&limit=2');
    expect(answer.headers['content-type']).toContain('text/csv');
    expect(answer.text.split('\n')[0]).toContain('legalName');
  });

  it.each([
    ['no Idempotency-Key', { idempotencyKey: null }, COMPANY, 428, 'idempotency-key-required'],
    ['no credential', { key: null }, COMPANY, 401, 'unauthenticated'],
    ['a wrong credential', { key: 'nonsense' }, COMPANY, 401, 'unauthenticated'],
    ['an unknown field', {}, { ...COMPANY, colour: 'blue' }, 422, 'invalid-content'],
    ['broken JSON', {}, '{"legalName":', 400, 'malformed-json'],
    ['a list for a body', {}, [], 400, 'malformed-json'],
    ['a body that is nested too deep', {}, '['.repeat(20_000) + ']'.repeat(20_000), 422, 'json-too-deep'],
    ['a body that is too large', {}, { ...COMPANY, legalName: 'x'.repeat(1_100_000) }, 413, 'body-too-large'],
  ])('refuses %s with a problem that names the remedy', async (_what, options, body, status, code) => {
    const answer = await api.post('/v1/partners', body, options);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status, code, instance: '/v1/partners' });
    expect(answer.status).toBe(status);
  });

  it('lets a key that is bound to a partner see only that partner', async () => {
    const [own, other] = [await register(), await register()];
    const { position } = (await api.post('/v1/partners', COMPANY)).body;
    const key = await api.keyFor(['partner'], own);
    const list = await api.get(`/v1/partners?minPosition=${position}`, { key });
    expect(list.body.data.map(({ id }: { id: string }) => id)).toEqual([own]);
    expect((await api.get(`/v1/partners/${other}`, { key })).status).toBe(404);
    expect((await api.post('/v1/partners', COMPANY, { key })).status).toBe(403);
  });

  it('refuses a key after its revocation', async () => {
    const { body } = await api.must(api.post('/v1/api-keys', { name: 'Auditor', roles: ['auditor'] }));
    expect((await api.get('/v1/partners', { key: body.key })).status).toBe(200);
    await api.must(api.post(`/v1/api-keys/${body.id}/revocation`));
    expect((await api.get('/v1/partners', { key: body.key })).status).toBe(401);
  });

  it('lists the history by position, stream and type', async () => {
    const id = await register();
    const all = await api.get('/v1/events?after=0&limit=3', { key: null });
    expect(all.body.data.map(({ position }: { position: number }) => position)).toEqual([1, 2, 3]);
    const stream = await api.get(`/v1/events?stream=partner-${id}`, { key: null });
    expect(stream.body.data).toHaveLength(1);
    const { position } = stream.body.data[0];
    const keys = await api.get(`/v1/events?type=api-key-issued&minPosition=${position}`, { key: null });
    expect(keys.body.data.length).toBeGreaterThan(0);
    const { log, ...event } = (await api.get(`/v1/events/${stream.body.data[0].id}`, { key: null })).body;
    expect(event).toEqual(stream.body.data[0]);
    expect(log).toMatchObject({ of: 0 });
  });
});
