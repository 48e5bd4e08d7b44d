import { startProgramme, type Programme } from '../access/programme.js';
import type { SendOptions, TestAnswer } from '../support/app.js';
import { ppp } from '../support/command-line.js';

const YEAR = { periodFrom: '2026-01-01T00:00:00Z', periodTo: '2027-01-01T00:00:00Z' };

/** One gigafactory with a CAPEX of 100: the Union and the state pay 17 each, and a company 10 of the rest. */
describe('Art. 12b: the access pools of a gigafactory over HTTP', () => {
  let programme: Programme;
  let site: string;
  let partners: { state: string; company: string };
  let pools: { union: string; state: string; rest: string; gift: string };
  let grantId: string;
  /** Made before the facility had pools. */
  let old: string;

  const post = (path: string, body: object, options?: SendOptions): Promise<TestAnswer> =>
    programme.ledger.post(`/v1/facilities/${site}/${path}`, body, options);
  const must = (path: string, body: object, options?: SendOptions): Promise<TestAnswer> =>
    programme.ledger.must(post(path, body, options));
  const pool = async (owner: string, basis: string, partnerId?: string): Promise<string> => {
    const made = await must('pools', { owner, basis, ...(partnerId !== undefined && { partnerId }) });
    expect(made).toMatchObject({ status: 201, headers: { location: `/v1/facilities/${site}/pools` } });
    return String(made.body.poolId);
  };
  const ask = (chips: number, hours: number, from = '2026-07-01T00:00:00Z'): Promise<TestAnswer> =>
    post('allocations', {
      ...{ grantId, chipModel: 'GB300', chips, from },
      to: new Date(Date.parse(from) + hours * 3_600_000).toISOString(),
    });

  beforeAll(async () => {
    programme = await startProgramme();
    const { ledger, partner, facility, call, grant, allocate, made } = programme;
    const state = await partner({ legalForm: 'member-state', category: null });
    const union = await partner({ legalForm: 'union', category: null, country: 'BE' });
    const company = await partner();
    partners = { state, company };
    const money = { capexMinor: '100', currency: 'EUR' };
    site = await facility({ kind: 'ai-gigafactory', hostStatePartnerId: state, ...money });
    const fundId = await made('/v1/funds', { name: 'Fund', currency: 'EUR', targetMinor: '100' });
    const layer = { rank: 1, kind: 'senior', capMinor: '100' };
    const { trancheId } = (await ledger.must(ledger.post(`/v1/funds/${fundId}/tranches`, layer))).body;
    for (const [partnerId, amountMinor] of [
      [state, '17'],
      [union, '17'],
      [company, '10'],
    ]) {
      const pledge = { fundId, trancheId, partnerId, facilityId: site, amountMinor, currency: 'EUR', kind: 'capex' };
      const id = await made('/v1/commitments', pledge);
      await ledger.must(ledger.post(`/v1/commitments/${id}/signature`, { signedOn: '2026-01-01' }));
    }
    const callId = await call(site);
    old = await allocate(site, await grant(callId, company), { to: '2026-06-01T01:00:00Z' });
    const { body } = await ledger.must(programme.request(callId, company));
    grantId = String(body.id);
  });
  afterAll(() => programme.ledger.stop());

  it('12b(13): divides the hours between the pools in proportion to the contributions', async () => {
    const { ledger, read, decide } = programme;
    await must('operations-start', { on: '2021-01-15', evidenceRef: 'Acceptance report 3/2021' });
    expect((await read(`/v1/facilities/${site}/pools`)).body).toEqual({
      ...{ facilityId: site, operationsStartedOn: '2021-01-15', ownershipTransferredOn: null, pools: [] },
    });
    pools = {
      union: await pool('union', 'capex'),
      state: await pool('member-state', 'capex', partners.state),
      rest: await pool('consortium', 'capex'),
      gift: await pool('union', 'donation'),
    };
    const hours = { ...YEAR, unit: 'chip-hour of GB300', availableUnitHours: 100_001 };
    expect(await post('entitlements', hours)).toMatchObject({ body: { code: 'entitlement-basis-missing' } });
    const basis = { policy: 'entitlement-basis', value: 'committed', reason: 'Decision 5/2026' };
    const key = await ledger.keyFor(['board']);
    await ledger.must(ledger.post('/v1/policies', { ...basis, effectiveFrom: '2026-01-01' }, { key }));
    const { lines } = (await must('entitlements', hours)).body;
    const line = (poolId: string, contributionMinor: string, unitHours: number) => ({
      poolId,
      contributionMinor,
      unitHours,
    });
    const expected = [line(pools.union, '17', 17_000), line(pools.state, '17', 17_000), line(pools.rest, '66', 66_001)];
    expect(lines).toHaveLength(3);
    expect(lines).toEqual(expect.arrayContaining(expected));
    expect(await decide(grantId, { poolId: site })).toMatchObject({ status: 404, body: { code: 'unknown-pool' } });
    await ledger.must(decide(grantId, { poolId: pools.union }));
  });

  it('12b(13): lets the last hour of the pool be allocated, and refuses one more', async () => {
    const assignment = { allocationId: old, poolId: pools.union, evidenceRef: 'Hosting agreement, annex 2' };
    await must('pool-assignments', assignment);
    expect(await post('pool-assignments', assignment)).toMatchObject({
      status: 409,
      body: { code: 'allocation-has-pool' },
    });
    await programme.ledger.must(ask(990, 17));
    // 10 + 16,830 + 160 = 17,000.
    const { allocationId } = (await programme.ledger.must(ask(10, 16))).body;
    expect(await ask(1, 1, '2026-08-01T00:00:00Z')).toMatchObject({
      status: 409,
      body: {
        ...{ code: 'pool-exceeded', clause: '2021/1173 Art. 12b(13)', poolId: pools.union, ...YEAR },
        ...{ creditUnitHours: 17_000, usedUnitHours: 17_000, leftUnitHours: 0, requestedUnitHours: 1 },
      },
    });
    const release = { at: '2026-07-01T15:00:00.001Z' };
    await must(`allocations/${allocationId}/release`, release);
  });

  it('12b(10): gives access time of the state to the Union by a key of this state, up to what its pool has', async () => {
    const key = await programme.ledger.keyFor(['partner'], partners.state);
    const donation = {
      ...{ fromPoolId: pools.state, unionPoolId: pools.gift, unitHours: 16_000 },
      ...{ from: '2026-07-01', to: '2026-10-01', arrangementRef: 'Arrangement 4/2026' },
    };
    await must('donations', donation, { key });
    const refused = await post('donations', { ...donation, unitHours: 1_001 }, { key });
    expect(refused).toMatchObject({ status: 409, body: { code: 'donation-exceeds-pool', leftUnitHours: 1_000 } });
    await must('donations', { ...donation, unitHours: 1_000 }, { key });
    const stranger = await programme.ledger.keyFor(['partner'], partners.company);
    expect(await post('donations', donation, { key: stranger })).toMatchObject({ status: 403 });
  });

  it('GBER 26(4) and 12b(12): registers preferential access, and adds hours for the residual value', async () => {
    const preference = {
      ...{ partnerId: partners.company, periodFrom: '2026-01-01', unitHours: 10_000 },
      conditionsRef: 'https://example.eu/preferential-access',
    };
    expect((await must('preferential-access', preference)).body).toMatchObject({ sharePpm: 100_000 });
    const transfer = { residualMinor: '5', valuationRef: 'Valuation 2/2026', unionPoolId: pools.union };
    expect(await post('ownership-transfer', { ...transfer, on: '2026-01-14' })).toMatchObject({
      body: { code: 'ownership-too-early', earliestOn: '2026-01-15' },
    });
    expect((await must('ownership-transfer', { ...transfer, on: '2026-01-15' })).body).toMatchObject({
      unitHours: 5_000,
    });
  });

  it('shows the hours of every pool and period, exactly, and only for the periods that are asked for', async () => {
    const path = `/v1/facilities/${site}/pools`;
    const { body } = await programme.read(path);
    const none = { donatedInUnitHours: 0, donatedOutUnitHours: 0, residualUnitHours: 0, allocatedUnitHours: 0 };
    const divided = { ...YEAR, unit: 'chip-hour of GB300', ...none };
    // Ten chips were given back 59 min 59.999 s before the end of their 16 hours.
    const allocated = 17_000 - 10 + 10 / 3_600_000;
    expect(body).toEqual({
      ...{ facilityId: site, operationsStartedOn: '2021-01-15', ownershipTransferredOn: '2026-01-15' },
      pools: [
        {
          ...{ id: pools.union, owner: 'union', partnerId: null, partnerName: null, basis: 'capex' },
          periods: [
            {
              ...{ ...divided, contributionMinor: '17', entitledUnitHours: 17_000, residualUnitHours: 5_000 },
              allocatedUnitHours: expect.closeTo(allocated, 9),
              leftUnitHours: expect.closeTo(22_000 - allocated, 9),
            },
          ],
        },
        {
          ...{ id: pools.state, owner: 'member-state', partnerId: partners.state, partnerName: 'Partner in FR' },
          basis: 'capex',
          periods: [
            {
              ...{ ...divided, contributionMinor: '17', entitledUnitHours: 17_000 },
              ...{ donatedOutUnitHours: 17_000, leftUnitHours: 0 },
            },
          ],
        },
        {
          ...{ id: pools.rest, owner: 'consortium', partnerId: null, partnerName: null, basis: 'capex' },
          periods: [{ ...divided, contributionMinor: '66', entitledUnitHours: 66_001, leftUnitHours: 66_001 }],
        },
        {
          ...{ id: pools.gift, owner: 'union', partnerId: null, partnerName: null, basis: 'donation' },
          periods: [
            {
              ...{ ...YEAR, ...none, unit: null, contributionMinor: null, entitledUnitHours: 0 },
              ...{ donatedInUnitHours: 17_000, leftUnitHours: 17_000 },
            },
          ],
        },
      ],
    });
    const periodsOf = async (query: string): Promise<number[]> =>
      (await programme.read(`${path}?${query}`)).body.pools.map(
        ({ periods }: { periods: unknown[] }) => periods.length,
      );
    expect(await periodsOf('from=2026-12-31')).toEqual([1, 1, 1, 1]);
    expect(await periodsOf('from=2027-01-01')).toEqual([0, 0, 0, 0]);
    expect(await periodsOf('to=2026-01-01')).toEqual([0, 0, 0, 0]);
  });

  it('is a history that the auditor finds right', async () => {
    const { code, out } = await ppp('audit', 'verify', programme.ledger.url);
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('VERIFIED') });
    expect(out).toMatch(/^ {2}pools /m);
  });
});
