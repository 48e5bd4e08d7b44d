import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVENT_STORE, type EventStore } from '../../src/ledger/event-store.js';
import { batchOf, commandOf, idOf } from '../ledger/batches.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { ppp, type Ran } from '../support/command-line.js';

/** Long after the closes of the funds in this history. */
const NOW = '2026-06-15T12:00:00Z';
const CALL = { amountMinor: '100', issuedOn: '2026-03-02', dueOn: '2026-03-31' };

const audit = (...args: readonly string[]): Promise<Ran> => ppp('audit', ...args);

/**
 * One history with a financial close of schema 1 and one of schema 2. The close of schema 1 is written into the event
 * store as the previous version wrote it, with a call that is dated before the recording of the close: no rule forbade
 * this.
 */
describe('a history with financial closes of both schemas', () => {
  let api: TestApp;
  let folder: string;
  let old: { fundId: string; commitmentId: string };
  let current: { fundId: string; commitmentId: string };
  let last: string;

  const created = async (path: string, body: object): Promise<string> =>
    String((await api.must(api.post(path, body))).body.id);

  async function signedFund(partnerId: string): Promise<{ fundId: string; commitmentId: string }> {
    const fundId = await created('/v1/funds', { name: 'Fund', currency: 'EUR', targetMinor: '5000' });
    const layer = { rank: 1, kind: 'first-loss', capMinor: '5000' };
    const { trancheId } = (await api.must(api.post(`/v1/funds/${fundId}/tranches`, layer))).body;
    const pledge = { fundId, trancheId, partnerId, amountMinor: '1000', currency: 'EUR', kind: 'capex' };
    const commitmentId = await created('/v1/commitments', pledge);
    await api.must(api.post(`/v1/commitments/${commitmentId}/signature`, { signedOn: '2026-02-02' }));
    return { fundId, commitmentId };
  }

  /** The events as the previous version stored them: a close, and a call that it accepted after the close. */
  async function closeUnderSchema1({ fundId, commitmentId }: typeof old): Promise<void> {
    const store = api.app.get<EventStore>(EVENT_STORE);
    const [pledge] = await store.readStream(`commitment-${commitmentId}`, 0, 1);
    const { amountMinor: _amount, ...terms } = JSON.parse(pledge?.envelope ?? '').data as Record<string, unknown>;
    const close = { committedMinor: '1000', facilities: [] };
    const call = { ...terms, ...CALL, callId: idOf('call of schema 1'), unfundedDeltaMinor: '-100' };
    const written = await store.append(
      batchOf(
        { [`fund-${fundId}`]: 2, [`commitment-${commitmentId}`]: 1 },
        commandOf('close', { events: [`fund-${fundId}@3`], type: 'financial-close-reached', data: close }),
        commandOf('call', { events: [`commitment-${commitmentId}@2`], type: 'capital-call-issued', data: call }),
      ),
    );
    expect(written).toMatchObject({ ok: true });
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-schemas-'));
    api = await startTestApp({ clock: () => Date.parse(NOW) });
    const partnerId = await created('/v1/partners', { legalName: 'Mark', country: 'BE', legalForm: 'company' });
    old = await signedFund(partnerId);
    await closeUnderSchema1(old);
    current = await signedFund(partnerId);
    const close = { reachedOn: '2026-03-02', evidenceRef: 'memorandum 4' };
    await api.must(api.post(`/v1/funds/${current.fundId}/financial-close`, close));
    const { position } = (await api.must(api.post(`/v1/commitments/${current.commitmentId}/calls`, CALL))).body;
    await api.get(`/v1/transparency/capital?minPosition=${position}`, { key: null });
    const report = { kind: 'capital', periodFrom: '2026-01-01', periodTo: '2026-12-31' };
    const published = await api.must(api.post('/v1/transparency/reports', report));
    last = String(published.headers['ledger-position']);
    const [event] = (await api.get(`/v1/events?after=${Number(last) - 1}&minPosition=${last}`, { key: null })).body
      .data;
    expect((await api.get(`/v1/events/${event.id}/proof`, { key: null })).status).toBe(200);
  });
  afterAll(async () => {
    await api.stop();
    await rm(folder, { recursive: true });
  });

  const closes = async (): Promise<{ schema: number; position: number; data: Record<string, unknown> }[]> =>
    (await api.get('/v1/events?type=financial-close-reached', { key: null })).body.data;

  it('publishes both events as they were recorded', async () => {
    expect(await closes()).toMatchObject([
      { schema: 1, data: { committedMinor: '1000', facilities: [] } },
      { schema: 3, data: { reachedOn: '2026-03-02', evidenceRef: 'memorandum 4' } },
    ]);
    expect((await closes())[0]?.data).not.toHaveProperty('reachedOn');
  });

  it('shows the day of recording for the older close, and the stated day for the newer one', async () => {
    const read = async (id: string) => (await api.get(`/v1/funds/${id}?minPosition=${last}`)).body;
    expect(await read(old.fundId)).toMatchObject({ status: 'closed', reachedOn: '2026-06-15', evidenceRef: null });
    expect(await read(current.fundId)).toMatchObject({ reachedOn: '2026-03-02', evidenceRef: 'memorandum 4' });
  });

  it('refuses further calls dated before the day of the close, for both schemas', async () => {
    const call = (commitmentId: string, issuedOn: string, dueOn: string) =>
      api.post(`/v1/commitments/${commitmentId}/calls`, { ...CALL, issuedOn, dueOn });
    const refused = { status: 409, body: { code: 'call-before-financial-close' } };
    expect(await call(old.commitmentId, '2026-06-14', '2026-07-31')).toMatchObject(refused);
    expect(await call(current.commitmentId, '2026-03-01', '2026-07-31')).toMatchObject(refused);
    await api.must(call(old.commitmentId, '2026-06-15', '2026-07-31'));
  });

  it('passes the verification, although a call is dated before the recording of the older close', async () => {
    const { code, out } = await audit('verify', api.url);
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('VERIFIED') });
    expect(out).toMatch(/^ {2}funds /m);
  });

  it('replays to the published report, byte for byte', async () => {
    const { code, out } = await audit('replay', api.url, '--at', last, '--compare', api.url);
    expect(code).toBe(0);
    expect(out.match(/same as published/g)).toHaveLength(4);
    const { funds } = (await api.get(`/v1/transparency/capital?asOfPosition=${last}`, { key: null })).body;
    expect(funds.map(({ closed }: { closed: boolean }) => closed)).toEqual([true, true]);
  });

  it('explains the older close like a close of today, and names its recorded schema', async () => {
    const [first, second] = await closes();
    const explained = await audit('explain', api.url, '--position', String(first?.position), '--json');
    expect(JSON.parse(explained.out)).toMatchObject({
      meaning: expect.stringContaining('financial close on 2026-06-15'),
      event: { schema: 3, liftedFrom: 1, data: { reachedOn: '2026-06-15', evidenceRef: null } },
      changes: expect.arrayContaining([{ what: 'closed on', before: 'nothing', after: '2026-06-15' }]),
    });
    expect(JSON.parse(explained.out).envelope).toContain('"schema":1');
    const { out } = await audit('explain', api.url, '--position', String(second?.position));
    expect(out).toContain('The fund reached financial close on 2026-03-02');
  });

  it('exports both events as they were signed, and the archive passes the verification', async () => {
    const archive = join(folder, 'log.tar');
    expect(await audit('export', api.url, archive)).toMatchObject({ code: 0 });
    expect(await audit('verify', archive)).toMatchObject({ code: 0 });
    const stored = await api.app.get<EventStore>(EVENT_STORE).readStream(`fund-${old.fundId}`, 3, 1);
    expect(stored[0]?.envelope).toContain('"schema":1');
    expect((await readFile(archive)).includes(stored[0]?.envelope ?? 'nothing')).toBe(true);
  });
});
