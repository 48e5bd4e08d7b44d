import { runDemo } from '../../src/demo/demo.js';
import { Loader } from '../../src/demo/loader.js';
import { demoProgramme } from '../../src/demo/programme.js';
import type { RequestPlan } from '../../src/demo/request-plan.js';
import { OPERATOR_KEY, startTestApp } from '../support/app.js';
import type { TestApp } from '../support/app.js';

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
      const loader = new Loader({ baseUrl: app.url, operatorKey: OPERATOR_KEY, progress: { write: () => undefined } });
      await loader.load({ keyPrefix, commands: begun });
      const first = await demo();
      expect(first.summary).toMatchObject({ loaded: true, commands: commands.length, replayed: begun.length });
      expect(first.summary.refusals).toMatchObject([
        { name: access.overAllocation, status: 409, code: 'capacity-exceeded' },
      ]);
      expect(first.err).toContain(`100 %  ${commands.length} of ${commands.length} commands`);

      const second = await demo();
      expect(second.summary.loaded).toBe(false);
      expect(second.out).toBe(first.out);
    },
    LOAD_MS_MAX,
  );

  it('prints both tables, marks them as illustrative, and names the next steps, in lines that fit a terminal', async () => {
    const { out } = await demo();
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(LINE_LENGTH_MAX);
    for (const text of ['Equal access', 'tech-giant', 'Capital', 'first-loss', 'member-state', 'ILLUSTRATIVE']) {
      expect(out).toContain(text);
    }
    for (const address of [`${app.url}/docs`, `${app.url}/v1/transparency/equal-access`])
      expect(out).toContain(address);
    const url = /'(http[^']*grants[^']*)'/.exec(out)?.[1] ?? '';
    const answer = await app.get(url.slice(app.url.length));
    expect(answer.status).toBe(200);
    expect(answer.body.data.length).toBeGreaterThan(0);
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
});
