import { EVENT_STORE, type EventStore } from '../../../src/ledger/event-store.js';
import { METHODS, MethodRegistry } from '../../../src/transparency/methods.js';
import { startProgramme, type Programme } from '../../access/programme.js';
import { startTestApp, type TestAnswer, type TestApp } from '../../support/app.js';
import { NEXT_METHODS } from '../made-up-method.js';

const PATH = '/v1/transparency';
const METHOD = METHODS.current;
const KINDS = ['equal-access', 'capital', 'capacity'] as const;
const LIVE = 'public, max-age=5, stale-while-revalidate=60';
const SETTLED = 'public, max-age=3600, stale-while-revalidate=86400';
const IMMUTABLE = 'public, max-age=31536000, immutable';

/** How often the service made the bytes of a report. */
let made = 0;
const COUNTING = new MethodRegistry([
  {
    ...METHOD,
    text: (...report) => {
      made += 1;
      return METHOD.text(...report);
    },
  },
]);

let programme: Programme;
let api: TestApp;
let counting: TestApp;
let siteId: string;
let callId: string;
let partnerId: string;

beforeAll(async () => {
  programme = await startProgramme();
  api = programme.ledger;
  siteId = await programme.facility();
  callId = await programme.call(siteId);
  partnerId = await programme.partner();
  await programme.grant(callId, partnerId);
  counting = await startTestApp({
    sharedWith: api,
    clock: () => Date.parse('2026-06-15T12:00:00Z'),
    methods: COUNTING,
  });
});
afterAll(async () => {
  await counting?.stop();
  await api.stop();
});

const head = (): Promise<number> => api.app.get<EventStore>(EVENT_STORE).head();
const read = (path: string, headers: Record<string, string> = {}, app = api): Promise<TestAnswer> =>
  app.get(path, { key: null, headers: { 'accept-encoding': 'identity', ...headers } });

describe('the permanent address of a report', () => {
  it('is in every answer, and has the same bytes there, for a cache to keep for ever', async () => {
    const position = await head();
    for (const kind of KINDS) {
      const live = await read(`${PATH}/${kind}?minPosition=${position}`);
      expect(live.headers['cache-control']).toBe(LIVE);
      const address = live.headers['content-location'] ?? '';
      expect(address).toBe(`${PATH}/${kind}?asOfPosition=${position}&method=${METHOD.version}`);
      const fixed = await read(address);
      expect(fixed.headers).toMatchObject({
        'cache-control': IMMUTABLE,
        'content-location': address,
        etag: live.headers['etag'],
        'last-modified': new Date(live.body.asOf).toUTCString(),
      });
      expect(fixed.text).toBe(live.text);
    }
    const narrowed = `${PATH}/equal-access?facilityId=${siteId}&mode=regular&effectiveAt=2026-06-01`;
    expect((await read(narrowed)).headers['content-location']).toBe(
      `${PATH}/equal-access?asOfPosition=${position}&method=${METHOD.version}&effectiveAt=2026-06-01T23%3A59%3A59.999Z&facilityId=${siteId}&mode=regular`,
    );
  });

  it('keeps its bytes whatever is recorded later, on other instances, and under a program with a newer method', async () => {
    const position = await head();
    const addresses = KINDS.flatMap((kind) => [
      `${PATH}/${kind}?asOfPosition=${position}&method=${METHOD.version}`,
      `${PATH}/${kind}?asOfPosition=${position}&method=${METHOD.version}&effectiveAt=2026-06-15T12:00:00Z`,
      `${PATH}/${kind}?asOfPosition=${position - 1}&method=${METHOD.version}&effectiveAt=2026-06-01`,
    ]);
    const before = await Promise.all(addresses.map((address) => read(address)));
    expect(before.map(({ status }) => status)).toEqual(before.map(() => 200));

    // The facility turns illustrative, the partner changes its category, the texts of the request are erased, a policy judges ratios.
    const { body } = await api.must(programme.request(callId, partnerId, { illustrative: true }));
    await api.must(
      api.post(`/v1/partners/${partnerId}/classifications`, {
        category: 'start-up',
        basis: 'GBER',
        evidenceRef: 'register',
        effectiveFrom: '2026-06-01',
      }),
    );
    await api.must(api.post(`/v1/subjects/${body.id}/erasure`, { reason: 'Art. 17 GDPR' }));
    const boardKey = await api.keyFor(['board']);
    const policy = {
      policy: 'impact-ratio-minimum',
      value: { decidedMin: 1, flagBelow: 0.8 },
      effectiveFrom: '2026-06-01',
      reason: 'Decision 1',
    };
    await api.must(api.post('/v1/policies', policy, { key: boardKey }));
    await programme.grant(callId, partnerId);

    const now = await head();
    const live = await read(`${PATH}/capacity?minPosition=${now}`);
    expect(live.body.illustrative).toBe(true);
    const newer = await startTestApp({
      sharedWith: api,
      clock: () => Date.parse('2026-06-15T12:00:00Z'),
      methods: NEXT_METHODS,
    });
    try {
      for (const app of [api, counting, newer]) {
        const after = await Promise.all(addresses.map((address) => read(`${address}&minPosition=${now}`, {}, app)));
        expect(after.map(({ text }) => text)).toEqual(before.map(({ text }) => text));
        expect(after.map(({ headers }) => headers['etag'])).toEqual(before.map(({ headers }) => headers['etag']));
      }
      // Without its method the address means the current method, so that no cache may keep it for ever.
      const unnamed = await read(`${PATH}/equal-access?asOfPosition=${position}`, {}, newer);
      expect([unnamed.body.methodVersion, unnamed.headers['cache-control']]).toEqual(['9.1', SETTLED]);
    } finally {
      await newer.stop();
    }
  });
});

describe('a time that is asked about', () => {
  it('is settled when something was recorded after it, and else lives', async () => {
    const position = await head();
    const now = await read(`${PATH}/capital?asOf=2026-06-15&method=${METHOD.version}&minPosition=${position}`);
    expect(now.headers).toMatchObject({ 'cache-control': LIVE, 'ledger-as-of': '2026-06-15T23:59:59.999Z' });
    const at = Date.parse('2026-07-01T00:00:00Z');
    const later = await startTestApp({ sharedWith: api, clock: () => at });
    try {
      await later.must(later.post('/v1/partners', { legalName: 'Later', country: 'SE', legalForm: 'company' }));
      const next = await head();
      for (const [query, caching] of [
        [`asOf=2026-06-15&method=${METHOD.version}`, IMMUTABLE],
        [`asOf=2026-06-30T23:59:59.999Z`, SETTLED],
        [`asOf=2026-06`, SETTLED],
        [`asOf=2026-07-01`, LIVE],
      ] as const) {
        const { headers } = await read(`${PATH}/capital?${query}&minPosition=${next}`, {}, later);
        expect([query, headers['cache-control'], headers['ledger-position']]).toEqual([
          query,
          caching,
          String(query.includes('07-01') ? next : position),
        ]);
      }
    } finally {
      await later.stop();
    }
  });
});

describe('a caller that holds a report', () => {
  it('is told so before the report is made, until something is recorded', async () => {
    const position = await head();
    for (const query of [
      `minPosition=${position}`,
      `asOfPosition=${position - 2}`,
      `asOfPosition=${position - 3}&method=${METHOD.version}`,
    ]) {
      const path = `${PATH}/capital?${query}`;
      const etag = (await read(path)).headers['etag'] ?? '';
      const before = made;
      for (const tag of [etag, `W/${etag}`]) {
        const held = await read(path, { 'if-none-match': tag }, counting);
        expect([query, held.status, held.text, held.headers['etag']]).toEqual([query, 304, '', etag]);
      }
      expect(made).toBe(before);
      expect((await read(path, { 'if-none-match': '"other"' }, counting)).status).toBe(200);
      expect(made).toBe(before + 1);
    }
  });

  it('gets its own write, also when it holds the report before it', async () => {
    const path = `${PATH}/equal-access`;
    const before = await read(path);
    const { body } = await api.must(
      api.post('/v1/partners', { legalName: 'New', country: 'SE', legalForm: 'company' }),
    );
    const tag = { 'if-none-match': before.headers['etag'] ?? '' };
    const after = await read(`${path}?minPosition=${body.position}`, tag);
    expect([after.status, after.body.position >= body.position]).toEqual([200, true]);
  });

  it('holds exactly this form of it: every report, filter, dialect and position has a tag of its own', async () => {
    // The first position: the report of the present may be a moment behind the head.
    const paths = [
      ...KINDS.flatMap((kind) => [
        kind,
        `${kind}.csv`,
        `${kind}.csv?dialect=comma-bom`,
        `${kind}.csv?dialect=semicolon-bom`,
      ]),
      `equal-access?facilityId=${siteId}`,
      `capacity?facilityId=${siteId}`,
      'equal-access?mode=regular',
      'equal-access?effectiveAt=2026-06-01',
      'equal-access?effectiveAt=2026-06-02',
      'capital?asOfPosition=1',
    ];
    const tags = await Promise.all(paths.map(async (path) => (await read(`${PATH}/${path}`)).headers['etag']));
    expect(new Set(tags).size).toBe(paths.length);
    const accepted = await read(`${PATH}/capital`, { accept: 'text/csv' });
    expect(accepted.headers['etag']).toBe(tags[paths.indexOf('capital.csv')]);
    expect(accepted.headers).toMatchObject({
      'content-disposition': `attachment; filename="capital-${accepted.headers['ledger-position']}.csv"`,
      link: `<${PATH}/capital.csv-metadata.json>; rel="describedby"; type="application/csvm+json"`,
    });
  });

  it('is refused a position that is not recorded, whatever it holds', async () => {
    const { status, body } = await read(`${PATH}/capital?asOfPosition=999999`, { 'if-none-match': '*' });
    expect([status, body.code]).toEqual([400, 'position-not-recorded']);
  });
});
