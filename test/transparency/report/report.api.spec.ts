import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { leafHash, rootOf } from '../../../src/tlog/merkle.js';
import { EventReader } from '../../../src/ledger/event-reader.js';
import { EVENT_STORE, type EventStore } from '../../../src/ledger/event-store.js';
import { draftEvent, type RecordedEvent } from '../../../src/ledger/event.js';
import { parseInstant } from '../../../src/ledger/time.js';
import { capacityReport } from '../../../src/transparency/method-2/capacity-report.js';
import { capitalReport } from '../../../src/transparency/method-2/capital-report.js';
import { equalAccessReport } from '../../../src/transparency/method-2/equal-access-report.js';
import { fold, initialFoldState, type FoldState } from '../../../src/transparency/method-2/fold.js';
import { METHOD_1 } from '../../../src/transparency/method-1/method.js';
import { METHOD_2 } from '../../../src/transparency/method-2/method.js';
import { serialise } from '../../../src/transparency/report-method.js';
import { bound, reportText, type ReportHeader } from '../../../src/transparency/method-1/report-header.js';
import { CostlyReads } from '../../../src/http/shares/costly-reads.js';
import { NO_FACTS } from '../../../src/partners/partner.js';
import { RUNTIME, type Runtime } from '../../../src/platform/runtime.js';
import {
  ReportFollower,
  STATE_EVERY_EVENTS,
  spacing,
} from '../../../src/transparency/states/report-follower.worker.js';
import { startTestApp, type TestAnswer, type TestApp } from '../../support/app.js';
import { BEGIN, randomHistory, type Choice } from '../history.js';

const PATH = '/v1/transparency';
const BATCH_EVENTS = 1000;

/** A long random history, the same in every run. */
const choices: Choice[] = fc.sample(
  fc.record({ step: fc.nat(17), which: fc.nat(30), size: fc.nat(60), hours: fc.nat(3) }),
  { numRuns: 6_500, seed: 20260302 },
);

let now = parseInstant(BEGIN);
let first: TestApp;
let second: TestApp;
let events: readonly RecordedEvent[];
let leaves: readonly Uint8Array[];

/** Appends the events of a history with their own times, without commands. */
async function write(app: TestApp, history: readonly RecordedEvent[]): Promise<void> {
  const store = app.app.get<EventStore>(EVENT_STORE);
  const revisions = new Map<string, number>();
  for (let start = 0; start < history.length; start += BATCH_EVENTS) {
    const batch = history.slice(start, start + BATCH_EVENTS);
    now = parseInstant(batch.at(-1)?.recordedAt ?? BEGIN);
    const expected = new Map(batch.map(({ stream }) => [stream, revisions.get(stream) ?? -1]));
    const commands = batch.map(({ position: _position, recordedAt: _recordedAt, ...envelope }) => {
      const revision = (revisions.get(envelope.stream) ?? -1) + 1;
      revisions.set(envelope.stream, revision);
      const drafts = [draftEvent({ ...envelope, revision })];
      return { commandId: envelope.commandId, fingerprint: 'f', events: drafts, outcome: '{}', sealed: [] };
    });
    const result = await store.append({ expected, commands });
    if (!result.ok) throw new Error('The history was not written.');
  }
}

/** A reader waits for some seconds only. A busy machine may take longer to fold a history that was written in one go. */
async function followed({ app }: TestApp): Promise<void> {
  while (app.get(ReportFollower).status().position < events.length) await sleep(20);
}

/** The reports as an auditor computes them from the events alone. */
const recomputed = (position: number): FoldState => events.slice(0, position).reduce(fold, initialFoldState());
const textOf = (report: ReportHeader): string => reportText(bound(report, rootOf(leaves.slice(0, report.position))));

beforeAll(async () => {
  first = await startTestApp({ clock: () => now });
  await write(first, randomHistory(choices).history.events);
  const store = first.app.get<EventStore>(EVENT_STORE);
  const stored = await store.readAll(0, 100_000);
  events = stored.map((event) => first.app.get(EventReader).read(event));
  leaves = stored.map(({ envelope }) => leafHash(Buffer.from(envelope)));
  second = await startTestApp({ sharedWith: first, clock: () => now });
  await Promise.all([first, second].map(followed));
}, 120_000);

afterAll(async () => {
  await second?.stop();
  await first?.stop();
});

describe('the transparency reports over HTTP', () => {
  it('are public, and have the bytes that anyone computes from the events', async () => {
    const state = recomputed(events.length);
    const reports = {
      'equal-access': equalAccessReport(state),
      capital: capitalReport(state),
      capacity: capacityReport(state),
    };
    expect(events.length).toBeGreaterThan(STATE_EVERY_EVENTS);
    for (const [name, report] of Object.entries(reports)) {
      const answer = await first.get(`${PATH}/${name}?minPosition=${events.length}`, { key: null });
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(answer.headers['ledger-position']).toBe(String(events.length));
      expect(answer.text).toBe(textOf(report));
    }
  });

  it('have the same bytes as of any earlier position, on every instance, near a stored state or far from one', async () => {
    for (const position of [
      0,
      1,
      57,
      STATE_EVERY_EVENTS - 1,
      STATE_EVERY_EVENTS,
      STATE_EVERY_EVENTS + 1,
      events.length - 1,
      events.length,
    ]) {
      const expected = textOf(equalAccessReport(recomputed(position)));
      for (const app of [first, second]) {
        const answer = await app.get(`${PATH}/equal-access?asOfPosition=${position}`, { key: null });
        expect(answer.headers['ledger-position']).toBe(String(position));
        expect(answer.text).toBe(expected);
      }
    }
  });

  it('answer as of a time with the last position recorded by then', async () => {
    const [one, other] = [events[2_000], events[2_001 + BATCH_EVENTS]];
    const asOf = one?.recordedAt ?? '';
    const position = events.filter((event) => parseInstant(event.recordedAt) <= parseInstant(asOf)).length;
    expect(other?.recordedAt).not.toBe(asOf);
    const answer = await first.get(`${PATH}/capital?asOf=${asOf}`, { key: null });
    expect(answer.body).toMatchObject({ position, asOf });
    expect(answer.headers['ledger-as-of']).toBe(asOf);
    expect(answer.text).toBe(textOf(capitalReport(recomputed(position))));
  });

  it('are refused as of a time before the first event, with the reason, and are empty as of position 0', async () => {
    for (const form of ['', '.csv']) {
      const { status, body, headers } = await first.get(`${PATH}/capacity${form}?asOf=2000-01-01`, { key: null });
      expect({ status, body }).toMatchObject({
        status: 404,
        body: {
          code: 'nothing-recorded',
          asOfInstant: '2000-01-01T23:59:59.999Z',
          firstRecordedAt: events[0]?.recordedAt,
          detail: expect.stringContaining('effectiveAt=2000-01-01'),
        },
      });
      expect(headers['cache-control']).toBe('no-store');
    }
    const { body, headers } = await first.get(`${PATH}/capacity?asOfPosition=0`, { key: null });
    expect(body).toMatchObject({ position: 0, asOf: null, rows: [] });
    expect(headers['ledger-notice']).toBe(
      'No figures: nothing that the capacity report counts is recorded up to position 0.',
    );
  });

  it('are complete as of a day that runs, and refused as of a time that has not begun', async () => {
    const last = events.at(-1)?.recordedAt ?? '';
    const day = last.slice(0, 10);
    for (const asOf of [day, day.slice(0, 7), last]) {
      const { body, headers } = await first.get(`${PATH}/capacity?asOf=${asOf}`, { key: null });
      expect([asOf, body.position, headers['cache-control']]).toEqual([
        asOf,
        events.length,
        'public, max-age=5, stale-while-revalidate=60',
      ]);
    }
    const tomorrow = new Date(Date.parse(day) + 86_400_000).toISOString();
    for (const [name, text] of [
      ['asOf', tomorrow.slice(0, 10)],
      ['asOf', '2199-12'],
      ['asOf', new Date(now + 1).toISOString()],
      ['effectiveAt', tomorrow],
    ]) {
      const { status, body } = await first.get(`${PATH}/capacity?${name}=${text}`, { key: null });
      expect([text, status, body.code, body.errors?.[0]?.pointer]).toEqual([
        text,
        400,
        'point-in-the-future',
        `/${name}`,
      ]);
    }
  });

  it('have figures for a period: the difference of two states, at an address that stays', async () => {
    const day = (events[3_000]?.recordedAt ?? '').slice(0, 10);
    const next = (events[4_500]?.recordedAt ?? '').slice(0, 10);
    const before = (instant: string): number => events.filter(({ recordedAt }) => recordedAt < instant).length;
    const fromPosition = before(`${day}T00:00:00`);
    const position = before(`${next}T99`);
    expect([fromPosition > 0, position > fromPosition]).toEqual([true, true]);
    const period = { periodFrom: day, periodTo: next, fromPosition };
    const [state, begin] = [recomputed(position), { state: recomputed(fromPosition), period }];
    const expected = {
      'equal-access': equalAccessReport(state, {}, begin),
      capital: capitalReport(state, begin),
      capacity: capacityReport(state, undefined, period),
    };
    for (const [kind, report] of Object.entries(expected)) {
      const answer = await first.get(`${PATH}/${kind}?periodFrom=${day}&periodTo=${next}`, { key: null });
      expect([answer.status, answer.text]).toEqual([200, textOf(report)]);
      const address = answer.headers['content-location'] ?? '';
      expect(address).toBe(`${PATH}/${kind}?asOfPosition=${position}&method=2.0&periodFrom=${day}&periodTo=${next}`);
      const fixed = await second.get(address, { key: null });
      expect([fixed.text, fixed.headers['etag']]).toEqual([answer.text, answer.headers['etag']]);
      expect(fixed.headers['cache-control']).toContain('immutable');
      const table = await first.get(`${PATH}/${kind}.csv?periodFrom=${day}&periodTo=${next}`, { key: null });
      expect(table.text.split('\n', 1)[0]).toContain(',periodFrom,periodTo,position,');
    }
    const effective = await first.get(`${PATH}/capital?periodFrom=${day}&periodTo=${next}&periodBasis=effective`, {
      key: null,
    });
    expect(effective.body).toMatchObject({
      effectiveAt: `${next}T23:59:59.999Z`,
      period: { fromPosition: events.length },
    });
  });

  it('come month by month in one answer: each point is the report of its month', async () => {
    const [from, to] = [events[1_000], events.at(-1)].map((event) => (event?.recordedAt ?? '').slice(0, 7));
    for (const kind of ['equal-access', 'capital', 'capacity']) {
      const series = await first.get(`${PATH}/${kind}/series?from=${from}&to=${to}&interval=month`, { key: null });
      expect([kind, series.status]).toEqual([kind, 200]);
      const { points } = series.body;
      expect(points.length).toBeGreaterThan(3);
      for (const point of [points[0], points[2], points.at(-1)]) {
        const { periodFrom } = point.period;
        const month = await first.get(`${PATH}/${kind}?periodFrom=${periodFrom}&periodTo=${periodFrom}`, { key: null });
        expect(point).toEqual(month.body);
      }
      const table = await first.get(`${PATH}/${kind}/series.csv?from=${from}&to=${to}`, { key: null });
      expect(table.headers['content-type']).toContain('text/csv');
      expect(table.text).toContain(`,${to},${to},`);
    }
    const sums = (await first.get(`${PATH}/equal-access/series?from=2026-03&to=${to}`, { key: null })).body.points;
    const submitted = sums.reduce(
      (sum: number, { totals }: { totals: { submitted: number } }) => sum + totals.submitted,
      0,
    );
    expect(submitted).toBe(sums.at(-1).atEnd.submitted);
  });

  it.each([
    ['121 months', 'from=2026-01&to=2036-01'],
    ['an end before its begin', 'from=2026-04&to=2026-03'],
    ['a begin that is no month', 'from=2026-04-01&to=2026-05'],
  ])('are refused as a series of %s', async (_what, query) => {
    const { status, body } = await first.get(`${PATH}/capital/series?${query}`, { key: null });
    expect([status, body.code]).toEqual([400, 'malformed-parameter']);
    expect((await first.get(`${PATH}/capital/series?from=2026-03&to=2036-02`, { key: null })).status).toBe(200);
  });

  it('by an older method have the bytes of that method', async () => {
    const state = events.slice(0, 1_234).reduce((before, event) => METHOD_1.fold(before, event), METHOD_1.initial());
    const answer = await first.get(`${PATH}/capital?asOfPosition=1234&method=1.0`, { key: null });
    expect(answer.text).toBe(METHOD_1.text(state, rootOf(leaves.slice(0, 1_234)), { kind: 'capital' }));
  });

  it('narrow to a facility and a mode', async () => {
    const state = recomputed(events.length);
    const facilityId = '6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60';
    const answer = await first.get(`${PATH}/equal-access?mode=regular&facilityId=${facilityId}`, { key: null });
    expect(answer.text).toBe(textOf(equalAccessReport(state, { mode: 'regular', facilityId })));
    const capacity = await first.get(`${PATH}/capacity?facilityId=${facilityId}`, { key: null });
    expect(capacity.text).toBe(textOf(capacityReport(state, facilityId)));
  });

  it('come as CSV with a line for every category, the total and every country', async () => {
    const { text, headers } = await first.get(`${PATH}/equal-access.csv`, { key: null });
    expect(headers['content-type']).toContain('text/csv');
    const [head, ...lines] = text.trimEnd().split('\n');
    expect(head).toMatch(/^scope,category,country,pool,demandBasis,submitted,/);
    expect(lines.map((line) => line.split(',').slice(0, 3).join(','))).toEqual([
      ...['start-up', 'sme', 'scale-up', 'research', 'public-body', 'large-enterprise', 'tech-giant'].map(
        (category) => `category,${category},`,
      ),
      'total,,',
      ...['FI', 'GR', 'IT'].map((country) => `country,,${country}`),
    ]);
    for (const name of ['capital', 'capacity']) {
      const table = await first.get(`${PATH}/${name}.csv?asOfPosition=10`, { key: null });
      expect([table.status, table.headers['ledger-position']]).toEqual([200, '10']);
      expect(table.text).toContain(
        ',periodFrom,periodTo,position,asOf,effectiveAt,methodVersion,illustrative,treeSize,root',
      );
    }
  });

  it.each([
    ['asOf and asOfPosition together', `asOf=2026-03-02&asOfPosition=1`, 'malformed-parameter'],
    ['a position that is no number', 'asOfPosition=-1', 'malformed-parameter'],
    ['an instant that is none', 'asOf=yesterday', 'malformed-parameter'],
    ['a date that does not exist', 'asOf=2026-02-30', 'malformed-parameter'],
    ['a year', 'asOf=2026', 'malformed-parameter'],
    ['a method that does not exist', 'method=9.9', 'unknown-method'],
    ['a mode that does not exist', 'mode=express', 'malformed-parameter'],
    ['a pool that is no scope', 'pool=mine', 'malformed-parameter'],
    ['a pool by a method without pools', 'pool=all&method=1.0', 'malformed-parameter'],
    [
      'a period by a method without periods',
      'periodFrom=2026-03-02&periodTo=2026-03-03&method=1.0',
      'malformed-parameter',
    ],
    ['a period without an end', 'periodFrom=2026-03-02', 'malformed-parameter'],
    ['a period without a begin', 'periodTo=2026-03-02', 'malformed-parameter'],
    ['a period that ends before it begins', 'periodFrom=2026-03-03&periodTo=2026-03-02', 'malformed-parameter'],
    ['a period that has not begun', 'periodFrom=2199-01&periodTo=2199-02', 'point-in-the-future'],
    ['a period and asOf', 'periodFrom=2026-03-02&periodTo=2026-03-03&asOf=2026-03-03', 'malformed-parameter'],
    ['a parameter that does not exist', 'asof=2026-03-02', 'malformed-parameter'],
    ['a position that is not recorded yet', 'asOfPosition=99999999', 'position-not-recorded'],
  ])('refuse %s', async (_what, query, code) => {
    const { status, body } = await first.get(`${PATH}/equal-access?${query}`, { key: null });
    expect([status, body.code]).toEqual([400, code]);
  });

  it('reflect recent events, on the instance that wrote them and on the other', async () => {
    const partner = { legalName: 'Nordlys Materials', country: 'FI', legalForm: 'company' };
    const { body } = await first.must(first.post('/v1/partners', partner));
    for (const app of [first, second]) {
      const answer = await app.get(`${PATH}/equal-access?minPosition=${body.position}`, { key: null });
      expect(answer.body.position).toBeGreaterThanOrEqual(body.position);
    }
  });

  it('belong to the requested position under many concurrent readers', async () => {
    const positions = Array.from({ length: 15 }, (_, index) => 100 * (index + 1));
    const answers = await Promise.all(
      positions.flatMap((position) =>
        [1, 2].map(() => first.get(`${PATH}/equal-access?asOfPosition=${position}`, { key: null })),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(answers.map(({ body }) => body.position)).toEqual(positions.flatMap((position) => [position, position]));
  });

  it('are refused when too many readers wait for earlier positions, with the time for a retry', async () => {
    const places = first.app.get(CostlyReads);
    const leaves = [await places.enter('somebody'), await places.enter('somebody')];
    const refused: TestAnswer[] = [];
    const reads = Array.from({ length: 140 }, async (_, index) => {
      const answer = await first.get(`${PATH}/equal-access?asOfPosition=${1_500 + index}`, { key: null });
      if (answer.status !== 200) refused.push(answer);
    });
    // A hundred readers of one address wait, and nobody of them comes in.
    while (refused.length < 40) await sleep(5);
    expect(places.waiting).toBe(100);
    for (const leave of leaves) leave();
    await Promise.all(reads);
    expect(refused).toHaveLength(40);
    for (const { status, body, headers } of refused) {
      expect([status, body.code]).toEqual([503, 'too-many-reads']);
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    }
  });

  it('store states at fixed positions, with the same text on every instance', async () => {
    const { pool } = first.app.get<Runtime>(RUNTIME);
    const { rows } = await pool.query<{ position: number; state: string }>(
      'select position, state from report_states order by position',
    );
    const state = initialFoldState();
    const expected: typeof rows = [];
    for (const event of events) {
      fold(state, event);
      if (event.position % STATE_EVERY_EVENTS === 0 && event.position % spacing(METHOD_2.entryCount(state)) === 0) {
        expected.push({ position: event.position, state: serialise(METHOD_2, state) });
      }
    }
    expect(expected.length).toBeGreaterThan(5);
    expect(rows).toEqual(expected);
  });

  it('store large states further apart than small ones', () => {
    const holding = (partners: number): FoldState => {
      const state = initialFoldState();
      for (let number = 0; number < partners; number += 1) state.partners.set(String(number), NO_FACTS);
      return state;
    };
    // A partner counts as two entries.
    expect([0, 2_000, 2_001, 500_000].map((partners) => spacing(METHOD_2.entryCount(holding(partners))))).toEqual([
      STATE_EVERY_EVENTS,
      STATE_EVERY_EVENTS,
      2 * STATE_EVERY_EVENTS,
      5_000,
    ]);
  });

  it('stop at an event of an unknown type instead of skipping it', async () => {
    const [last] = events.slice(-1);
    if (!last) throw new Error('There is no history.');
    const id = '00000000-0000-8000-9000-000000000001';
    await write(first, [
      { ...last, id, commandId: id, stream: 'fund-unheard', type: 'loss-forgiven', recordedAt: last.recordedAt },
    ]);
    const head = await first.app.get<EventStore>(EVENT_STORE).head();
    for (const app of [first, second]) {
      const { status, body } = await app.get(`${PATH}/capital?minPosition=${head}`, { key: null });
      expect([status, body.code]).toEqual([503, 'position-not-reached']);
      expect(app.app.get(ReportFollower).status().failure).toContain('loss-forgiven');
    }
  });
});
