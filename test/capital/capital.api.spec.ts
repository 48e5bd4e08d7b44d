import { startTestApp, type TestAnswer, type TestApp } from '../support/app.js';

/** A Monday. The dates in the requests are earlier, so none is in the future. */
const NOW = Date.parse('2026-06-15T12:00:00Z');
const NOWHERE = '00000000-0000-4000-8000-000000000000';

let ledger: TestApp;
beforeAll(async () => {
  ledger = await startTestApp({ clock: () => NOW });
});
afterAll(() => ledger.stop());

const created = async (path: string, body: object): Promise<string> =>
  String((await ledger.must(ledger.post(path, body))).body.id);

const partnerOf = (legalForm: string, legalName = `Partner, ${legalForm}`): Promise<string> =>
  created('/v1/partners', { legalName, country: 'BE', legalForm });

const facilityWith = (further: object = {}): Promise<string> =>
  created('/v1/facilities', {
    name: 'Gigafactory',
    country: 'BE',
    kind: 'ai-gigafactory',
    capexMinor: '100000',
    currency: 'EUR',
    ...further,
  });

interface TestFund {
  readonly fundId: string;
  readonly trancheId: string;
}

async function fundOf(capMinor = '100000'): Promise<TestFund> {
  const fundId = await created('/v1/funds', { name: 'Fund', currency: 'EUR', targetMinor: '1000000' });
  const tranche = await ledger.must(
    ledger.post(`/v1/funds/${fundId}/tranches`, { rank: 1, kind: 'first-loss', capMinor }),
  );
  return { fundId, trancheId: String(tranche.body.trancheId) };
}

const pledged = (to: TestFund, partnerId: string, amountMinor: string, further: object = {}): Promise<string> =>
  created('/v1/commitments', { ...to, partnerId, amountMinor, currency: 'EUR', kind: 'capex', ...further });

const sign = (id: string, options = {}): Promise<TestAnswer> =>
  ledger.post(`/v1/commitments/${id}/signature`, { signedOn: '2026-03-02' }, options);

async function signed(to: TestFund, partnerId: string, amountMinor: string, further: object = {}): Promise<string> {
  const id = await pledged(to, partnerId, amountMinor, further);
  await ledger.must(sign(id));
  return id;
}

const close = (fundId: string, body: object | undefined = { reachedOn: '2026-03-02' }): Promise<TestAnswer> =>
  ledger.post(`/v1/funds/${fundId}/financial-close`, body);

/** Reads after the rows reflect every command of this spec so far. */
async function read(path: string, options = {}): Promise<TestAnswer> {
  const { headers } = await ledger.must(ledger.post('/v1/partners', MARK));
  return ledger.get(`${path}${path.includes('?') ? '&' : '?'}minPosition=${headers['ledger-position']}`, options);
}
const MARK = { legalName: 'Mark', country: 'BE', legalForm: 'company' };

describe('a commitment from pledge to cancellation', () => {
  it('shows the sums of the rules after every step', async () => {
    const partnerId = await partnerOf('member-state');
    const fund = await fundOf();
    const facilityId = await facilityWith();
    const id = await pledged(fund, partnerId, '1000', { programme: 'National budget', facilityId });
    const path = `/v1/commitments/${id}`;
    const asRead = async () => (await read(path)).body;
    const base = {
      id,
      ...fund,
      fundName: 'Fund',
      partnerId,
      partnerName: 'Partner, member-state',
      facilityId,
      facilityName: 'Gigafactory',
      kind: 'capex',
      describes: null,
      programme: 'National budget',
      currency: 'EUR',
      pledgedMinor: '1000',
      acceptedOn: null,
      decreaseRequest: null,
      source: null,
      illustrative: false,
    };
    const money = (committed: string, called: string, paid: string, distributed: string, recallable: string) => ({
      committedMinor: committed,
      calledMinor: called,
      paidMinor: paid,
      distributedMinor: distributed,
      recallableMinor: recallable,
      unfundedMinor: (BigInt(committed) - BigInt(called) + BigInt(recallable)).toString(),
    });
    const nothing = money('1000', '0', '0', '0', '0');
    expect(await asRead()).toEqual({
      ...base,
      ...nothing,
      status: 'pledged',
      signedOn: null,
      calls: [],
      revision: 0,
    });

    await ledger.must(sign(id));
    await ledger.must(close(fund.fundId));
    const inForce = { ...base, status: 'signed', signedOn: '2026-03-02' };
    expect(await asRead()).toEqual({ ...inForce, ...nothing, calls: [], revision: 1 });

    const issued = { amountMinor: '400', issuedOn: '2026-03-02', dueOn: '2026-03-16' };
    const { body: call } = await ledger.must(ledger.post(`${path}/calls`, issued));
    const payment = { amountMinor: '300', paidOn: '2026-03-16' };
    await ledger.must(ledger.post(`${path}/calls/${call.callId}/payments`, payment));
    const calls = [{ callId: call.callId, ...issued, paidMinor: '300' }];
    expect(await asRead()).toEqual({ ...inForce, ...money('1000', '400', '300', '0', '0'), calls, revision: 3 });

    const distribution = { amountMinor: '100', recallableMinor: '40', paidOn: '2026-04-01' };
    await ledger.must(ledger.post(`${path}/distributions`, distribution));
    await ledger.must(ledger.post(`${path}/amendments`, { deltaMinor: '-140', reason: 'Scope reduced.' }));
    expect(await asRead()).toEqual({ ...inForce, ...money('860', '400', '300', '100', '40'), calls, revision: 5 });

    await ledger.must(ledger.post(`${path}/cancellation`, { reason: 'Left the consortium.' }));
    await ledger.must(ledger.post(`${path}/calls/${call.callId}/payments`, { ...payment, amountMinor: '100' }));
    expect(await asRead()).toEqual({
      ...inForce,
      ...money('360', '400', '400', '100', '40'),
      status: 'cancelled',
      calls: [{ ...calls[0], paidMinor: '400' }],
      revision: 7,
    });
  });

  it('answers with ids, revision and location, like every command', async () => {
    const fund = await fundOf();
    const partnerId = await partnerOf('company');
    const body = { ...fund, partnerId, amountMinor: '1', currency: 'EUR', kind: 'in-kind', describes: 'staff' };
    const pledge = await ledger.post('/v1/commitments', body);
    expect(pledge).toMatchObject({ status: 201, body: { revision: 0 }, headers: { etag: '"0"' } });
    expect(pledge.headers['location']).toBe(`/v1/commitments/${pledge.body.id}`);
    const signature = await sign(pledge.body.id);
    expect(signature).toMatchObject({ status: 200, body: { id: pledge.body.id, revision: 1 } });
    expect(Number(signature.headers['ledger-position'])).toBe(signature.body.position);
  });

  it('issues a call once, even if the command is sent several times', async () => {
    const fund = await fundOf();
    const id = await signed(fund, await partnerOf('company'), '1000');
    await ledger.must(close(fund.fundId));
    const body = { amountMinor: '600', issuedOn: '2026-03-02', dueOn: '2026-03-16' };
    const send = () => ledger.post(`/v1/commitments/${id}/calls`, body, { idempotencyKey: `call-of-${id}` });
    const [first, second] = [await send(), await send()];
    expect(first.status).toBe(201);
    expect(second).toMatchObject({ status: 201, body: first.body, headers: { 'idempotency-replayed': 'true' } });
    const { body: stored } = await read(`/v1/commitments/${id}`);
    expect(stored.calls).toHaveLength(1);
  });
});

describe('a fund', () => {
  it('shows the sums of every tranche and of the whole fund', async () => {
    const fund = await fundOf('5000');
    const second = await ledger.must(
      ledger.post(`/v1/funds/${fund.fundId}/tranches`, { rank: 3, kind: 'senior', capMinor: '9000' }),
    );
    const senior = { ...fund, trancheId: String(second.body.trancheId) };
    const partnerId = await partnerOf('public-bank');
    const id = await signed(fund, partnerId, '1000');
    await pledged(senior, partnerId, '70');
    await ledger.must(close(fund.fundId));
    const call = { amountMinor: '400', issuedOn: '2026-03-02', dueOn: '2026-03-16' };
    await ledger.must(ledger.post(`/v1/commitments/${id}/calls`, call));
    const none = {
      pledgedMinor: '0',
      committedMinor: '0',
      calledMinor: '0',
      paidMinor: '0',
      distributedMinor: '0',
      recallableMinor: '0',
      unfundedMinor: '0',
    };
    const signedSums = { committedMinor: '1000', calledMinor: '400', unfundedMinor: '600' };
    const { body, headers } = await read(`/v1/funds/${fund.fundId}`);
    expect(body).toEqual({
      id: fund.fundId,
      name: 'Fund',
      status: 'closed',
      financesGigafactories: true,
      reachedOn: '2026-03-02',
      evidenceRef: null,
      currency: 'EUR',
      targetMinor: '1000000',
      closedAt: '2026-06-15T12:00:00Z',
      tranches: [
        { trancheId: fund.trancheId, rank: 1, kind: 'first-loss', capMinor: '5000', ...none, ...signedSums },
        { trancheId: senior.trancheId, rank: 3, kind: 'senior', capMinor: '9000', ...none, pledgedMinor: '70' },
      ],
      totals: { ...none, ...signedSums, pledgedMinor: '70' },
      source: null,
      illustrative: false,
      revision: 4,
    });
    expect(headers['etag']).toBe('"4"');
  });

  it('gives the last room in a tranche to exactly one of many concurrent signatures', async () => {
    const fund = await fundOf('1500');
    const partnerId = await partnerOf('company');
    const ids = await Promise.all(Array.from({ length: 20 }, () => pledged(fund, partnerId, '1000')));
    const answers = await Promise.all(ids.map((id) => sign(id)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const refusals = answers.filter(({ status }) => status !== 200);
    expect(new Set(refusals.map(({ body }) => body.code))).toEqual(new Set(['tranche-cap-exceeded']));
    expect((await read(`/v1/funds/${fund.fundId}`)).body.totals).toMatchObject({
      committedMinor: '1000',
      pledgedMinor: '19000',
    });
  });

  it('has room again after an amendment or a cancellation', async () => {
    const fund = await fundOf('1000');
    const partnerId = await partnerOf('company');
    const first = await signed(fund, partnerId, '1000');
    const [second, third] = [await pledged(fund, partnerId, '300'), await pledged(fund, partnerId, '700')];
    expect(await sign(second, { idempotencyKey: 'too-early' })).toMatchObject({ status: 409 });
    await ledger.must(ledger.post(`/v1/commitments/${first}/amendments`, { deltaMinor: '-300', reason: 'Less.' }));
    await ledger.must(sign(second));
    const more = { deltaMinor: '1', reason: 'More.' };
    expect(await ledger.post(`/v1/commitments/${first}/amendments`, more)).toMatchObject({
      status: 409,
      body: { code: 'tranche-cap-exceeded' },
    });
    await ledger.must(ledger.post(`/v1/commitments/${first}/cancellation`, { reason: 'Gone.' }));
    await ledger.must(sign(third));
  });

  it('refuses calls before financial close, and closes once', async () => {
    const fund = await fundOf();
    expect(await close(fund.fundId)).toMatchObject({ status: 409, body: { code: 'nothing-signed' } });
    const id = await signed(fund, await partnerOf('company'), '1000');
    const call = { amountMinor: '1', issuedOn: '2026-03-02', dueOn: '2026-03-16' };
    expect(await ledger.post(`/v1/commitments/${id}/calls`, call)).toMatchObject({
      status: 409,
      body: { code: 'no-financial-close' },
    });
    await ledger.must(close(fund.fundId));
    expect((await close(fund.fundId)).body.code).toBe('financial-close-reached-already');
    await ledger.must(ledger.post(`/v1/commitments/${id}/calls`, call));
  });

  it('shows the day and the evidence of its close, and refuses calls dated before that day', async () => {
    const fund = await fundOf();
    const id = await signed(fund, await partnerOf('company'), '1000');
    expect((await read(`/v1/funds/${fund.fundId}`)).body).toMatchObject({ reachedOn: null, evidenceRef: null });
    expect(await close(fund.fundId, { reachedOn: '2198-01-01' })).toMatchObject({
      status: 422,
      body: { code: 'date-in-future' },
    });
    await ledger.must(close(fund.fundId, { reachedOn: '2026-03-04', evidenceRef: 'memorandum 4' }));
    const close4 = { status: 'closed', reachedOn: '2026-03-04', evidenceRef: 'memorandum 4' };
    expect((await read(`/v1/funds/${fund.fundId}`)).body).toMatchObject(close4);
    const call = (issuedOn: string) =>
      ledger.post(`/v1/commitments/${id}/calls`, { amountMinor: '1', issuedOn, dueOn: '2026-03-31' });
    expect(await call('2026-03-03')).toMatchObject({
      status: 409,
      body: {
        code: 'call-before-financial-close',
        reachedOn: '2026-03-04',
        issuedOn: '2026-03-03',
        detail: expect.stringContaining('2026-03-04'),
      },
    });
    await ledger.must(call('2026-03-04'));
  });

  it('closes on the day of the command if the command has neither a day nor a body', async () => {
    for (const body of [{}, undefined]) {
      const fund = await fundOf();
      await signed(fund, await partnerOf('company'), '1000');
      const path = `/v1/funds/${fund.fundId}/financial-close`;
      await ledger.must(body === undefined ? ledger.post(path) : ledger.post(path, body));
      const { closedAt, reachedOn, evidenceRef } = (await read(`/v1/funds/${fund.fundId}`)).body;
      expect({ reachedOn, evidenceRef }).toEqual({ reachedOn: String(closedAt).slice(0, 10), evidenceRef: null });
    }
  });
});

describe('commitments to an AI gigafactory', () => {
  it('limit the Union to 17 % of the CAPEX, and a refused signature changes nothing', async () => {
    const fund = await fundOf();
    const facilityId = await facilityWith();
    const union = await partnerOf('union');
    await signed(fund, union, '16999', { facilityId });
    const one = await pledged(fund, union, '1', { facilityId, kind: 'access-time-purchase' });
    const two = await pledged(fund, union, '2', { facilityId });
    const refused = await sign(two);
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'union-ceiling-exceeded', clause: '2021/1173 Art. 12b(5)', ceilingMinor: '17000' },
    });
    expect((await read(`/v1/commitments/${two}`)).body).toMatchObject({ status: 'pledged', revision: 0 });
    expect((await read(`/v1/funds/${fund.fundId}`)).body.totals.committedMinor).toBe('16999');
    await ledger.must(sign(one));
  });

  it('leave room under the ceiling again when they decrease', async () => {
    const fund = await fundOf();
    const facilityId = await facilityWith();
    const union = await partnerOf('union');
    const first = await signed(fund, union, '17000', { facilityId });
    const second = await pledged(fund, union, '17000', { facilityId });
    await ledger.must(ledger.post(`/v1/commitments/${first}/cancellation`, { reason: 'Replaced.' }));
    await ledger.must(sign(second));
  });

  it('must be matched by Participating States before financial close', async () => {
    const fund = await fundOf();
    const facilityId = await facilityWith();
    await signed(fund, await partnerOf('union'), '1000', { facilityId });
    const state = await signed(fund, await partnerOf('member-state'), '999', { facilityId });
    expect(await close(fund.fundId)).toMatchObject({
      status: 409,
      body: { code: 'states-below-union', clause: '2021/1173 Art. 12b(5)', unionMinor: '1000', statesMinor: '999' },
    });
    await ledger.must(ledger.post(`/v1/commitments/${state}/amendments`, { deltaMinor: '1', reason: 'Match.' }));
    await ledger.must(close(fund.fundId));
  });

  it('must stay matched after financial close, for changes of either side', async () => {
    const fund = await fundOf();
    const facilityId = await facilityWith();
    const union = await partnerOf('union');
    await signed(fund, union, '1000', { facilityId });
    const state = await signed(fund, await partnerOf('member-state'), '1000', { facilityId });
    await ledger.must(close(fund.fundId));
    const unmatched = { status: 409, body: { code: 'states-below-union', rule: 'matching' } };
    const lowered = { deltaMinor: '-1', reason: 'Lowered.' };
    expect(await ledger.post(`/v1/commitments/${state}/amendments`, lowered)).toMatchObject(unmatched);
    expect(await ledger.post(`/v1/commitments/${state}/cancellation`, { reason: 'Left.' })).toMatchObject(unmatched);
    const further = await pledged(fund, union, '1', { facilityId });
    expect(await sign(further)).toMatchObject(unmatched);
    await ledger.must(ledger.post(`/v1/commitments/${state}/amendments`, { deltaMinor: '1', reason: 'Raised.' }));
    await ledger.must(sign(further, { idempotencyKey: `signed-after-${state}` }));
  });

  it('must be in the currency of the facility', async () => {
    const fund = await fundOf();
    const facilityId = await facilityWith({ currency: 'SEK' });
    const body = { ...fund, partnerId: await partnerOf('company'), facilityId };
    const answer = await ledger.post('/v1/commitments', { ...body, amountMinor: '1', currency: 'EUR', kind: 'capex' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'currency-differs', facilityCurrency: 'SEK' } });
  });
});

describe('Art. 12b(5): money of the Union', () => {
  it('names its facility, unless the fund finances no AI gigafactory', async () => {
    const union = await partnerOf('union');
    const body = { partnerId: union, amountMinor: '10', currency: 'EUR', kind: 'capex' };
    const refused = { status: 409, body: { code: 'facility-missing', clause: '2021/1173 Art. 12b(5)' } };
    expect(await ledger.post('/v1/commitments', { ...body, ...(await fundOf()) })).toMatchObject(refused);
    const other = { name: 'Fund', currency: 'EUR', targetMinor: '1000', financesGigafactories: false };
    const fundId = await created('/v1/funds', other);
    const layer = { rank: 1, kind: 'first-loss', capMinor: '1000' };
    const { trancheId } = (await ledger.must(ledger.post(`/v1/funds/${fundId}/tranches`, layer))).body;
    const free = { fundId, trancheId: String(trancheId) };
    await signed(free, union, '10');
    expect(await ledger.post('/v1/commitments', { ...body, ...free, facilityId: await facilityWith() })).toMatchObject({
      status: 409,
      body: { code: 'fund-without-gigafactories' },
    });
    await ledger.must(close(fundId));
    expect((await read(`/v1/funds/${fundId}`)).body).toMatchObject({ financesGigafactories: false, status: 'closed' });
  });

  it('is limited by the policy union-share-maximum at a supercomputer (Arts. 17 and 18)', async () => {
    const policy = { policy: 'union-share-maximum', value: { supercomputer: 35 }, effectiveFrom: '2026-01-01' };
    const key = await ledger.keyFor(['board']);
    await ledger.must(ledger.post('/v1/policies', { ...policy, reason: 'Mid-range.' }, { key }));
    const fund = await fundOf();
    const facilityId = await facilityWith({ kind: 'supercomputer' });
    const union = await partnerOf('union');
    await signed(fund, union, '35000', { facilityId });
    expect(await sign(await pledged(fund, union, '1', { facilityId }))).toMatchObject({
      status: 409,
      body: { code: 'union-share-exceeded', policyVersion: 1, percent: 35, ceilingMinor: '35000' },
    });
  });
});

describe('after financial close a partner', () => {
  it('asks for a decrease or a cancellation, which the operator accepts', async () => {
    const fund = await fundOf();
    const own = await partnerOf('company', 'Own');
    const key = await ledger.keyFor(['partner'], own);
    const id = await signed(fund, own, '1000');
    const path = `/v1/commitments/${id}`;
    const lower = (minor: string, options = { key }) =>
      ledger.post(`${path}/amendments`, { deltaMinor: `-${minor}`, reason: 'Scope.' }, options);
    const ask = (body: object) => ledger.post(`${path}/decrease-requests`, { reason: 'Scope.', ...body }, { key });
    const accept = (requestId: unknown, options = {}) =>
      ledger.post(`${path}/decrease-requests/${String(requestId)}/acceptance`, {}, options);
    await ledger.must(lower('100'));
    expect(await ask({ amountMinor: '100' })).toMatchObject({ status: 409, body: { code: 'no-financial-close' } });
    await ledger.must(close(fund.fundId));
    const refused = { status: 409, body: { code: 'decrease-needs-acceptance', fundId: fund.fundId } };
    expect(await lower('100')).toMatchObject(refused);
    expect(await ledger.post(`${path}/cancellation`, { reason: 'Left.' }, { key })).toMatchObject(refused);

    const asked = await ledger.must(ask({ amountMinor: '200' }));
    const { requestId } = asked.body;
    expect(asked.headers['location']).toBe(path);
    const waiting = { requestId, amountMinor: '200', reason: 'Scope.' };
    expect((await read(path)).body).toMatchObject({ committedMinor: '900', decreaseRequest: waiting });
    expect((await accept(requestId, { key })).status).toBe(403);
    await ledger.must(accept(requestId));
    expect((await read(path)).body).toMatchObject({ committedMinor: '700', decreaseRequest: null });
    expect(await accept(requestId)).toMatchObject({ status: 404, body: { code: 'unknown-decrease-request' } });
    const { body } = await ledger.must(ask({}));
    await ledger.must(accept(body.requestId));
    expect((await read(path)).body).toMatchObject({ status: 'cancelled', committedMinor: '0', decreaseRequest: null });
  });
});

describe('a pledge', () => {
  it.each(['fundId', 'trancheId', 'partnerId', 'facilityId'])('must name a %s that exists', async (field) => {
    const body = { ...(await fundOf()), partnerId: await partnerOf('company'), amountMinor: '1', currency: 'EUR' };
    const answer = await ledger.post('/v1/commitments', { ...body, kind: 'capex', [field]: NOWHERE });
    expect(answer).toMatchObject({ status: 404, body: { code: `unknown-${field.slice(0, -2)}` } });
  });

  it('with a malformed amount is refused with a pointer to the field', async () => {
    const body = { ...(await fundOf()), partnerId: await partnerOf('company'), currency: 'EUR', kind: 'capex' };
    for (const amountMinor of ['0', '-1', '1.5', 1, '1'.repeat(19)]) {
      expect(await ledger.post('/v1/commitments', { ...body, amountMinor })).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: '/amountMinor' }] },
      });
    }
  });
});

describe('a key that is bound to a partner', () => {
  it('pledges and signs only for that partner', async () => {
    const fund = await fundOf();
    const [own, other] = [await partnerOf('company', 'Own'), await partnerOf('company', 'Other')];
    const key = await ledger.keyFor(['partner'], own);
    const body = { ...fund, amountMinor: '10', currency: 'EUR', kind: 'capex' };
    expect(await ledger.post('/v1/commitments', { ...body, partnerId: other }, { key })).toMatchObject({ status: 403 });
    const mine = await ledger.must(ledger.post('/v1/commitments', { ...body, partnerId: own }, { key }));
    await ledger.must(sign(mine.body.id, { key }));
    const theirs = await pledged(fund, other, '10');
    const stale = { key, headers: { 'if-match': '"7"' } };
    expect(await sign(theirs, stale)).toMatchObject({ status: 403, body: { code: 'not-own' } });
    expect(await sign(mine.body.id, { ...stale, idempotencyKey: 'stale' })).toMatchObject({ status: 412 });
  });

  it('has no more open pledges than a policy allows, whatever the operator pledges for it', async () => {
    const fund = await fundOf();
    const own = await partnerOf('company', 'Own');
    const key = await ledger.keyFor(['partner'], own);
    const quota = {
      policy: 'open-pledges-per-partner',
      value: { max: 2 },
      effectiveFrom: '2026-01-01',
      reason: 'Enough.',
    };
    await ledger.must(ledger.post('/v1/policies', quota, { key: await ledger.keyFor(['board']) }));
    const body = { ...fund, partnerId: own, amountMinor: '10', currency: 'EUR', kind: 'capex' };
    const pledge = (options: object = { key }) => ledger.post('/v1/commitments', body, options);
    const first = await ledger.must(pledge({ key, idempotencyKey: 'first-of-two' }));
    await pledged(fund, own, '10');
    const refused = { code: 'partner-quota-reached', open: 2, limit: 2, policyVersion: 1 };
    expect(await pledge()).toMatchObject({ status: 409, body: refused });
    const command = { key: 'third-in-bulk', method: 'POST', path: '/v1/commitments', body };
    const { outcomes } = (await ledger.post('/v1/bulk', { commands: [command] }, { key })).body;
    expect(outcomes).toMatchObject([{ status: 409, body: refused }]);
    // What was answered before is answered again, and the operator is not bound.
    expect(await pledge({ key, idempotencyKey: 'first-of-two' })).toMatchObject({ status: 201, body: first.body });
    const third = await pledged(fund, own, '10');
    await ledger.must(sign(third));
    await ledger.must(ledger.post(`/v1/commitments/${first.body.id}/cancellation`, { reason: 'Withdrawn.' }, { key }));
    await ledger.must(pledge());
    expect(await pledge()).toMatchObject({ status: 409, body: refused });
  });

  it('signs what the operator has accepted, while a policy requires it', async () => {
    const fund = await fundOf();
    const own = await partnerOf('company', 'Own');
    const key = await ledger.keyFor(['partner'], own);
    const boardKey = await ledger.keyFor(['board']);
    const adopt = (value: string) =>
      ledger.must(
        ledger.post(
          '/v1/policies',
          { policy: 'signature-acceptance', value, effectiveFrom: '2026-01-01', reason: 'Who binds whom.' },
          { key: boardKey },
        ),
      );
    const id = await pledged(fund, own, '10');
    await adopt('required');
    const refused = { status: 409, body: { code: 'commitment-not-accepted', policyVersion: 1, amountMinor: '10' } };
    expect(await sign(id, { key })).toMatchObject(refused);
    const accept = (options = {}) =>
      ledger.post(
        `/v1/commitments/${id}/acceptance`,
        { acceptedOn: '2026-03-01', evidenceRef: 'Decision 14' },
        options,
      );
    expect((await accept({ key })).status).toBe(403);
    expect((await accept()).body).toMatchObject({ id, revision: 1 });
    expect(await accept()).toMatchObject({ status: 409, body: { code: 'commitment-accepted-already' } });
    expect((await read(`/v1/commitments/${id}`)).body).toMatchObject({ status: 'pledged', acceptedOn: '2026-03-01' });
    await ledger.must(sign(id, { key }));
    const byOperator = await pledged(fund, own, '10');
    await ledger.must(sign(byOperator));
    expect((await read(`/v1/commitments/${byOperator}`)).body).toMatchObject({ status: 'signed', acceptedOn: null });
    await adopt('not-required');
    await ledger.must(sign(await pledged(fund, own, '10'), { key }));
  });

  it('reads only the commitments of that partner, under any filter', async () => {
    const fund = await fundOf();
    const [own, other] = [await partnerOf('company', 'Own'), await partnerOf('company', 'Other')];
    const key = await ledger.keyFor(['partner'], own);
    const mine = await pledged(fund, own, '10');
    const theirs = await pledged(fund, other, '10');
    expect((await read(`/v1/commitments/${mine}`, { key })).status).toBe(200);
    expect((await read(`/v1/commitments/${theirs}`, { key })).status).toBe(404);
    const idsOf = (answer: TestAnswer) => answer.body.data.map(({ id }: { id: string }) => id);
    expect(idsOf(await read('/v1/commitments', { key }))).toEqual([mine]);
    expect(idsOf(await read(`/v1/commitments?partnerId=${other}`, { key }))).toEqual([]);
    expect(idsOf(await read(`/v1/commitments?fundId=${fund.fundId}`))).toEqual([mine, theirs]);
  });

  it('cannot record cash, even for that partner', async () => {
    const fund = await fundOf();
    const own = await partnerOf('company', 'Own');
    const id = await signed(fund, own, '10');
    await ledger.must(close(fund.fundId));
    const key = await ledger.keyFor(['partner'], own);
    const call = { amountMinor: '1', issuedOn: '2026-03-02', dueOn: '2026-03-16' };
    expect((await ledger.post(`/v1/commitments/${id}/calls`, call, { key })).status).toBe(403);
    const distribution = { amountMinor: '1', recallableMinor: '0', paidOn: '2026-04-01' };
    expect((await ledger.post(`/v1/commitments/${id}/distributions`, distribution, { key })).status).toBe(403);
  });
});

describe('a list of commitments', () => {
  it('has filters, and pages in the order of the pledges', async () => {
    const fund = await fundOf();
    const partnerId = await partnerOf('company');
    const ids = [];
    for (let index = 0; index < 5; index += 1) ids.push(await pledged(fund, partnerId, '1'));
    await ledger.must(sign(String(ids[2])));
    const all = [];
    let path = `/v1/commitments?fundId=${fund.fundId}&status=pledged&limit=3`;
    for (;;) {
      const { body } = await read(path);
      all.push(...body.data.map(({ id }: { id: string }) => id));
      if (body.next === null) break;
      path = `/v1/commitments?cursor=${body.next}`;
    }
    expect(all).toEqual(ids.filter((_, index) => index !== 2));
  });

  it('is available as CSV', async () => {
    const fund = await fundOf();
    await pledged(fund, await partnerOf('company'), '1');
    const { text, headers } = await read(`/v1/commitments.csv?fundId=${fund.fundId}`);
    expect(headers['content-type']).toContain('text/csv');
    expect(text.split('\n')[0]).toContain(
      'id,fundId,fundName,trancheId,partnerId,partnerName,facilityId,facilityName,kind,describes,programme,status,currency',
    );
    expect((await read('/v1/funds.csv')).text).toContain(fund.fundId);
  });
});
