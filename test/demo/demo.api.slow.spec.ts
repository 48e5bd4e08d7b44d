import { runDemo } from '../../src/demo/demo.js';
import { ApiClient } from '../../src/client/api-client.js';
import { demoKeys } from '../../src/demo/keys.js';
import { Loader } from '../../src/demo/loader.js';
import { demoProgramme } from '../../src/demo/programme.js';
import type { RequestPlan } from '../../src/demo/request-plan.js';
import { OPERATOR_KEY, startTestApp } from '../support/app.js';
import { firstClicks } from './first-clicks.js';
import { AGGREGATES } from '../../src/aggregates.js';
import { UrlSource } from '../../src/audit/audit-source-url.js';
import { verify } from '../../src/audit/verify.js';
import { EventReader } from '../../src/ledger/event-reader.js';
import type { TestAnswer, TestApp } from '../support/app.js';

/** Long enough on a machine that also runs other specs. */
const LOAD_MS_MAX = 120_000;
/** A twentieth of the requests: every kind of command, in a short time. */
const SCALE = 0.05;
const LINE_LENGTH_MAX = 100;
/**
 * A load that stops after this wave has registered partners, signed commitments and submitted requests, but has not
 * decided all of them.
 */
const INTERRUPTED_AFTER_WAVE = 4;

const { commands, keyPrefix, access } = demoProgramme({ scale: SCALE });
const count = (...kinds: readonly RequestPlan['outcome']['kind'][]): number =>
  access.requests.filter(({ outcome }) => kinds.includes(outcome.kind)).length;

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
}, LOAD_MS_MAX);
afterAll(() => app.stop());

/** What no example can show on the demo, or should not do on a first click: end a key, erase a person. */
const NOT_ON_THE_FIRST_CLICK = {
  'POST /v1/api-keys/{id}/revocation': '404 unknown-api-key',
  'POST /v1/subjects/{id}/erasure': '404 unknown-subject',
  'POST /v1/funds/{id}/tranches': '409 layers-settled',
  'POST /v1/funds/{id}/financial-close': '409 financial-close-reached-already',
  // The first check of a service is ten minutes after its start.
  'GET /v1/transparency/attestations': 'empty',
  // Nobody has asked for a decrease, and the demo has no pools.
  'POST /v1/commitments/{id}/decrease-requests/{requestId}/acceptance': '404 unknown-commitment',
  'POST /v1/facilities/{id}/donations': '404 unknown-pool',
  'POST /v1/facilities/{id}/entitlements': '409 contribution-without-pool',
  'POST /v1/facilities/{id}/ownership-transfer': '404 unknown-pool',
  'POST /v1/facilities/{id}/pool-assignments': '404 unknown-allocation',
  'POST /v1/facilities/{id}/preferential-access': '404 unknown-partner',
  'GET /log/checkpoint/witnessed': '404 not-witnessed',
};

const tablesOf = (out: string): string => (out.split('ILLUSTRATIVE')[0] ?? '').replaceAll(/Position \d+/g, 'Position');

async function demo() {
  const [out, err]: [string[], string[]] = [[], []];
  const summary = await runDemo({
    baseUrl: app.url,
    operatorKey: OPERATOR_KEY,
    out: { write: (text) => out.push(text) },
    err: { write: (text) => err.push(text) },
    scale: SCALE,
  });
  return { summary, out: out.join(''), err: err.join('') };
}

describe('the demo on a real ledger', () => {
  it(
    'finishes an interrupted load, gets only expected refusals, and loads nothing when it is started again',
    async () => {
      const begun = commands.filter(({ wave }) => wave <= INTERRUPTED_AFTER_WAVE);
      const loader = new Loader({
        baseUrl: app.url,
        keys: await demoKeys(new ApiClient(app.url), OPERATOR_KEY),
        progress: { write: () => undefined },
      });
      await loader.load({ keyPrefix, commands: begun });
      const first = await demo();
      expect(first.summary).toMatchObject({ loaded: true, commands: commands.length, replayed: begun.length });
      expect(first.summary.refusals).toMatchObject([
        { name: access.overAllocation, status: 409, code: 'capacity-exceeded' },
      ]);
      expect(first.err).toContain(`100 %  ${commands.length} of ${commands.length} commands`);

      const second = await demo();
      expect(second.summary.loaded).toBe(false);
      // Only the keys are new, and in the reports the positions of their events.
      expect(tablesOf(second.out)).toBe(tablesOf(first.out));
    },
    LOAD_MS_MAX,
  );

  it('records events that fit their schemas, and none with a member more', async () => {
    const reader = new EventReader(AGGREGATES);
    let count = 0;
    for (let query: string | null = 'limit=200'; query !== null;) {
      const { body }: TestAnswer = await app.get(`/v1/events?${query}`);
      for (const event of body.data) {
        expect([event, reader.misfitOf(event)]).toEqual([event, undefined]);
        expect(reader.misfitOf({ ...event, data: { ...event.data, added: 1 } })).toBeDefined();
      }
      count += body.data.length;
      query = body.next === null ? null : `cursor=${body.next}`;
    }
    expect(count).toBeGreaterThan(500);
  });

  it('records a history in which "audit verify" finds nothing', async () => {
    const source = await UrlSource.open(app.url);
    const { verdict, finding, entries } = await verify(source, { trust: {}, aggregates: AGGREGATES });
    expect({ verdict, finding }).toEqual({ verdict: 'verified', finding: undefined });
    expect(entries).toBeGreaterThan(500);
  });

  it('prints both tables, marks them as illustrative, and names the next steps, in lines that fit a terminal', async () => {
    const { out } = await demo();
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(LINE_LENGTH_MAX);
    for (const text of ['Equal access', 'tech-giant', 'Capital', 'first-loss', 'member-state', 'ILLUSTRATIVE']) {
      expect(out).toContain(text);
    }
    for (const address of [`${app.url}/docs`, `${app.url}/v1/transparency/equal-access`])
      expect(out).toContain(address);
    const path = /"\$URL(\/v1\/grants[^"]*)"/.exec(out)?.[1] ?? '';
    const key = /OPERATOR_KEY='([^']+)'/.exec(out)?.[1] ?? '';
    const answer = await app.get(path, { key });
    expect(answer.status).toBe(200);
    expect(answer.body.data.length).toBeGreaterThan(0);
    const past = /(\/v1\/transparency\/equal-access\?effectiveAt=\S+)/.exec(out)?.[1] ?? '';
    const { body: then } = await app.get(past, { key: null });
    const { body: now } = await app.get('/v1/transparency/equal-access', { key: null });
    expect(then.totals.submitted).toBeGreaterThan(0);
    expect(then.totals.submitted).toBeLessThan(now.totals.submitted);
  });

  it('prints a key of the operator, the panel and the board; those that it makes expire within a day', async () => {
    const { out } = await demo();
    const keys = [...out.matchAll(/^ {2}(operator|panel|board) .*\n +(\S+)$/gm)].map(([, role, key]) => ({
      role,
      key,
    }));
    expect(keys.map(({ role }) => role)).toEqual(['operator', 'panel', 'board']);
    const { body } = await app.get('/v1/events?type=api-key-issued&limit=200', { key: null });
    const made = body.data.filter(({ data }: { data: { name: string } }) => data.name.startsWith('Demo: '));
    expect(made.length).toBeGreaterThanOrEqual(2);
    for (const { data, recordedAt } of made) {
      expect(Date.parse(data.expiresAt)).toBeGreaterThan(Date.parse(recordedAt));
      expect(Date.parse(data.expiresAt)).toBeLessThanOrEqual(Date.parse(recordedAt) + 24 * 3_600_000);
    }
  });

  it('publishes two reports, once', async () => {
    await demo();
    await demo();
    const { body } = await app.get('/v1/transparency/reports', { key: null });
    expect(body.data).toMatchObject([
      { kind: 'equal-access', interim: true },
      { kind: 'capital', interim: true },
    ]);
  });

  it('shows in the equal-access report the numbers of the programme', async () => {
    const { body } = await app.get('/v1/transparency/equal-access', { key: null });
    expect(body.totals).toMatchObject({
      submitted: access.requests.length,
      withdrawn: count('withdrawn'),
      ineligible: count('ineligible'),
      pending: count('pending', 'unchecked'),
      denied: count('denied'),
      granted: count('granted'),
      chipHoursRequested: access.requests.reduce((total, { chipHours }) => total + chipHours, 0),
    });
    const ofAcquired = access.requests.filter(({ name }) => access.acquired.after.includes(name));
    expect(new Set(ofAcquired.map(({ category }) => category))).toEqual(new Set(['tech-giant']));
    for (const { category, submitted } of body.categories) {
      expect(submitted).toBe(access.requests.filter((request) => request.category === category).length);
    }
    expect(body.illustrative).toBe(true);
  });

  it('shows commitments in every state and four facilities with all their chips', async () => {
    const { body } = await app.get('/v1/transparency/capital', { key: null });
    const all = body.totals.find(({ partnerKind }: { partnerKind: string }) => partnerKind === 'all');
    for (const field of ['pledgedMinor', 'committedMinor', 'calledMinor', 'paidMinor', 'distributedMinor']) {
      expect(BigInt(all[field])).toBeGreaterThan(0n);
    }
    const { body: page } = await app.get('/v1/facilities?limit=200');
    expect(page.data.filter(({ kind }: { kind: string }) => kind === 'ai-gigafactory')).toHaveLength(4);
    expect(page.data).toHaveLength(23);
  });

  // The last test: it records what the examples say.
  it('answers the first click on every operation of the documentation', async () => {
    expect(await firstClicks(app, await demoKeys(new ApiClient(app.url), OPERATOR_KEY))).toEqual(
      NOT_ON_THE_FIRST_CLICK,
    );
  });
});
