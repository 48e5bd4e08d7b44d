import { createHash } from 'node:crypto';
import { leafHash, rootOf } from '../../../src/tlog/merkle.js';
import { EventReader } from '../../../src/ledger/event-reader.js';
import { EVENT_STORE, type EventStore } from '../../../src/ledger/event-store.js';
import { draftEvent, type StoredEvent } from '../../../src/ledger/event.js';
import { derivedId } from '../../../src/ledger/identifiers.js';
import { RUNTIME, type Runtime } from '../../../src/platform/runtime.js';
import { METHODS } from '../../../src/transparency/methods.js';
import { REPORT_KINDS } from '../../../src/transparency/events/publication.js';
import { streamLines } from '../../../src/transparency/publication/publication-text.js';
import { startTestApp, type TestAnswer, type TestApp } from '../../support/app.js';

const METHOD = METHODS.current;
const PATH = '/v1/transparency/reports';
const COMPANY = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };
const FIRST_HALF = { periodFrom: '2026-01-01', periodTo: '2026-06-30' };

let now = Date.parse('2026-06-30T22:00:00Z');
let api: TestApp;
let boardKey: string;
let auditorKey: string;

beforeAll(async () => {
  api = await startTestApp({ clock: () => now });
  boardKey = await api.keyFor(['board']);
  auditorKey = await api.keyFor(['auditor']);
  await api.must(api.post('/v1/partners', COMPANY));
  // Recorded in the last minute of the period, and one after it.
  now = Date.parse('2026-06-30T23:59:00Z');
  await api.must(api.post('/v1/partners', COMPANY));
  now = Date.parse('2026-07-01T08:00:00Z');
  await api.must(api.post('/v1/partners', COMPANY));
});
afterAll(() => api.stop());

const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
const publish = (body: object, key?: string): Promise<TestAnswer> =>
  api.must(api.post(PATH, { kind: 'equal-access', ...FIRST_HALF, ...body }, key === undefined ? {} : { key }));
const read = (path: string): Promise<TestAnswer> => api.get(path, { key: null });
const stored = (): Promise<readonly StoredEvent[]> => api.app.get<EventStore>(EVENT_STORE).readAll(0, 100_000);
const query = (text: string, values: unknown[] = []) => api.app.get<Runtime>(RUNTIME).pool.query(text, values);

/** The report for a period that begins before the history, as an auditor computes it from the events up to a position, with pure functions alone. */
async function recomputed(position: number, period = FIRST_HALF) {
  const events = (await stored()).slice(0, position);
  const reader = api.app.get(EventReader);
  const state = events.map((event) => reader.read(event)).reduce(METHOD.fold, METHOD.initial());
  const root = rootOf(events.map(({ envelope }) => leafHash(Buffer.from(envelope))));
  const lastRevisions = new Map(
    events.map((event) => reader.read(event)).map((event) => [event.stream, event.revision]),
  );
  return {
    root: Buffer.from(root).toString('base64'),
    text: (kind: (typeof REPORT_KINDS)[number]) =>
      METHOD.text(state, root, { kind }, { state: METHOD.initial(), period: { ...period, fromPosition: 0 } }),
    streams: [...streamLines(lastRevisions)].join(''),
    streamCount: lastRevisions.size,
  };
}

describe('a published report', () => {
  it.each(REPORT_KINDS)(
    'on %s has the bytes that its event commits to, and that anyone computes from the events',
    async (kind) => {
      const { body, headers } = await publish({ kind });
      expect(headers['location']).toBe(`${PATH}/${body.id}`);
      // Two keys and two partners were recorded by the end of the period.
      expect(body).toMatchObject({ treeSize: 4, interim: false, methodVersion: METHOD.version });
      const auditor = await recomputed(4);
      const answer = await read(`${PATH}/${body.id}`);
      expect(answer.text).toBe(auditor.text(kind));
      expect(answer.text).toBe((await read(`/v1/transparency/${kind}?periodFrom=2026-01-01&periodTo=2026-06-30`)).text);
      expect(sha256(answer.text)).toBe(body.sha256);
      expect(body.root).toBe(auditor.root);
      expect(answer.body).toMatchObject({ position: 4, treeSize: 4, root: auditor.root });

      const { data } = (await api.get(`/v1/events?stream=report-${body.id}`)).body;
      const { interim: _interim, ...committed } = body;
      expect(data).toHaveLength(1);
      expect(data[0]).toMatchObject({
        type: 'report-published',
        data: {
          kind,
          ...FIRST_HALF,
          position: 4,
          treeSize: 4,
          root: committed.root,
          methodVersion: METHOD.version,
          sha256: committed.sha256,
          streams: committed.streams,
        },
      });
    },
  );

  it('has an index that shows the extent of every stream', async () => {
    const { body } = await publish({});
    const auditor = await recomputed(4);
    const { text, headers } = await read(`${PATH}/${body.id}/streams`);
    expect(text).toBe(auditor.streams);
    expect(body.streams).toEqual({ count: auditor.streamCount, sha256: sha256(text) });
    expect(headers).toMatchObject({
      'content-type': 'application/jsonl; charset=utf-8',
      'ledger-position': '4',
      etag: `"${body.streams.sha256}"`,
    });
  });

  it('never changes: caches may keep it, and later events change nothing', async () => {
    const { body } = await publish({});
    const before = await read(`${PATH}/${body.id}`);
    expect(before.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      etag: `W/"${body.sha256}"`,
    });
    await api.must(api.post('/v1/partners', COMPANY));
    expect((await read(`${PATH}/${body.id}`)).text).toBe(before.text);
    const held = [`"${body.sha256}"`, `W/"${body.sha256}"`, `"other", W/"${body.sha256}"`, '*'];
    const statuses = [...held, `"${body.sha256.slice(1)}"`].map(async (tags) => {
      const { status, headers, text } = await api.get(`${PATH}/${body.id}`, {
        key: null,
        headers: { 'if-none-match': tags },
      });
      expect(headers).toMatchObject({
        etag: expect.any(String),
        'cache-control': expect.stringContaining('immutable'),
      });
      return [status, text === ''];
    });
    expect(await Promise.all(statuses)).toEqual([...held.map(() => [304, true]), [200, false]]);
    expect(before.headers['last-modified']).toBe(new Date(body.recordedAt).toUTCString());
    const again = await publish({});
    expect([again.body.sha256, again.body.streams]).toEqual([body.sha256, body.streams]);
    expect(again.body.id).not.toBe(body.id);
  });

  it('is interim while its period runs, and reflects all recorded events', async () => {
    const head = await api.app.get<EventStore>(EVENT_STORE).head();
    const { body } = await publish({ periodFrom: '2026-07-01', periodTo: '2026-12-31' }, boardKey);
    expect(body).toMatchObject({ treeSize: head, interim: true, root: (await recomputed(head)).root });
  });

  it('is the same on another instance, and is made again where only the events are left', async () => {
    const { body } = await publish({ kind: 'capital' });
    const [report, streams] = [await read(`${PATH}/${body.id}`), await read(`${PATH}/${body.id}/streams`)];
    for (const table of ['report_texts', 'report_text_parts']) {
      await query(`alter table ${table} disable trigger user`);
      await query(`delete from ${table}`);
      await query(`alter table ${table} enable trigger user`);
    }
    const second = await startTestApp({ sharedWith: api, clock: () => now });
    try {
      expect((await second.get(`${PATH}/${body.id}`, { key: null })).text).toBe(report.text);
      expect((await second.get(`${PATH}/${body.id}/streams`, { key: null })).text).toBe(streams.text);
    } finally {
      await second.stop();
    }
  });

  it('is not served when one bit of its stored bytes was changed', async () => {
    const { body } = await publish({ kind: 'capacity' });
    const key = Buffer.from(body.sha256, 'hex');
    await expect(query('update report_text_parts set part = part')).rejects.toThrow('History is never rewritten');
    const flip = async () => {
      await query('alter table report_text_parts disable trigger user');
      await query(
        `update report_text_parts p set bytes = set_bit(bytes, 100, 1 - get_bit(bytes, 100)) from report_texts t
         where t.text_id = p.text_id and t.sha256 = $1`,
        [key],
      );
      await query('alter table report_text_parts enable trigger user');
    };
    await flip();
    const refused = await read(`${PATH}/${body.id}`);
    expect(refused).toMatchObject({ status: 503, body: { code: 'published-report-changed', expected: body.sha256 } });
    await flip();
    expect((await read(`${PATH}/${body.id}`)).status).toBe(200);
  });

  it('is published once, however often the command is sent', async () => {
    const idempotencyKey = 'published-once';
    const body = { kind: 'equal-access', ...FIRST_HALF };
    const first = await api.post(PATH, body, { idempotencyKey });
    const second = await api.post(PATH, body, { idempotencyKey });
    expect(second.body).toEqual(first.body);
    expect(second.headers['idempotency-replayed']).toBe('true');
  });

  it.each([
    ['ends before it begins', { periodFrom: '2026-07-01' }, 422, 'period-out-of-order'],
    ['has not begun', { periodFrom: '2027-01-01', periodTo: '2027-06-30' }, 409, 'period-not-begun'],
    ['ended before anything was recorded', { periodTo: '2026-03-31' }, 409, 'nothing-to-report'],
    ['is of no known kind', { kind: 'weather' }, 422, 'invalid-content'],
  ])('is refused when it %s', async (_what, change, status, code) => {
    const answer = await api.post(PATH, { kind: 'equal-access', ...FIRST_HALF, ...change });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('is published by the programme and its board alone', async () => {
    const answer = await api.post(PATH, { kind: 'capital', ...FIRST_HALF }, { key: auditorKey });
    expect([answer.status, answer.body.code]).toEqual([403, 'role-not-allowed']);
  });

  it('is unknown under another id', async () => {
    const nowhere = '00000000-0000-4000-8000-000000000000';
    for (const path of [nowhere, `${nowhere}.csv`, `${nowhere}/streams`]) {
      expect(await read(`${PATH}/${path}`)).toMatchObject({ status: 404, body: { code: 'unknown-report' } });
    }
  });

  it.each(REPORT_KINDS)(
    'on %s comes as a table, which is made from its bytes and is the table of its position',
    async (kind) => {
      const { body } = await publish({ kind });
      const table = await read(`${PATH}/${body.id}.csv`);
      expect(table.headers).toMatchObject({
        'content-type': 'text/csv; charset=utf-8; header=present',
        'content-disposition': `attachment; filename="${kind}-4.csv"`,
        'cache-control': 'public, max-age=3600, stale-while-revalidate=86400',
      });
      expect(table.text).toBe(
        (await read(`/v1/transparency/${kind}.csv?asOfPosition=4&periodFrom=2026-01-01&periodTo=2026-06-30`)).text,
      );
      const accepted = await api.get(`${PATH}/${body.id}`, { key: null, headers: { accept: 'text/csv' } });
      expect(accepted.text).toBe(table.text);
      expect((await read(`${PATH}/${body.id}/streams.csv`)).body).toMatchObject({ code: 'no-table' });
    },
  );
});

describe('the list of published reports', () => {
  it('shows what each report commits to, by kind, and as a table', async () => {
    const { body } = await publish({ kind: 'capital' });
    const { data } = (await read(`${PATH}?kind=capital&minPosition=${body.position}`)).body;
    expect(data.at(-1)).toMatchObject({
      id: body.id,
      kind: 'capital',
      ...FIRST_HALF,
      interim: false,
      position: 4,
      treeSize: 4,
      root: body.root,
      sha256: body.sha256,
      streams: body.streams,
      publishedAt: body.recordedAt,
      correctiveActions: [],
      revision: 0,
    });
    expect(data.every(({ kind }: { kind: string }) => kind === 'capital')).toBe(true);
    expect((await read(`${PATH}.csv?kind=capital`)).text).toContain(body.sha256);
  });
});

describe('a corrective action', () => {
  const ACTION = { category: 'start-up', reason: 'Granted half of their share of demand.', measure: 'A higher floor.' };

  it('is decided by the board on a published report, and shown with that report and in later ones', async () => {
    const { body: report } = await publish({});
    const answer = await api.must(
      api.post('/v1/transparency/corrective-actions', { reportId: report.id, ...ACTION }, { key: boardKey }),
    );
    expect(answer).toMatchObject({ status: 201, body: { id: report.id, revision: 1 } });
    const { actionId, position, recordedAt } = answer.body;
    const shown = { actionId, ...ACTION, decidedAt: recordedAt };
    const { data } = (await read(`${PATH}?limit=200&minPosition=${position}`)).body;
    expect(data.find(({ id }: { id: string }) => id === report.id)).toMatchObject({
      correctiveActions: [shown],
      revision: 1,
    });
    const { body } = await read(`/v1/transparency/equal-access?minPosition=${position}`);
    expect(body.correctiveActions).toEqual([{ ...shown, reportId: report.id, ...FIRST_HALF }]);
    const event = (await api.get(`/v1/events?stream=report-${report.id}`)).body.data[1];
    expect(event).toMatchObject({ type: 'corrective-action-decided', legalBasis: '2021/1173 Art. 12b(16)' });
  });

  it('needs the board and a report on equal access', async () => {
    const { body: capital } = await publish({ kind: 'capital' });
    const path = '/v1/transparency/corrective-actions';
    const on = (reportId: string, key: string) => api.post(path, { reportId, ...ACTION }, { key });
    expect((await on(capital.id, auditorKey)).status).toBe(403);
    expect(await on(capital.id, boardKey)).toMatchObject({ status: 409, body: { code: 'report-without-imbalance' } });
    const nowhere = '00000000-0000-4000-8000-000000000000';
    expect(await on(nowhere, boardKey)).toMatchObject({ status: 404, body: { code: 'unknown-report' } });
  });
});

describe('the index of a long history', () => {
  it('is stored and served in parts', async () => {
    const store = api.app.get<EventStore>(EVENT_STORE);
    const count = 12_000;
    for (let start = 0; start < count; start += 1_000) {
      const commands = Array.from({ length: 1_000 }, (_, index) => {
        const id = derivedId('stream', String(start + index));
        const place = { v: 1 as const, id, stream: `api-key-${id}`, revision: 0, type: 'api-key-revoked', schema: 1 };
        const actor = { id: 'operator', role: 'operator' };
        const event = draftEvent({ ...place, actor, commandId: id, correlationId: id, data: {} });
        return { commandId: id, fingerprint: 'f', events: [event], outcome: '{}', sealed: [] };
      });
      const expected = new Map(commands.flatMap(({ events }) => events.map(({ stream }) => [stream, -1] as const)));
      expect(await store.append({ expected, commands })).toMatchObject({ ok: true });
    }
    const head = await store.head();
    await read(`/v1/transparency/equal-access?minPosition=${head}`);
    const { body } = await publish({ periodTo: '2026-12-31' });
    expect(body.streams.count).toBeGreaterThan(count);
    const { rows } = await query(
      'select count(*) as parts from report_texts join report_text_parts using (text_id) where sha256 = $1',
      [Buffer.from(body.streams.sha256, 'hex')],
    );
    expect(rows[0].parts).toBeGreaterThan(1);
    const { text } = await read(`${PATH}/${body.id}/streams`);
    expect(sha256(text)).toBe(body.streams.sha256);
    expect(text).toBe((await recomputed(body.treeSize)).streams);
  });
});
