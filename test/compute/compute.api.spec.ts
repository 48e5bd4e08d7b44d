import { startTestApp, type SendOptions, type TestAnswer, type TestApp } from '../support/app.js';

const MODEL = 'GB300';
const FROM = '2030-01-01T00:00:00Z';
const TO = '2030-01-02T00:00:00Z';

describe('facilities and allocations over HTTP', () => {
  let api: TestApp;
  let panelKey: string;
  let boardKey: string;
  beforeAll(async () => {
    api = await startTestApp();
    panelKey = await api.keyFor(['panel']);
    boardKey = await api.keyFor(['board']);
  });
  afterAll(() => api.stop());

  const created = async (path: string, body: object, options?: SendOptions): Promise<string> =>
    String((await api.must(api.post(path, body, options))).body.id);
  const partner = (legalForm = 'company', country = 'PT') =>
    created('/v1/partners', { legalName: `A ${legalForm} in ${country}`, country, legalForm });
  const facility = async (chips: number, further: object = {}): Promise<string> => {
    const id = await created('/v1/facilities', { name: 'AI factory', country: 'PT', kind: 'ai-factory', ...further });
    const body = { chipModel: MODEL, chips, effectiveFrom: '2026-01-01' };
    await api.must(api.post(`/v1/facilities/${id}/capacity`, body));
    return id;
  };
  const grant = async (facilityId: string, category = 'sme', chipHours = 1_000_000): Promise<string> => {
    const partnerId = await partner();
    const classification = { category, basis: 'self-assessment', evidenceRef: 'E-1', effectiveFrom: '2026-01-01' };
    await api.must(api.post(`/v1/partners/${partnerId}/classifications`, classification));
    const callId = await created('/v1/access-calls', {
      ...{ facilityId, mode: 'large-scale', title: 'A call', chipHours: 100_000_000 },
      ...{ opensAt: '2020-01-01T00:00:00Z', closesAt: '2100-01-01T00:00:00Z' },
    });
    const request = { callId, partnerId, chipHours, sector: 'energy', purpose: 'To train a model.' };
    const id = await created('/v1/access-requests', request);
    const decision = {
      ...{ outcome: 'granted', chipHours, reasonCodes: ['score-above-threshold'] },
      ...(category === 'sme' ? { priceBasis: 'free', freeReason: 'sme-innovation' } : { priceBasis: 'pay-per-use' }),
      ...{ validFrom: '2030-01-01T00:00:00Z', validTo: '2031-01-01T00:00:00Z' },
    };
    await api.must(api.post(`/v1/access-requests/${id}/decision`, decision, { key: panelKey }));
    return id;
  };
  const allocate = (
    facilityId: string,
    grantId: string,
    chips: number,
    span: object = {},
    options?: SendOptions,
  ): Promise<TestAnswer> => {
    const body = { grantId, chipModel: MODEL, chips, from: FROM, to: TO, ...span };
    return api.post(`/v1/facilities/${facilityId}/allocations`, body, options);
  };

  it('registers a facility and shows it with its chips and quotas', async () => {
    const [operatorPartnerId, hostStatePartnerId] = [await partner('consortium'), await partner('member-state', 'FI')];
    const body = {
      ...{ name: 'Gigafactory North', country: 'FI', kind: 'ai-gigafactory', operatorPartnerId, hostStatePartnerId },
      ...{ capexMinor: '400000000000', currency: 'EUR', illustrative: true },
    };
    const made = await api.must(api.post('/v1/facilities', body));
    expect(made.status).toBe(201);
    const { id } = made.body;
    expect(made.headers['location']).toBe(`/v1/facilities/${id}`);
    const path = `/v1/facilities/${id}`;
    await api.must(api.post(`${path}/capacity`, { chipModel: MODEL, chips: 100, effectiveFrom: '2026-01-01' }));
    await api.must(api.post(`${path}/capacity`, { chipModel: 'later', chips: 7, effectiveFrom: '2090-01-01' }));
    await api.must(api.post(`${path}/retirements`, { chipModel: MODEL, chips: 10, effectiveFrom: '2026-01-02' }));
    const quota = { chipModel: MODEL, floors: { sme: 20 }, caps: { 'tech-giant': 5 }, reason: 'Decision 12/2026' };
    await api.must(api.post(`${path}/quota-policies`, { ...quota, effectiveFrom: '2026-02-01' }, { key: boardKey }));
    const { body: last } = await api.must(
      api.post(`${path}/quota-policies`, { ...quota, floors: {}, effectiveFrom: '2026-03-01' }, { key: boardKey }),
    );
    expect(last).toMatchObject({ id, revision: 5, version: 2 });
    const read = await api.get(`${path}?minPosition=${last.position}`);
    expect(read.headers).toMatchObject({ etag: '"5"', 'ledger-position': String(last.position) });
    expect(read.body).toEqual({
      ...body,
      ...{ id, revision: 5, unionMinor: '0', statesMinor: '0', source: null },
      operatorPartnerName: 'A consortium in PT',
      hostStatePartnerName: 'A member-state in FI',
      chips: [
        { chipModel: MODEL, installed: 90 },
        { chipModel: 'later', installed: 0 },
      ],
      quotaPolicies: [{ ...quota, floors: {}, version: 2, effectiveFrom: '2026-03-01T00:00:00Z' }],
    });
    const list = await api.get(`/v1/facilities?kind=ai-gigafactory&country=FI&minPosition=${last.position}`);
    expect(list.body.data.map((each: { id: string }) => each.id)).toEqual([id]);
  });

  it('refuses a facility with a company as its host, or with an unknown operator', async () => {
    const body = { name: 'Gigafactory', country: 'FI', kind: 'ai-gigafactory' };
    const hosted = await api.post('/v1/facilities', { ...body, hostStatePartnerId: await partner() });
    expect(hosted).toMatchObject({ status: 409, body: { code: 'host-not-a-state' } });
    const operatorPartnerId = '00000000-0000-4000-8000-000000000000';
    const run = await api.post('/v1/facilities', { ...body, operatorPartnerId });
    expect(run).toMatchObject({ status: 404, body: { code: 'unknown-partner' } });
  });

  it('allocates, releases and lists chips, and shows the free chips in steps', async () => {
    const id = await facility(100);
    const grantId = await grant(id);
    const made = await api.must(allocate(id, grantId, 60));
    expect(made).toMatchObject({ status: 201, headers: { location: `/v1/allocations?facilityId=${id}` } });
    const { allocationId } = made.body;
    const noon = '2030-01-01T12:00:00Z';
    const other = await api.must(allocate(id, grantId, 40, { from: noon }));
    const release = `/v1/facilities/${id}/allocations/${allocationId}/release`;
    const released = await api.must(api.post(release, { at: '2030-01-01T18:00:00Z' }));
    expect(released).toMatchObject({ status: 200, body: { id, allocationId, revision: 4 } });
    const again = await api.post(release, { at: '2030-01-01T15:00:00Z' });
    expect(again).toMatchObject({ status: 409, body: { code: 'allocation-already-released' } });
    const { position } = released.body;

    const list = await api.get(`/v1/allocations?grantId=${grantId}&minPosition=${position}`);
    expect(list.body.data).toMatchObject([
      { id: allocationId, facilityId: id, chips: 60, category: 'sme', mode: 'large-scale', from: FROM },
      { id: other.body.allocationId, chips: 40, from: noon, to: TO, releasedAt: null },
    ]);
    expect(list.body.data[0]).toMatchObject({ to: '2030-01-01T18:00:00Z', releaseReason: 'given-back' });

    const window = `from=2029-12-31&to=2030-01-03&chipModel=${MODEL}`;
    const capacity = await api.get(`/v1/facilities/${id}/capacity?${window}&minPosition=${position}`);
    const step = (from: string, to: string, allocated: number) => ({
      ...{ chipModel: MODEL, from, to, installed: 100, allocated, free: 100 - allocated },
    });
    expect(capacity.body).toEqual({
      ...{ facilityId: id, from: '2029-12-31T00:00:00Z', to: '2030-01-03T00:00:00Z' },
      steps: [
        step('2029-12-31T00:00:00Z', FROM, 0),
        step(FROM, noon, 60),
        step(noon, '2030-01-01T18:00:00Z', 100),
        step('2030-01-01T18:00:00Z', TO, 40),
        step(TO, '2030-01-03T00:00:00Z', 0),
      ],
    });
    expect(Number(capacity.headers['ledger-position'])).toBeGreaterThanOrEqual(position);
  });

  it('shows no step for a fully released allocation, for an unknown chip model, and before the first chips', async () => {
    const id = await facility(10);
    const grantId = await grant(id);
    const { allocationId } = (await api.must(allocate(id, grantId, 10))).body;
    const path = `/v1/facilities/${id}`;
    const { position } = (await api.must(api.post(`${path}/allocations/${allocationId}/release`, { at: FROM }))).body;
    const after = await api.get(`${path}/capacity?from=2029-12-31&to=2030-01-03&minPosition=${position}`);
    expect(after.body.steps).toEqual([
      {
        ...{ chipModel: MODEL, from: '2029-12-31T00:00:00Z', to: '2030-01-03T00:00:00Z' },
        ...{ installed: 10, allocated: 0, free: 10 },
      },
    ]);
    expect((await api.get(`${path}/capacity?chipModel=MI450`)).body.steps).toEqual([]);
    expect((await api.get(`${path}/capacity?from=2025-01-01&to=2025-02-01`)).body.steps).toEqual([]);
  });

  it('refuses an empty interval of capacity, and an unknown facility', async () => {
    const id = await facility(1);
    const empty = await api.get(`/v1/facilities/${id}/capacity?from=2030-01-01&to=2030-01-01`);
    expect(empty).toMatchObject({ status: 400, body: { code: 'empty-interval' } });
    const unknown = await api.get('/v1/facilities/00000000-0000-4000-8000-000000000000/capacity');
    expect(unknown).toMatchObject({ status: 404, body: { code: 'unknown-facility' } });
  });

  it('allocates the last chips to exactly one of 50 concurrent callers', async () => {
    const id = await facility(100);
    const grantId = await grant(id);
    await api.must(allocate(id, grantId, 92));
    const answers = await Promise.all(Array.from({ length: 50 }, () => allocate(id, grantId, 8)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status === 409);
    expect(refused).toHaveLength(49);
    expect(refused[0]?.body).toMatchObject({
      ...{ code: 'capacity-exceeded', rule: 'capacity', chipModel: MODEL, at: FROM },
      ...{ requested: 8, installed: 100, used: 100, available: 0 },
    });
  });

  it('refuses an allocation beyond a quota or a grant, and names the quota or the grant', async () => {
    const id = await facility(100);
    const path = `/v1/facilities/${id}/quota-policies`;
    const quota = { chipModel: MODEL, floors: { research: 30 }, caps: { sme: 50 }, reason: 'Decision 12/2026' };
    const byOperator = await api.post(path, { ...quota, effectiveFrom: '2026-01-01' });
    expect(byOperator).toMatchObject({ status: 403 });
    await api.must(api.post(path, { ...quota, effectiveFrom: '2026-01-01' }, { key: boardKey }));
    const [small, large] = [await grant(id), await grant(id, 'large-enterprise', 10_000)];
    expect(await allocate(id, small, 51)).toMatchObject({ status: 409, body: { code: 'quota-cap-exceeded', cap: 50 } });
    const protectedByFloors = 30;
    expect(await allocate(id, large, 71)).toMatchObject({
      ...{ status: 409, body: { code: 'quota-floor-protected', protectedByFloors } },
    });
    const long = { to: '2030-02-01T00:00:00Z' };
    expect(await allocate(id, large, 70, long)).toMatchObject({ status: 409, body: { code: 'grant-hours-exceeded' } });
    const early = { from: '2029-12-31T00:00:00Z' };
    expect(await allocate(id, large, 1, early)).toMatchObject({ status: 409, body: { code: 'outside-grant-period' } });
    const elsewhere = await facility(100);
    expect(await allocate(elsewhere, large, 1)).toMatchObject({
      ...{ status: 409, body: { code: 'grant-for-another-facility' } },
    });
    expect(await allocate(id, large, 70)).toMatchObject({ status: 201 });
  });

  it('releases the allocations of a revoked grant, and refuses further allocations under it', async () => {
    const id = await facility(100);
    const grantId = await grant(id);
    await api.must(allocate(id, grantId, 100));
    const revocation = await api.must(
      api.post(`/v1/grants/${grantId}/revocation`, { reasonCodes: ['terms-violated'] }, { key: panelKey }),
    );
    const list = await api.get(`/v1/allocations?facilityId=${id}&minPosition=${revocation.body.position}`);
    expect(list.body.data).toMatchObject([{ from: FROM, to: FROM, releaseReason: 'grant-revoked' }]);
    expect(await allocate(id, grantId, 1)).toMatchObject({ status: 409, body: { code: 'grant-revoked' } });
    expect(await allocate(id, await grant(id), 100)).toMatchObject({ status: 201 });
  });

  it('lets only the keys of its operator change and see a facility', async () => {
    const [operatorPartnerId, otherPartnerId] = [await partner('consortium'), await partner('consortium')];
    const id = await facility(100, { operatorPartnerId });
    const grantId = await grant(id);
    const [key, strangerKey] = [
      await api.keyFor(['facility'], operatorPartnerId),
      await api.keyFor(['facility', 'partner'], otherPartnerId),
    ];
    const path = `/v1/facilities/${id}`;
    const change = { chipModel: MODEL, chips: 1, effectiveFrom: '2026-01-01' };
    const refused = await Promise.all([
      api.post(`${path}/capacity`, change, { key: strangerKey }),
      api.post(`${path}/retirements`, change, { key: strangerKey, headers: { 'if-match': '"0"' } }),
      allocate(id, grantId, 1, {}, { key: strangerKey }),
    ]);
    expect(refused.map(({ status, body }) => [status, body.code])).toEqual([
      [403, 'not-own'],
      [403, 'not-own'],
      [403, 'not-own'],
    ]);
    await api.must(api.post(`${path}/capacity`, change, { key }));
    const { position, allocationId } = (await api.must(allocate(id, grantId, 5, {}, { key }))).body;

    const seen = (await api.get(`/v1/facilities?minPosition=${position}`, { key })).body.data;
    expect(seen.map((each: { id: string }) => each.id)).toEqual([id]);
    const allocations = (await api.get('/v1/allocations', { key })).body.data;
    expect(allocations.map((each: { id: string }) => each.id)).toEqual([allocationId]);
    const holderKey = await api.keyFor(['partner'], allocations[0].partnerId);
    expect((await api.get('/v1/allocations', { key: holderKey })).body.data).toEqual(allocations);

    expect((await api.get('/v1/facilities', { key: strangerKey })).body.data).toEqual([]);
    expect((await api.get('/v1/allocations', { key: strangerKey })).body.data).toEqual([]);
    expect((await api.get(path, { key: strangerKey })).status).toBe(404);
    expect((await api.get(`${path}/capacity`, { key: strangerKey })).status).toBe(404);
    const release = await api.post(`${path}/allocations/${allocationId}/release`, { at: FROM }, { key: strangerKey });
    expect(release.status).toBe(403);
  });
});
