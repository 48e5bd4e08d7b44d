import { until } from '../witness/running-witness.js';
import { startTestApp, type TestApp } from '../support/app.js';

const YEAR_MS = 365 * 86_400_000;

describe('a service whose clock is wrong', () => {
  let ahead = 0;
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ clock: () => Date.now() + ahead, env: { CLOCK_AHEAD_SECONDS_MAX: '60' } });
  });
  afterAll(() => app.stop());

  const partner = { legalName: 'Alpha AB', country: 'SE', legalForm: 'company' };
  const post = (idempotencyKey: string) => app.post('/v1/partners', partner, { idempotencyKey });

  it('answers 503 to every command, says so in its probes, and records each once when the clock is set', async () => {
    expect((await post('before')).status).toBe(201);
    ahead = YEAR_MS;
    const begun = performance.now();
    const refused = await Promise.all(['first', 'second', 'first-of-many'].map(post));
    for (const { status, body, headers } of refused) {
      expect([status, body.code, headers['retry-after']]).toEqual([503, 'clock-ahead', '1']);
      expect(body).toMatchObject({
        aheadSecondsMax: 60,
        clock: expect.stringMatching(/Z$/),
        databaseClock: expect.stringMatching(/Z$/),
      });
    }
    // A store that does not answer is asked again for ten seconds. A clock is not.
    expect(performance.now() - begun).toBeLessThan(9_000);
    const readiness = await app.get('/readyz', { key: null });
    expect([readiness.status, readiness.body.reason]).toEqual([
      503,
      expect.stringMatching(/the clock of this machine/),
    ]);
    const metrics = (await app.get('/metrics', { key: null })).text;
    const seconds = Number(/^ppp_clock_ahead_seconds (\S+)$/m.exec(metrics)?.[1]);
    expect(Math.abs(seconds - YEAR_MS / 1_000)).toBeLessThan(60);
    // What was recorded before is answered, and read.
    expect([(await post('before')).status, (await app.get('/v1/partners')).status]).toEqual([201, 200]);

    ahead = 0;
    expect((await Promise.all(['first', 'second'].map(post))).map(({ status }) => status)).toEqual([201, 201]);
    expect((await app.get('/v1/events')).body.data).toHaveLength(3);
    // The last answer is kept for a moment.
    await until(
      async () => (await app.get('/readyz', { key: null })).body.reason,
      (reason = '') => !/clock/.test(reason),
    );
  });
});
