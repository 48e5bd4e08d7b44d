import { startTestApp, type TestAnswer, type TestApp } from '../support/app.js';

let today = '2026-06-15';
let ledger: TestApp;
let holder: string;
let fundId: string;
let position = 0;
/** Ids of the calls, by what is special about them. */
const calls: Record<string, string> = {};

beforeAll(async () => {
  ledger = await startTestApp({ clock: () => Date.parse(`${today}T23:59:59.999Z`) });
  const made = async (path: string, body: object): Promise<Record<string, string>> =>
    (await ledger.must(ledger.post(path, body))).body;
  let rank = 0;
  const commit = async (to: string, legalName: string, further: object = {}): Promise<string> => {
    const partner = await made('/v1/partners', { legalName, country: 'BE', legalForm: 'company' });
    const tranche = await made(`/v1/funds/${to}/tranches`, { rank: (rank += 1), kind: 'senior', capMinor: '9000' });
    const terms = { fundId: to, trancheId: tranche['trancheId'], partnerId: partner['id'], amountMinor: '5000' };
    const { id = '' } = await made('/v1/commitments', { ...terms, currency: 'EUR', kind: 'capex', ...further });
    await made(`/v1/commitments/${id}/signature`, { signedOn: '2026-03-02' });
    return id;
  };
  const fund = async (name: string): Promise<string> =>
    (await made('/v1/funds', { name, currency: 'EUR', targetMinor: '90000' }))['id'] ?? '';
  const call = async (
    name: string,
    commitmentId: string,
    issuedOn: string,
    dueOn: string,
    paid?: string,
  ): Promise<void> => {
    const { callId = '' } = await made(`/v1/commitments/${commitmentId}/calls`, {
      amountMinor: '100',
      issuedOn,
      dueOn,
    });
    if (paid)
      await made(`/v1/commitments/${commitmentId}/calls/${callId}/payments`, {
        amountMinor: paid,
        paidOn: '2026-06-01',
      });
    calls[name] = callId;
  };
  const site = await made('/v1/facilities', {
    name: 'Site',
    country: 'BE',
    kind: 'ai-factory',
    capexMinor: '100000',
    currency: 'EUR',
  });
  fundId = await fund('First fund');
  const own = await commit(fundId, 'Holder AB', { facilityId: site['id'] });
  const foreign = await commit(fundId, 'Other AB');
  const otherFund = await fund('Second fund');
  const elsewhere = await commit(otherFund, 'Third AB');
  for (const id of [fundId, otherFund]) await made(`/v1/funds/${id}/financial-close`, { reachedOn: '2026-03-02' });
  await call('paid', own, '2026-04-01', '2026-05-04', '100');
  await call('partly paid', own, '2026-05-01', '2026-06-14', '40');
  await call('foreign', foreign, '2026-05-04', '2026-06-15');
  await call('due today', own, '2026-05-04', '2026-06-15');
  await call('due tomorrow', own, '2026-05-05', '2026-06-16');
  await call('elsewhere', elsewhere, '2026-05-06', '2026-06-30');
  holder = (await ledger.get(`/v1/commitments/${own}`)).body.partnerId;
  position = (await made('/v1/partners', { legalName: 'Mark', country: 'BE', legalForm: 'company' }))[
    'position'
  ] as never;
});
afterEach(() => {
  today = '2026-06-15';
});
afterAll(() => ledger.stop());

const list = (query = '', key?: string): Promise<TestAnswer> =>
  ledger.get(`/v1/capital-calls?minPosition=${position}${query}`, key === undefined ? {} : { key });
const found = async (query = '', key?: string): Promise<string[]> => {
  const { body } = await list(query, key);
  return body.data.map(({ id }: { id: string }) => Object.keys(calls).find((name) => calls[name] === id) ?? id);
};

describe('the list of capital calls', () => {
  it('shows what is paid and due, with names, in the order of issue, and the day by which calls are overdue', async () => {
    const { body, headers } = await list('&limit=2');
    expect(body.today).toBe('2026-06-15');
    const common = {
      fundId,
      fundName: 'First fund',
      partnerId: holder,
      partnerName: 'Holder AB',
      commitmentId: expect.any(String),
      facilityId: expect.any(String),
      facilityName: 'Site',
      currency: 'EUR',
      amountMinor: '100',
    };
    expect(body.data).toEqual([
      {
        ...common,
        id: calls['paid'],
        status: 'paid',
        paidMinor: '100',
        openMinor: '0',
        issuedOn: '2026-04-01',
        dueOn: '2026-05-04',
      },
      {
        ...common,
        id: calls['partly paid'],
        status: 'overdue',
        paidMinor: '40',
        openMinor: '60',
        issuedOn: '2026-05-01',
        dueOn: '2026-06-14',
      },
    ]);
    expect(Number(headers['ledger-position'])).toBeGreaterThanOrEqual(Number(position));
    const last = (await list()).body.data.at(-1);
    expect(last).toMatchObject({ fundName: 'Second fund', facilityId: null, facilityName: null, status: 'open' });
  });

  it('finds open, overdue and paid calls; a call is overdue from the day after its last day on', async () => {
    const open = ['partly paid', 'foreign', 'due today', 'due tomorrow', 'elsewhere'];
    expect(await found('&status=open')).toEqual(open);
    expect(await found('&status=overdue')).toEqual(['partly paid']);
    expect(await found('&status=paid')).toEqual(['paid']);
    today = '2026-06-16';
    expect(await found('&status=open')).toEqual(open);
    expect(await found('&status=overdue')).toEqual(['partly paid', 'foreign', 'due today']);
    const statuses = (await list(`&partnerId=${holder}`)).body.data.map(({ status }: { status: string }) => status);
    expect(statuses).toEqual(['paid', 'overdue', 'overdue', 'open']);
  });

  it('keeps its day on all pages, also when midnight passes between two', async () => {
    const { body } = await list('&status=overdue&limit=1');
    const first = await list('&status=open&limit=2');
    today = '2026-06-16';
    const second = (await ledger.get(`/v1/capital-calls?cursor=${first.body.next}`)).body;
    expect([body.next, second.today]).toEqual([null, '2026-06-15']);
    expect(second.data[0]).toMatchObject({ id: calls['due today'], status: 'open' });
  });

  it('finds calls by partner, fund, day of issue and day on which they are due', async () => {
    expect(await found(`&partnerId=${holder}`)).toEqual(['paid', 'partly paid', 'due today', 'due tomorrow']);
    expect(await found(`&fundId=${fundId}&status=open`)).toEqual([
      'partly paid',
      'foreign',
      'due today',
      'due tomorrow',
    ]);
    expect(await found('&dueFrom=2026-06-15&dueBefore=2026-06-16')).toEqual(['foreign', 'due today']);
    expect(await found('&dueFrom=2026-06-16')).toEqual(['due tomorrow', 'elsewhere']);
    expect(await found('&from=2026-05-01&to=2026-05-04')).toEqual(['partly paid', 'foreign', 'due today']);
    const { status, body } = await list('&from=2026-05-04&to=2026-05-01');
    expect([status, body.errors[0].pointer]).toEqual([400, '/to']);
    expect((await list('&dueBefore=2026-02-30')).status).toBe(400);
  });

  it('shows a partner its own calls under every filter', async () => {
    const key = await ledger.keyFor(['partner'], holder);
    expect(await found('', key)).toEqual(['paid', 'partly paid', 'due today', 'due tomorrow']);
    expect(await found('&dueFrom=2026-06-15&dueBefore=2026-06-16', key)).toEqual(['due today']);
    const other = (await list('&status=open')).body.data.find(({ id }: { id: string }) => id === calls['foreign']);
    expect(await found(`&partnerId=${other.partnerId}`, key)).toEqual([]);
  });
});
