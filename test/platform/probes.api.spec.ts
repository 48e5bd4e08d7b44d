import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../src/platform/database/migrate.js';
import { startTestApp, type TestAnswer, type TestApp } from '../support/app.js';
import { startPrimary, type TestServer } from '../support/standby.js';
import { until } from '../witness/running-witness.js';

/** What a prober waits for. */
const PROBE_MS = 1_000;
const ROUNDS_MIN = 3;
const ROUNDS_MAX = 30;

describe('the probes of a service whose database falls silent', () => {
  let folder: string;
  let server: TestServer;
  let app: TestApp;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-probes-'));
    await chmod(folder, 0o755);
    server = await startPrimary(join(folder, 'data'));
    await migrate(server.url, { log: { info: () => undefined } });
    app = await startTestApp({ databaseUrl: server.url });
    await app.must(app.post('/v1/partners', { legalName: 'Alpha AB', country: 'SE', legalForm: 'company' }));
  }, 120_000);
  afterAll(async () => {
    server.goOn();
    await app.stop();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** The answer, and how long it took. */
  const probe = async (path: string): Promise<TestAnswer & { ms: number }> => {
    const begun = performance.now();
    const answer = await app.get(path, { key: null });
    return { ...answer, ms: performance.now() - begun };
  };
  const ready = (): Promise<TestAnswer> =>
    until(
      () => app.get('/readyz', { key: null }),
      ({ status }) => status === 200,
    );

  const complete = (): Promise<TestAnswer> =>
    until(
      () => probe('/metrics'),
      ({ text }) => /^ppp_metrics_left_out 0$/m.test(text),
    );

  it('answer within a second with what the process knows, and recover by themselves', async () => {
    await ready();
    expect((await complete()).text).toMatch(/^ppp_ledger_position 1$/m);
    await server.pause();
    // What was read before the pause is given for a moment longer.
    await until(
      () => probe('/metrics'),
      ({ text }) => /^ppp_metrics_left_out [1-9]\d*$/m.test(text),
    );
    await until(
      () => probe('/readyz'),
      ({ status }) => status === 503,
    );
    // Many probers together, and again: those that find no answer must not keep the later ones waiting.
    const quickest = { live: Infinity, ready: Infinity, metrics: Infinity };
    const isInTime = (): boolean => Object.values(quickest).every((ms) => ms < PROBE_MS);
    for (let round = 0; round < ROUNDS_MIN || (round < ROUNDS_MAX && !isInTime()); round += 1) {
      const ask = (path: string): Promise<(TestAnswer & { ms: number })[]> =>
        Promise.all(Array.from({ length: 10 }, () => probe(path)));
      const [lives, readinesses, metrics] = await Promise.all([ask('/livez'), ask('/readyz'), ask('/metrics')]);
      for (const { status } of lives) expect(status).toBe(200);
      for (const { status, body } of readinesses) {
        expect(status).toBe(503);
        expect(body).toMatchObject({
          status: 'unready',
          position: null,
          reason: 'Unknown: the database does not answer within 500 ms.',
        });
      }
      for (const { status, text } of metrics) {
        expect(status).toBe(200);
        expect(text).toMatch(/^nodejs_heap_size_used_bytes \d+$/m);
        expect(text).toMatch(/^ppp_commands_queued 0$/m);
        expect(text).toMatch(/^ppp_metrics_left_out [1-9]\d*$/m);
        expect(text).not.toMatch(/^(ppp_ledger_position|ppp_log_size|ppp_projection_lag_events\{.*) \d/m);
      }
      const quickestOf = (answers: readonly { ms: number }[]): number => Math.min(...answers.map(({ ms }) => ms));
      quickest.live = Math.min(quickest.live, quickestOf(lives));
      quickest.ready = Math.min(quickest.ready, quickestOf(readinesses));
      quickest.metrics = Math.min(quickest.metrics, quickestOf(metrics));
    }
    // Other work on this machine may delay any answer. Without a bound of its own no answer would be in time.
    expect(Object.entries(quickest).filter(([, ms]) => ms >= PROBE_MS)).toEqual([]);
    server.goOn();
    await ready();
    const after = await complete();
    expect(after.text).toMatch(/^ppp_ledger_position 1$/m);
    expect(after.text).toMatch(/^ppp_projection_lag_events\{projection="partners"\} 0$/m);
  }, 120_000);
});
