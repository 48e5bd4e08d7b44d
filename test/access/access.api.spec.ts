import { Projector } from '../../src/ledger/projector/projector.js';
import { createPool } from '../../src/platform/database/database.js';
import { classify, DENIED, GRANTED, NOW, startProgramme, type Programme } from './programme.js';

const NOWHERE = '00000000-0000-4000-8000-000000000000';

let programme: Programme;
beforeAll(async () => {
  programme = await startProgramme();
});
afterAll(() => programme.ledger.stop());

const idsOf = (answer: { body: { data: { id: string }[] } }): string[] => answer.body.data.map(({ id }) => id);

describe('an access call', () => {
  it('is shown as it was opened, with its status by the clock', async () => {
    const { call, facility, read } = programme;
    const facilityId = await facility();
    const spans = {
      announced: { opensAt: '2026-06-15T12:00:00.001Z', closesAt: '2026-07-01' },
      open: { opensAt: NOW, closesAt: '2026-06-15T12:00:00.001Z' },
      closed: { opensAt: '2026-06-01', closesAt: NOW },
    };
    for (const [status, span] of Object.entries(spans)) {
      const id = await call(facilityId, { ...span, mode: 'fast-lane' });
      expect((await read(`/v1/access-calls/${id}`)).body).toMatchObject({ id, facilityId, mode: 'fast-lane', status });
      expect(idsOf(await read(`/v1/access-calls?facilityId=${facilityId}&status=${status}`))).toEqual([id]);
    }
  });

  it('can be opened for an AI gigafactory after its hosting state has signed money for it', async () => {
    const { ledger, facility, partner, call, made } = programme;
    const body = { mode: 'regular', title: 'Call', opensAt: '2026-01-01', closesAt: '2027-01-01', chipHours: 1 };
    const kind = { kind: 'ai-gigafactory', capexMinor: '100000', currency: 'EUR' };
    const unhosted = await facility(kind);
    const unknown = await ledger.post('/v1/access-calls', { ...body, facilityId: unhosted });
    expect(unknown).toMatchObject({
      status: 409,
      body: { code: 'host-state-unknown', facilityId: unhosted },
    });

    const hostStatePartnerId = await partner({ legalForm: 'member-state', category: null });
    const facilityId = await facility({ ...kind, hostStatePartnerId });
    const refused = await ledger.post('/v1/access-calls', { ...body, facilityId });
    expect(refused).toMatchObject({ status: 409, body: { code: 'host-state-not-committed', hostStatePartnerId } });

    const fundId = await made('/v1/funds', { name: 'Fund', currency: 'EUR', targetMinor: '1000000' });
    const tranche = { rank: 1, kind: 'senior', capMinor: '1000000' };
    const { trancheId } = (await ledger.must(ledger.post(`/v1/funds/${fundId}/tranches`, tranche))).body;
    const pledge = { fundId, trancheId, partnerId: hostStatePartnerId, facilityId, amountMinor: '1', currency: 'EUR' };
    const commitmentId = await made('/v1/commitments', { ...pledge, kind: 'capex' });
    expect((await ledger.post('/v1/access-calls', { ...body, facilityId })).status).toBe(409);
    await ledger.must(ledger.post(`/v1/commitments/${commitmentId}/signature`, { signedOn: '2026-01-01' }));
    expect(await call(facilityId)).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('an access request', () => {
  it('is submitted, checked and granted, and its confidential texts are not in the public record', async () => {
    const { ledger, panelKey, partner, facility, call, read } = programme;
    const partnerId = await partner();
    const callId = await call(await facility());
    const key = await ledger.keyFor(['partner'], partnerId);
    const confidential = { purpose: 'Segmentation of rare\ntumours.', contact: 'Desk, access@example.eu' };
    const submitted = await programme.request(callId, partnerId, confidential, { key });
    expect(submitted).toMatchObject({ status: 201, body: { revision: 0 }, headers: { etag: '"0"' } });
    const { id } = submitted.body;
    const path = `/v1/access-requests/${id}`;
    expect(submitted.headers['location']).toBe(path);

    const check = { eligible: true, reasonCodes: ['established-in-member-state'] };
    expect(await ledger.post(`${path}/eligibility`, check, { key: panelKey })).toMatchObject({ status: 200 });
    const decided = await programme.decide(id, { chipHours: 30_000 });
    expect(decided).toMatchObject({ status: 200, body: { id, revision: 2 } });

    const application = { id, callId, partnerId, ultimateParentId: partnerId, category: 'sme', country: 'FR' };
    const { body, headers } = await read(path, { key: panelKey });
    expect(headers['etag']).toBe('"2"');
    expect(body).toMatchObject({
      ...application,
      ...confidential,
      status: 'granted',
      eligibility: 'eligible',
      submittedAt: NOW,
      decidedAt: NOW,
      chipHoursRequested: 40_000,
      chipHoursGranted: 30_000,
    });
    const { validFrom, validTo, priceBasis, reasonCodes } = GRANTED;
    expect((await read(`/v1/grants/${id}`, { key })).body).toMatchObject({
      ...application,
      status: 'granted',
      chipHours: 30_000,
      validFrom,
      validTo,
      priceBasis,
      reasonCodes,
      chipHoursAllocated: 0,
      chipHoursUsed: 0,
      revision: 2,
    });
    const events = await ledger.get(`/v1/events?stream=access-request-${id}`);
    expect(events.body.data).toHaveLength(3);
    expect(events.text).not.toMatch(/tumours|access@example/);
  });

  it('counts under the category, country and parent at the instant of its submission', async () => {
    const { ledger, partner, facility, call, read } = programme;
    const callId = await call(await facility());
    const [applicant, acquirer] = [await partner({ category: 'start-up' }), await partner({ category: 'tech-giant' })];
    const acquisition = { acquirerId: acquirer, effectiveFrom: '2026-05-01' };
    await ledger.must(ledger.post(`/v1/partners/${applicant}/acquisitions`, acquisition));
    await classify(programme, applicant, 'tech-giant', '2026-05-01');
    const before = await programme.request(callId, applicant, { effectiveAt: '2026-04-30T23:59:59Z' });
    const after = await programme.request(callId, applicant);
    expect((await read(`/v1/access-requests/${before.body.id}`)).body).toMatchObject({
      category: 'start-up',
      ultimateParentId: applicant,
      submittedAt: '2026-04-30T23:59:59Z',
    });
    expect((await read(`/v1/access-requests/${after.body.id}`)).body).toMatchObject({
      category: 'tech-giant',
      ultimateParentId: acquirer,
      submittedAt: NOW,
    });
  });

  it('is refused for a partner without a category, outside the call and above the limit of the fast lane', async () => {
    const { ledger, partner, facility, call, request } = programme;
    const facilityId = await facility();
    const limits = {
      policy: 'access-modes',
      value: { 'fast-lane': { chipHoursMax: 50_000 } },
      reason: 'Decision 4/2026',
    };
    const board = await ledger.keyFor(['board']);
    await ledger.must(ledger.post('/v1/policies', { ...limits, effectiveFrom: '2026-01-01' }, { key: board }));
    const lane = await call(facilityId, { mode: 'fast-lane' });
    const closed = await call(facilityId, { closesAt: NOW });
    const [unclassified, sme] = [await partner({ category: null }), await partner()];
    expect(await request(lane, unclassified)).toMatchObject({ status: 409, body: { code: 'category-missing' } });
    expect(await request(closed, sme)).toMatchObject({ status: 409, body: { code: 'call-not-open', closesAt: NOW } });
    expect((await request(lane, sme, { chipHours: 50_000 })).status).toBe(201);
    const above = await request(lane, sme, { chipHours: 50_001 });
    expect(above).toMatchObject({ status: 409, body: { code: 'chip-hours-above-mode-limit', chipHoursMax: 50_000 } });
    expect(await request(NOWHERE, sme)).toMatchObject({ status: 404, body: { code: 'unknown-access-call' } });
    expect(await request(lane, NOWHERE)).toMatchObject({ status: 404, body: { code: 'unknown-partner' } });
  });

  it('is never decided by its own submitter, and never decided twice', async () => {
    const { ledger, partner, facility, call, request, decide } = programme;
    const [callId, partnerId] = [await call(await facility()), await partner()];
    const both = await ledger.keyFor(['operator', 'panel']);
    const { id } = (await ledger.must(request(callId, partnerId, {}, { key: both }))).body;
    const check = { eligible: true, reasonCodes: ['established-in-member-state'] };
    const eligibility = await ledger.post(`/v1/access-requests/${id}/eligibility`, check, { key: both });
    expect(eligibility).toMatchObject({ status: 403, body: { code: 'own-request' } });
    expect(await decide(id, {}, { key: both })).toMatchObject({ status: 403, body: { code: 'own-request' } });
    const applicant = await ledger.keyFor(['partner'], partnerId);
    expect((await decide(id, {}, { key: applicant })).status).toBe(403);

    const deciders = [await ledger.keyFor(['panel']), await ledger.keyFor(['panel'])];
    const answers = await Promise.all(
      deciders.map((key) => ledger.post(`/v1/access-requests/${id}/decision`, DENIED, { key })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('request-already-decided');
    expect((await ledger.get(`/v1/grants/${id}`)).status).toBe(404);
  });

  it('is granted to an applicant from a third country only while the policy lists the country (12b(15)(a))', async () => {
    const { ledger, partner, facility, call, request, decide } = programme;
    const partnerId = await partner({ country: 'NO' });
    const { id } = (await ledger.must(request(await call(await facility()), partnerId))).body;
    const refused = await decide(id);
    expect(refused).toMatchObject({ status: 409, body: { code: 'country-not-eligible', country: 'NO' } });
    const policy = {
      policy: 'associated-countries',
      value: ['NO'],
      effectiveFrom: '2026-01-01',
      reason: 'Agreements.',
    };
    await ledger.must(ledger.post('/v1/policies', policy, { key: await ledger.keyFor(['board']) }));
    expect((await decide(id)).status).toBe(200);
  });

  it('can be withdrawn only by its applicant', async () => {
    const { ledger, partner, facility, call, request, read } = programme;
    const [callId, own, other] = [await call(await facility()), await partner(), await partner()];
    const { id } = (await ledger.must(request(callId, own))).body;
    const withdraw = (key: string, headers = {}) =>
      ledger.post(`/v1/access-requests/${id}/withdrawal`, { reason: 'Funded otherwise.' }, { key, headers });
    // A stale If-Match is 412 for the applicant. A stranger gets 403, which does not show that the request has changed.
    const stranger = await withdraw(await ledger.keyFor(['partner'], other), { 'if-match': '"7"' });
    expect(stranger).toMatchObject({ status: 403, body: { code: 'not-own' } });
    const ownKey = await ledger.keyFor(['partner'], own);
    expect((await withdraw(ownKey, { 'if-match': '"7"' })).status).toBe(412);
    expect((await withdraw(ownKey, { 'if-match': '"0"' })).status).toBe(200);
    const { body } = await read(`/v1/access-requests/${id}`);
    expect(body).toMatchObject({ status: 'withdrawn', withdrawalReason: 'Funded otherwise.', withdrawnAt: NOW });
    const foreign = await request(callId, other, {}, { key: ownKey });
    expect(foreign).toMatchObject({ status: 403, body: { code: 'not-own' } });
  });

  it('waits beside no more requests of its partner than a policy allows, by the key of the partner', async () => {
    const { ledger, partner, facility, call, request, made } = programme;
    const partnerId = await partner();
    const callId = await call(await facility());
    const key = await ledger.keyFor(['partner'], partnerId);
    const quota = { policy: 'open-requests-per-partner', value: { max: 1 }, effectiveFrom: '2026-01-01', reason: 'r' };
    await made('/v1/policies', quota, { key: await ledger.keyFor(['board']) });
    const first = await ledger.must(request(callId, partnerId, {}, { key }));
    expect(await request(callId, partnerId, {}, { key })).toMatchObject({
      status: 409,
      body: { code: 'partner-quota-reached', open: 1, limit: 1, policyVersion: 1 },
    });
    await ledger.must(ledger.post(`/v1/access-requests/${first.body.id}/withdrawal`, {}, { key }));
    await ledger.must(request(callId, partnerId, {}, { key }));
    await ledger.must(request(callId, partnerId));
    const most = { ...quota, value: { max: 10_000 } };
    await made('/v1/policies', most, { key: await ledger.keyFor(['board']) });
    await ledger.must(request(callId, partnerId, {}, { key }));
  });

  it('can be recorded late only by the operator and the panel', async () => {
    const { ledger, partner, facility, call, request, decide, read } = programme;
    const [callId, partnerId] = [await call(await facility()), await partner()];
    const key = await ledger.keyFor(['partner'], partnerId);
    const late = { effectiveAt: '2026-02-03T04:05:06Z' };
    const refused = await request(callId, partnerId, late, { key });
    expect(refused).toMatchObject({ status: 403, body: { code: 'late-recording-not-allowed' } });
    const { id } = (await ledger.must(request(callId, partnerId, late))).body;
    expect(await decide(id, { effectiveAt: '2026-02-03T04:05:05Z' })).toMatchObject({
      status: 409,
      body: { code: 'effective-too-early' },
    });
    await ledger.must(decide(id, { effectiveAt: '2026-02-05T00:00:00Z' }));
    expect((await read(`/v1/grants/${id}`)).body.decidedAt).toBe('2026-02-05T00:00:00Z');
    const events = await ledger.get(`/v1/events?stream=access-request-${id}`);
    expect(events.body.data.map((event: { effectiveAt: string }) => event.effectiveAt)).toEqual([
      '2026-02-03T04:05:06Z',
      '2026-02-05T00:00:00Z',
    ]);
  });

  it('is refused with a pointer to each wrong field', async () => {
    const { ledger, panelKey } = programme;
    const empty = await ledger.post('/v1/access-requests', {});
    const pointers = empty.body.errors.map((error: { pointer: string }) => error.pointer).sort();
    expect([empty.status, pointers]).toEqual([422, ['/callId', '/chipHours', '/partnerId', '/purpose', '/sector']]);
    const path = `/v1/access-requests/${NOWHERE}/decision`;
    const misspelt = await ledger.post(path, { ...GRANTED, reason: 'none' }, { key: panelKey });
    expect(misspelt).toMatchObject({ status: 422, body: { errors: [{ pointer: '/reason' }] } });
    const none = await ledger.post(path, { ...GRANTED, reasonCodes: [] }, { key: panelKey });
    expect(none).toMatchObject({ status: 422, body: { errors: [{ pointer: '/reasonCodes' }] } });
    expect((await ledger.post(path, GRANTED, { key: panelKey })).status).toBe(404);
  });
});

describe('a grant', () => {
  it('loses the later parts of its allocations at its revocation', async () => {
    const { ledger, panelKey, partner, facility, call, grant, allocate, read } = programme;
    const [facilityId, partnerId] = [await facility(), await partner()];
    const id = await grant(await call(facilityId), partnerId, 100_000);
    const past = await allocate(facilityId, id, { from: '2026-05-01T00:00:00Z', to: '2026-06-01T00:00:00Z' });
    const running = await allocate(facilityId, id);
    const future = await allocate(facilityId, id, { from: '2026-08-01T00:00:00Z', to: '2026-09-01T00:00:00Z' });
    const revocation = { reasonCodes: ['conditions-breached'] };
    const revoked = await ledger.post(`/v1/grants/${id}/revocation`, revocation, { key: panelKey });
    expect(revoked).toMatchObject({ status: 200, body: { id, releasedAllocations: 2 } });

    const { body } = await read(`/v1/usage?grantId=${id}`);
    const ends = body.data.map((row: { id: string; to: string }) => [row.id, row.to]);
    expect(ends).toEqual([
      [past, '2026-06-01T00:00:00Z'],
      [running, NOW],
      [future, '2026-08-01T00:00:00Z'],
    ]);
    expect((await read(`/v1/grants/${id}`)).body).toMatchObject({
      status: 'revoked',
      revokedAt: NOW,
      revocationReasonCodes: ['conditions-breached'],
      chipHoursAllocated: 10 * 24 * 31 + 10 * (14 * 24 + 12),
    });
    const again = await ledger.post(`/v1/grants/${id}/revocation`, revocation, { key: panelKey });
    expect(again).toMatchObject({ status: 409, body: { code: 'grant-already-revoked' } });
    const further = {
      grantId: id,
      chipModel: 'GB300',
      chips: 1,
      from: '2026-10-01T00:00:00Z',
      to: '2026-11-01T00:00:00Z',
    };
    const refused = await ledger.post(`/v1/facilities/${facilityId}/allocations`, further);
    expect(refused).toMatchObject({ status: 409, body: { code: 'grant-revoked' } });
  });

  it('takes its hours from the budget of the call, and returns at its revocation what is not allocated', async () => {
    const { ledger, partner, facility, call, request, decide, grant, allocate, read, panelKey } = programme;
    const [partnerId, facilityId] = [await partner(), await facility()];
    const callId = await call(facilityId, { chipHours: 50_000 });
    const first = await grant(callId, partnerId, 40_000);
    const { body } = await ledger.must(request(callId, partnerId, { chipHours: 20_000 }));
    expect(await decide(body.id, { chipHours: 10_001 })).toMatchObject({
      ...{ status: 409, body: { code: 'call-budget-exceeded', offered: 50_000, granted: 40_000, left: 10_000 } },
    });
    await ledger.must(decide(body.id, { chipHours: 10_000 }));
    expect((await read(`/v1/access-calls/${callId}`)).body).toMatchObject({
      chipHours: 50_000,
      chipHoursGranted: 50_000,
    });
    // The revocation at noon of 15 June keeps 12 hours of that day.
    await allocate(facilityId, first, { from: '2026-06-15T00:00:00Z', to: '2026-06-16T00:00:00Z', chips: 10 });
    const path = `/v1/grants/${first}/revocation`;
    await ledger.must(ledger.post(path, { reasonCodes: ['misuse'] }, { key: panelKey }));
    expect((await read(`/v1/access-calls/${callId}`)).body).toMatchObject({ chipHoursGranted: 10_120 });
  });

  it('states on what conditions it gives access, and is found by them', async () => {
    const { ledger, partner, facility, call, request, decide, grant, read } = programme;
    const [giant, callId] = [await partner({ category: 'tech-giant' }), await call(await facility())];
    const own = await grant(callId, await partner());
    const { body } = await ledger.must(request(callId, giant));
    const refused = await decide(body.id, { freeReason: 'sme-innovation' });
    expect(refused).toMatchObject({ status: 409, body: { code: 'free-reason-not-met', category: 'tech-giant' } });
    const terms = {
      freeReason: 'eu-funded',
      freeEvidenceRef: 'file 7',
      funding: { programme: 'HE', grantNumber: '101092269' },
      sealOfExcellenceRef: 'SOE-1',
      use: 'non-commercial',
      class: 'strategic',
    };
    await ledger.must(decide(body.id, terms));
    expect((await read(`/v1/grants/${body.id}`)).body).toMatchObject({ ...terms, poolId: null });
    const listed = async (filter: string) => idsOf(await read(`/v1/grants?callId=${callId}&${filter}`));
    expect(await listed('freeReason=eu-funded')).toEqual([body.id]);
    expect(await listed('priceBasis=free&mode=regular')).toEqual([own, body.id]);
    expect(await listed('priceBasis=pay-per-use')).toEqual([]);
    expect(await listed(`pool=${NOWHERE}`)).toEqual([]);
    const wrong = await decide(body.id, { ...terms, funding: { programme: 'ERDF', grantNumber: '1' } });
    expect(wrong).toMatchObject({ status: 422, body: { errors: [{ pointer: '/funding/programme' }] } });
  });

  it('is listed in the order of the decisions, in pages and as CSV', async () => {
    const { ledger, partner, facility, call, request, decide, read } = programme;
    const [callId, partnerId] = [await call(await facility()), await partner()];
    const requests: string[] = [];
    for (let index = 0; index < 4; index += 1) {
      requests.push(String((await ledger.must(request(callId, partnerId))).body.id));
    }
    const [first = '', second = '', third = '', fourth = ''] = requests;
    for (const id of [third, first, fourth]) await ledger.must(decide(id));
    const page = await read(`/v1/grants?callId=${callId}&limit=2`);
    expect(idsOf(page)).toEqual([third, first]);
    expect(idsOf(await ledger.get(`/v1/grants?cursor=${page.body.next}`))).toEqual([fourth]);
    expect(idsOf(await read(`/v1/access-requests?callId=${callId}&status=submitted`))).toEqual([second]);
    expect(idsOf(await read(`/v1/access-requests?partnerId=${partnerId}&category=sme`))).toEqual(requests);
    const csv = await read(`/v1/access-requests.csv?callId=${callId}`);
    expect(csv.text.split('\n')[0]).toMatch(/^id,callId,callTitle,facilityId,facilityName,mode,partnerId,partnerName/);
  });
});

describe('a credential that is bound to a partner', () => {
  it('sees as partner its own requests, grants and usage, and as operator the records of its facilities', async () => {
    const { ledger, partner, facility, call, grant, allocate, read } = programme;
    const [operator, ours, theirs] = [await partner(), await partner(), await partner()];
    const [run, elsewhere] = [await facility({ operatorPartnerId: operator }), await facility()];
    const [callHere, callThere] = [await call(run), await call(elsewhere)];
    const here = await grant(callHere, ours);
    const there = await grant(callThere, theirs);
    const byOperator = await grant(callThere, operator);
    const usedHere = await allocate(run, here);
    await allocate(elsewhere, there);
    const keys = {
      ours: await ledger.keyFor(['partner'], ours),
      operator: await ledger.keyFor(['facility'], operator),
      both: await ledger.keyFor(['partner', 'facility'], operator),
    };
    const seen = async (key: string) => [
      idsOf(await read('/v1/access-requests', { key })),
      idsOf(await read('/v1/grants', { key })),
      idsOf(await read('/v1/usage', { key })),
    ];
    expect(await seen(keys.ours)).toEqual([[here], [here], [usedHere]]);
    expect(await seen(keys.operator)).toEqual([[here], [here], [usedHere]]);
    expect(await seen(keys.both)).toEqual([[here, byOperator], [here, byOperator], [usedHere]]);

    const path = `/v1/access-requests/${here}`;
    expect((await read(path, { key: keys.ours })).body.purpose).toBe('Training.');
    expect((await read(path, { key: keys.operator })).body).toMatchObject({ id: here, purpose: null, contact: null });
    for (const list of ['access-requests', 'grants']) {
      const missing = await read(`/v1/${list}/${there}`, { key: keys.operator });
      expect([list, missing.status]).toEqual([list, 404]);
    }
    const filtered = await read(`/v1/access-requests?partnerId=${theirs}`, { key: keys.ours });
    expect(filtered.body.data).toEqual([]);
  });
});

describe('the rows of access', () => {
  it('are the same when they are rebuilt from the first event', async () => {
    const { ledger, read } = programme;
    await read('/v1/usage');
    const pool = createPool({ databaseUrl: ledger.databaseUrl, log: { warn: () => undefined } });
    const rowsOf = async () => {
      const tables = ['access_facilities', 'access_calls', 'access_requests', 'allocation_usage'];
      return Promise.all(tables.map(async (table) => (await pool.query(`select * from ${table} order by id`)).rows));
    };
    const before = await rowsOf();
    await ledger.app.get(Projector).rebuild('access');
    expect(await rowsOf()).toEqual(before);
    expect(before.every((rows) => rows.length > 0)).toBe(true);
    await pool.end();
  });
});
