import { NOW, startProgramme, type Programme } from './programme.js';

const NOWHERE = '00000000-0000-4000-8000-000000000000';

let programme: Programme;
beforeAll(async () => {
  programme = await startProgramme();
});
afterAll(() => programme.ledger.stop());

/** 10 chips for the 30 days of June: 7,200 chip-hours. */
async function allocated(further: { operatorPartnerId?: string } = {}, interval: object = {}) {
  const { partner, facility, call, grant, allocate } = programme;
  const [facilityId, partnerId] = [await facility(further), await partner()];
  const grantId = await grant(await call(facilityId), partnerId);
  return { facilityId, partnerId, grantId, allocationId: await allocate(facilityId, grantId, interval) };
}

const day = (allocationId: string, number: number, chipHours: number) => ({
  allocationId,
  from: `2026-06-${String(number).padStart(2, '0')}T00:00:00Z`,
  to: `2026-06-${String(number + 1).padStart(2, '0')}T00:00:00Z`,
  chipHours,
});

describe('a report of usage', () => {
  it('is refused for a day that has not begun, as a whole, with the instant of the decision', async () => {
    const { ledger } = programme;
    const { allocationId } = await allocated();
    const answer = await ledger.post('/v1/usage', { records: [day(allocationId, 1, 1), day(allocationId, 17, 1)] });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'usage-in-future', index: 1, latestTo: '2026-06-16T12:00:00Z' },
    });
    expect((await ledger.post('/v1/usage', { records: [day(allocationId, 15, 1)] })).status).toBe(200);
  });

  it('adds up per allocation and grant, with a flag on each record beyond or outside its allocation', async () => {
    const { ledger, read } = programme;
    const may = { from: '2026-05-01T00:00:00Z', to: '2026-05-31T00:00:00Z' };
    const { facilityId, grantId, allocationId } = await allocated({}, may);
    const inMay = (number: number, chipHours: number) => ({
      ...day(allocationId, number, chipHours),
      from: `2026-05-0${number}T00:00:00Z`,
      to: `2026-05-0${number + 1}T00:00:00Z`,
    });
    const first = await ledger.post('/v1/usage', {
      records: [inMay(1, 240), { ...inMay(2, 60), from: '2026-04-30T23:59:59Z' }],
    });
    expect(first).toMatchObject({ status: 200, body: { id: facilityId, revision: 0, records: 2, flagged: 1 } });
    const upTo = await ledger.post('/v1/usage', { records: [{ allocationId, ...may, chipHours: 6_900 }] });
    expect(upTo.body).toMatchObject({ revision: 1, flagged: 0 });
    const beyond = await ledger.post('/v1/usage', { records: [inMay(3, 1)] });
    expect(beyond.body).toMatchObject({ revision: 2, flagged: 1 });

    const { body } = await read(`/v1/usage?facilityId=${facilityId}`);
    expect(body.data).toMatchObject([
      {
        id: allocationId,
        grantId,
        facilityId,
        category: 'sme',
        chips: 10,
        chipHoursAllocated: 7_200,
        chipHoursUsed: 7_201,
        records: 4,
        recordsFlagged: 2,
        usedFrom: '2026-04-30T23:59:59Z',
        usedTo: '2026-05-31T00:00:00Z',
      },
    ]);
    expect((await read(`/v1/grants/${grantId}`)).body).toMatchObject({
      chipHoursAllocated: 7_200,
      chipHoursUsed: 7_201,
    });
  });

  it('has a flag on a record that its chips cannot deliver, also when a record is sent again, and the answer says why', async () => {
    const { ledger, read } = programme;
    const { facilityId, allocationId } = await allocated();
    const records = [day(allocationId, 1, 240), day(allocationId, 2, 241)];
    const { body } = await ledger.must(ledger.post('/v1/usage', { records }));
    expect(body).toMatchObject({
      records: 2,
      flagged: 1,
      flags: [
        {
          index: 1,
          allocationId,
          flag: 'exceeds-interval',
          chipHours: 241,
          chipHoursPossible: 240,
          from: '2026-06-02T00:00:00Z',
          to: '2026-06-03T00:00:00Z',
          detail: expect.stringContaining('its 10 chips give 240 in that time'),
        },
      ],
    });
    await ledger.must(ledger.post('/v1/usage', { records: [day(allocationId, 3, 240)] }));
    const again = await ledger.must(ledger.post('/v1/usage', { records: [day(allocationId, 3, 240)] }));
    expect(again.body).toMatchObject({ flagged: 1, flags: [{ index: 0, chipHours: 480, chipHoursPossible: 240 }] });
    expect((await read(`/v1/usage?facilityId=${facilityId}`)).body.data).toMatchObject([
      { records: 4, recordsFlagged: 2 },
    ]);
  });

  it('finds an allocation that was recorded directly before', async () => {
    const { ledger, facility, partner, call, grant, allocate } = programme;
    const facilityId = await facility();
    const grantId = await grant(await call(facilityId), await partner());
    for (let index = 0; index < 10; index += 1) {
      const allocationId = await allocate(facilityId, grantId, { chips: 1 });
      expect((await ledger.post('/v1/usage', { records: [day(allocationId, 1, 1)] })).status).toBe(200);
    }
  });

  it('is recorded completely or not at all, also for several facilities', async () => {
    const { ledger, read } = programme;
    const [here, there] = [await allocated(), await allocated()];
    const records = [day(here.allocationId, 1, 5), day(there.allocationId, 1, 7)];
    const options = { idempotencyKey: 'usage-with-an-unknown-allocation' };
    const broken = { records: [...records, day(NOWHERE, 1, 1)] };
    const refused = await ledger.post('/v1/usage', broken, options);
    expect(refused).toMatchObject({ status: 404, body: { code: 'unknown-allocation', id: NOWHERE } });
    const again = await ledger.post('/v1/usage', broken, options);
    expect(again).toMatchObject({ status: 404, body: refused.body, headers: { 'idempotency-replayed': 'true' } });
    const empty = { ...day(there.allocationId, 1, 1), to: '2026-06-01T00:00:00Z' };
    const unordered = await ledger.post('/v1/usage', { records: [records[0], empty] });
    expect(unordered).toMatchObject({ status: 422, body: { errors: [{ pointer: '/records/1/to' }] } });
    expect((await read(`/v1/grants/${here.grantId}`)).body.chipHoursUsed).toBe(0);

    expect((await ledger.post('/v1/usage', { records })).body).toMatchObject({ id: there.facilityId, records: 2 });
    expect((await read(`/v1/grants/${here.grantId}`)).body.chipHoursUsed).toBe(5);
    expect((await read(`/v1/grants/${there.grantId}`)).body.chipHoursUsed).toBe(7);
  });

  it('accepts 10,000 records and not one more', async () => {
    const { ledger, read } = programme;
    const { allocationId, grantId } = await allocated();
    const records = Array.from({ length: 10_000 }, () => day(allocationId, 1, 1));
    const reported = await ledger.post('/v1/usage', { records });
    // The 10 chips give 240 chip-hours on that day, and each record may be rounded up by a half: the 481st is one too many.
    expect(reported).toMatchObject({ status: 200, body: { records: 10_000, flagged: 9_520 } });
    expect(reported.body.flags).toHaveLength(20);
    expect(reported.body.flags[0]).toMatchObject({
      index: 480,
      flag: 'exceeds-interval',
      chipHours: 481,
      chipHoursPossible: 240,
    });
    expect((await read(`/v1/grants/${grantId}`)).body.chipHoursUsed).toBe(10_000);
    const tooMany = await ledger.post('/v1/usage', { records: [...records, day(allocationId, 1, 1)] });
    expect(tooMany).toMatchObject({ status: 422, body: { errors: [{ pointer: '/records' }] } });
  });

  it('is accepted only from the operator of the facility', async () => {
    const { ledger, partner } = programme;
    const operatorPartnerId = await partner();
    const [own, foreign] = [await allocated({ operatorPartnerId }), await allocated()];
    const key = await ledger.keyFor(['facility'], operatorPartnerId);
    expect((await ledger.post('/v1/usage', { records: [day(own.allocationId, 1, 1)] }, { key })).status).toBe(200);
    const refused = await ledger.post('/v1/usage', { records: [day(foreign.allocationId, 1, 1)] }, { key });
    expect(refused).toMatchObject({ status: 403, body: { code: 'not-own' } });
    const applicant = await ledger.keyFor(['partner'], own.partnerId);
    const partnerReport = await ledger.post(
      '/v1/usage',
      { records: [day(own.allocationId, 1, 1)] },
      { key: applicant },
    );
    expect(partnerReport).toMatchObject({ status: 403, body: { code: 'role-not-allowed' } });
  });

  it('is compared with the end after a release', async () => {
    const { ledger } = programme;
    const { facilityId, allocationId } = await allocated();
    const path = `/v1/facilities/${facilityId}/allocations/${allocationId}/release`;
    await ledger.must(ledger.post(path, { at: NOW }));
    const report = (chipHours: number, to: string) =>
      ledger.post('/v1/usage', { records: [{ ...day(allocationId, 15, chipHours), to }] });
    expect((await report(12, NOW)).body.flagged).toBe(0);
    expect((await report(12, '2026-06-15T12:00:00.001Z')).body.flagged).toBe(1);
  });
});
