import type { Pool } from 'pg';
import { SERVED } from '../../src/projections.js';
import { AGGREGATES } from '../../src/aggregates.js';
import { openLog } from '../../src/audit/audit-log.js';
import { replay } from '../../src/audit/audit-replay.js';
import { openSource } from '../../src/audit/audit-source.js';
import { verifyStored } from '../../src/audit/database/stored-ledger.queries.js';
import { RUNTIME, type Runtime } from '../../src/platform/runtime.js';
import { noteKeyOf } from '../../src/tlog/note-key.js';
import { METHOD_1 } from '../../src/transparency/method-1/method.js';
import { METHODS, MethodRegistry } from '../../src/transparency/methods.js';
import { recordProgramme } from '../audit/recorded-programme.js';
import { LOG_KEY, LOG_VKEY, ORIGIN } from '../audit/written-log.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { ppp, type Ran } from '../support/command-line.js';
import { NEXT_METHODS } from './made-up-method.js';

const PATH = '/v1/transparency/reports';
const key = noteKeyOf(LOG_KEY);
/** The program that is replaced, which knows 1.0 alone. */
let older: TestApp;
/** The program that replaces it, on the same database: it publishes by the made-up 9.1. */
let newer: TestApp;
let pool: Pool;
/** Ids of a report that was published by each version. */
const ids: Record<string, string> = {};
const texts: Record<string, string> = {};

beforeAll(async () => {
  older = await startTestApp({ env: { LOG_ORIGIN: ORIGIN }, methods: new MethodRegistry([METHOD_1]) });
  pool = older.app.get<Runtime>(RUNTIME).pool;
  // A state is stored every 500 events.
  const company = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };
  const commands = Array.from({ length: 520 }, (_, n) => ({
    key: `k${n}`,
    method: 'POST',
    path: '/v1/partners',
    body: company,
  }));
  await older.must(older.post('/v1/bulk', { commands }));
  await recordProgramme(older, 2);
  ids['1.0'] = (await older.get(PATH, { key: null })).body.data[0].id;
  newer = await startTestApp({ sharedWith: older, env: { LOG_ORIGIN: ORIGIN }, methods: NEXT_METHODS });
  const period = { periodFrom: '2026-01-01', periodTo: '2199-01-01' };
  const { body } = await newer.must(newer.post(PATH, { kind: 'equal-access', ...period }));
  expect(body.methodVersion).toBe('9.1');
  ids['9.1'] = body.id;
  for (const [version, id] of Object.entries(ids))
    texts[version] = (await newer.get(`${PATH}/${id}`, { key: null })).text;
  const [event] = (await newer.get(`/v1/events?stream=report-${body.id}&minPosition=${body.position}`)).body.data;
  // A receipt waits until the log has signed the event.
  expect((await newer.get(`/v1/events/${event.id}/proof`, { key: null })).status).toBe(200);
});
afterAll(async () => {
  await newer.stop();
  await older.stop();
});

/** Deletes the texts, as in a ledger that was set up from the events alone. */
async function loseTexts(): Promise<void> {
  for (const table of ['report_texts', 'report_text_parts']) {
    await pool.query(`alter table ${table} disable trigger user`);
    await pool.query(`delete from ${table}`);
    await pool.query(`alter table ${table} enable trigger user`);
  }
}

const audit = (...args: readonly string[]): Promise<Ran> => ppp('audit', ...args);

const verified = (methods?: MethodRegistry) =>
  verifyStored(
    { pool, key, projections: SERVED, wrappingKey: Buffer.alloc(32, 7), ...(methods && { methods }) },
    {},
    AGGREGATES,
  );

describe('a program with a newer method', () => {
  it('publishes by the newer method, and shows live and earlier figures by it alone', async () => {
    expect(JSON.parse(texts['1.0'] ?? '')).toMatchObject({ methodVersion: '1.0' });
    expect(JSON.parse(texts['1.0'] ?? '')).not.toHaveProperty('daysWithRequests');
    expect(JSON.parse(texts['9.1'] ?? '')).toMatchObject({ methodVersion: '9.1', daysWithRequests: 1 });
    for (const query of ['', '?asOfPosition=510', '?effectiveAt=2026-01-01']) {
      const { body } = await newer.get(`/v1/transparency/equal-access${query}`, { key: null });
      expect([body.methodVersion, typeof body.daysWithRequests]).toEqual(['9.1', 'number']);
    }
    expect((await newer.get('/v1/transparency/equal-access.csv', { key: null })).text).toContain(',9.1,');
    expect((await older.get('/v1/transparency/equal-access', { key: null })).body.methodVersion).toBe('1.0');
  });

  it('makes a published report again by the method that it names, when its bytes are lost', async () => {
    await loseTexts();
    for (const version of ['1.0', '9.1']) {
      const { text, headers } = await newer.get(`${PATH}/${ids[version]}`, { key: null });
      expect([version, text]).toEqual([version, texts[version]]);
      expect(headers['cache-control']).toContain('immutable');
    }
  });

  it('replays the reports of both methods byte for byte from the log', async () => {
    const log = await openLog(await openSource(newer.url), { key });
    const replayed = await replay(log, {}, { aggregates: AGGREGATES, methods: NEXT_METHODS });
    const found = replayed.published.map(({ id, methodVersion, text }) => [id, methodVersion, text]);
    expect(found).toEqual(Object.entries(ids).map(([version, id]) => [id, version, texts[version]]));
    expect([replayed.findings.first, replayed.unknownMethods, replayed.methodVersion]).toEqual([undefined, [], '9.1']);
  });

  it('checks the stored states of both methods, each by its own', async () => {
    const { rows } = await pool.query('select version, position, state from report_states order by version');
    expect(rows.map(({ version, position }) => [version, position])).toEqual([
      ['1.0/3', 500],
      ['9.1/1', 500],
    ]);
    expect(rows[0].state).not.toBe(rows[1].state);
    const { verdict, checked, finding } = await verified(NEXT_METHODS);
    expect([verdict, finding]).toEqual(['verified', undefined]);
    expect(checked.find(({ check }) => check === 'fold states')?.what).toMatch(/^2 stored states/);
    for (const { version, state } of rows) {
      const change = 'update report_states set state = $2 where version = $1';
      await pool.query(change, [version, String(state).replace('"position":500', '"position":501')]);
      expect((await verified(NEXT_METHODS)).finding?.artefact).toBe(`report_states ${version} 500`);
      await pool.query(change, [version, state]);
    }
  });
});

describe('a program that does not know the method of a report', () => {
  it('serves its stored bytes, and names the missing method when they are lost', async () => {
    expect((await newer.get(`${PATH}/${ids['9.1']}`, { key: null })).status).toBe(200);
    expect((await older.get(`${PATH}/${ids['9.1']}`, { key: null })).text).toBe(texts['9.1']);
    await loseTexts();
    expect((await older.get(`${PATH}/${ids['1.0']}`, { key: null })).text).toBe(texts['1.0']);
    expect(await older.get(`${PATH}/${ids['9.1']}`, { key: null })).toMatchObject({
      status: 503,
      body: { code: 'published-report-missing', methodVersion: '9.1' },
    });
  });

  it('replays the reports that it knows, names the others, and ends with exit code 2', async () => {
    const { code, out, err } = await audit('replay', older.url, '--vkey', LOG_VKEY);
    expect(code).toBe(2);
    expect(out).toContain(`published as ${ids['1.0']} at position`);
    expect(out).toContain(`report ${ids['9.1']} was published by method 9.1, which this program does not know`);
    expect(err).toMatch(/could not be checked/);
    const { out: json } = await audit('replay', older.url, '--vkey', LOG_VKEY, '--json');
    expect(JSON.parse(json)).toMatchObject({ findings: 0, unknownMethods: [{ id: ids['9.1'], methodVersion: '9.1' }] });
  });

  it('cannot check the states and the lost text of that method, and accuses nobody', async () => {
    await loseTexts();
    const { verdict, uncheckable, findings } = await verified();
    expect([verdict, findings]).toEqual(['unchecked', 0]);
    const what = new Map(uncheckable.map((line) => [line.check, line.what]));
    expect(what.get('fold states')).toMatch(/^1 stored states are of 9\.1\/1, .* 1 others are what the events give/);
    expect(what.get('published reports')).toMatch(/^1 published reports are not stored, .* method: 9\.1/);
    expect(uncheckable).toHaveLength(2);
    expect(METHODS.of('9.1')).toBeUndefined();
  });

  it('prints a report by the requested version', async () => {
    const args = ['replay', older.url, '--vkey', LOG_VKEY, '--report', 'equal-access', '--at'];
    const { position } = JSON.parse(texts['1.0'] ?? '') as { position: number };
    expect((await audit(...args, String(position), '--method', '1.0')).out).toBe(texts['1.0']);
    const { code, err } = await audit(...args, String(position), '--method', '9.9');
    expect([code, err]).toEqual([64, expect.stringContaining('--method is one of 1.0')]);
  });
});
