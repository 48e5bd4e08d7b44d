import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { drainOf } from '../../src/app.js';
import { startEmbeddedDatabase, type EmbeddedDatabase } from '../../src/platform/database/embedded-database.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { OPERATOR_KEY, startTestApp, type TestAnswer, type TestApp } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { PostgresProxy, upstreamOf } from '../support/postgres-proxy.js';

/** FAULTS=long: the database stays away for as long as a server takes to start again; the queue and a disk are filled. */
const isLong = process.env['FAULTS'] === 'long';
const OUTAGE_MS = isLong ? 30_000 : 1_500;
const inTheLongForm = isLong ? it : it.skip;
const RETRY_MS = 50;
const QUEUE_MAX = 10_000;

const partnerOf = (key: string): object => ({ legalName: `Partner ${key}`, country: 'SE', legalForm: 'company' });

/** The answers that clients got. */
class Clients {
  readonly heard = new Map<string, TestAnswer>();
  readonly turnedAway = new Map<string, number>();

  /** Sends a command under its key to one instance after the other, until one answers it. */
  async insist(key: string, instances: () => readonly TestApp[]): Promise<TestAnswer> {
    for (let tries = 0; ; tries += 1) {
      const running = instances();
      const app = running[tries % running.length];
      const answer = await app?.post('/v1/partners', partnerOf(key), { idempotencyKey: key }).catch(() => undefined);
      if (answer && answer.status !== 503 && answer.body.code !== 'command-in-progress') {
        this.heard.set(key, answer);
        return answer;
      }
      if (answer?.status === 503) expect(answer.headers['retry-after']).toBe('1');
      const reason = String(answer?.body.code ?? 'connection lost');
      this.turnedAway.set(reason, (this.turnedAway.get(reason) ?? 0) + 1);
      await sleep(RETRY_MS);
    }
  }
}

describe('a service around which something fails', () => {
  let database: TestDatabase;
  let proxy: PostgresProxy;
  let app: TestApp;
  let clients: Clients;

  beforeEach(async () => {
    database = await createTestDatabase();
    proxy = await PostgresProxy.open(upstreamOf(database.url));
    clients = new Clients();
  }, 60_000);
  afterEach(async () => {
    await proxy.close();
    await database.drop();
  });
  const start = async (options = {}): Promise<TestApp> =>
    startTestApp({ databaseUrl: proxy.urlOf(database.url), ...options });
  const insist = (key: string): Promise<TestAnswer> => clients.insist(key, () => [app]);

  /** Every answered command was recorded once, in one row; no other command was recorded. */
  async function check(pool = database.pool): Promise<void> {
    const { rows } = await pool.query<{ id: string; position: number }>(
      `select envelope::json ->> 'stream' as id, position from events where type = 'partner-registered' order by position`,
    );
    const answered = [...clients.heard.values()].map(({ body }) => ({
      id: `partner-${body.id}`,
      position: body.position,
    }));
    expect(rows).toEqual(answered.sort((a, b) => a.position - b.position));
    const last = rows.at(-1)?.position ?? 0;
    const list = await app.get(`/v1/partners?limit=1&minPosition=${last}`);
    expect(list.status).toBe(200);
    const views = await pool.query<{ count: number }>('select count(*) from partners');
    expect(views.rows[0]?.count).toBe(rows.length);
  }

  it(
    `answers 503 while the database is away for ${OUTAGE_MS / 1_000} s, and executes every command once when it is back`,
    async () => {
      app = await start();
      let working = true;
      let sent = 0;
      const work = Array.from({ length: 8 }, async () => {
        while (working) expect((await insist(`outage-${(sent += 1)}`)).status).toBe(201);
      });
      await sleep(300);
      proxy.goAway();
      const readsUntil = Date.now() + OUTAGE_MS;
      while (Date.now() < readsUntil) {
        const answers = await Promise.all([app.get('/v1/partners'), app.get('/readyz')]);
        expect(answers.map(({ status }) => status)).toEqual([503, 503]);
        expect(answers[0]?.headers['retry-after']).toBe('1');
        expect((await app.get('/livez')).status).toBe(200);
        await sleep(RETRY_MS);
      }
      proxy.comeBack();
      await sleep(300);
      working = false;
      await Promise.all(work);
      await check();
      // Every follower retries by itself, a few seconds after the outage at the latest.
      while ((await app.get('/readyz')).status !== 200) await sleep(RETRY_MS);
      await app.stop();
    },
    OUTAGE_MS + 60_000,
  );

  it('executes a batch once that was cut off in the middle, and answers it without another request', async () => {
    app = await start();
    for (let round = 0; round < 5; round += 1) {
      proxy.arm({ commit: 'append', moment: round % 2 ? 'during' : 'before', after: 1 }, () => 'cut');
      await Promise.all(Array.from({ length: 20 }, (_, index) => insist(`cut-${round}-${index}`)));
      proxy.disarm();
    }
    expect(clients.turnedAway.size).toBe(0);
    await check();
    await app.stop();
  }, 60_000);

  it('finds the outcome of a commit whose answer was lost', async () => {
    app = await start();
    let lost = false;
    proxy.arm({ commit: 'append', moment: 'done', after: 0 }, () => {
      lost = true;
      return 'cut';
    });
    const answer = await insist('lost');
    expect([lost, answer.status, answer.headers['idempotency-replayed']]).toEqual([true, 201, 'true']);
    await check();
    await app.stop();
  });

  // The queue itself has its tests beside the ledger.
  inTheLongForm(
    'turns away what is more than it can hold while the database is silent, and answers all that it holds',
    async () => {
      app = await start();
      await insist('first');
      proxy.freeze();
      const server = app.app.getHttpAdapter().getInstance();
      const statuses = await Promise.all(
        Array.from({ length: QUEUE_MAX + 100 }, async (_, index) => {
          // As many turns of the event loop as a thousand connections take.
          if (index % 1_000 === 0) await new Promise(setImmediate);
          const answer = await server.inject({
            method: 'POST',
            url: '/v1/partners',
            headers: { authorization: `Bearer ${OPERATOR_KEY}`, 'idempotency-key': `queue-${index}` },
            payload: partnerOf(String(index)),
          });
          if (answer.statusCode !== 503) return answer.statusCode;
          expect(answer.headers['retry-after']).toBe('1');
          // The first refused command shows that the queue is full. The database may answer again.
          proxy.thaw();
          return String((JSON.parse(answer.payload) as { code: string }).code);
        }),
      );
      const counted = Object.fromEntries(
        [...new Set(statuses)].map((one) => [one, statuses.filter((s) => s === one).length]),
      );
      expect(counted).toEqual({ 201: QUEUE_MAX, 'queue-full': 100 });
      await app.stop();
    },
    120_000,
  );

  it('keeps the order of time when its clock jumps', async () => {
    let ahead = 0;
    app = await start({ clock: () => Date.now() + ahead });
    const days = [0, -400, 0.5, -1, 30, 0];
    for (const [index, day] of days.entries()) {
      ahead = day * 86_400_000;
      expect((await insist(`clock-${index}`)).status).toBe(201);
    }
    const times = [...clients.heard.values()].map(({ body }) => String(body.recordedAt));
    expect(times).toEqual([...times].sort());
    await check();
    const now = await app.get(`/v1/transparency/equal-access?asOf=${times[1]}&minPosition=${days.length}`);
    expect([now.status, now.headers['ledger-position']]).toEqual([200, '2']);
    await app.stop();
  });

  it('loses no command of a client with ordinary retries while its instances restart one after the other', async () => {
    const [first, second] = [await start(), await start()];
    app = first;
    let running: readonly TestApp[] = [first, second];
    let working = true;
    let sent = 0;
    const work = Array.from({ length: 8 }, async (_, client) => {
      while (working) {
        const answer = await clients.insist(`rolling-${(sent += 1)}`, () =>
          client % 2 ? running : [...running].reverse(),
        );
        expect(answer.status).toBe(201);
        // Enough commands to have one on its way at every moment. More would only take longer to check.
        await sleep(20);
      }
    });
    for (const old of [first, second]) {
      // As a process that gets SIGTERM: it answers its accepted requests first.
      await drainOf(old.app).finish();
      running = running.filter((other) => other !== old);
      await old.stop();
      running = [...running, await start()];
      await sleep(200);
    }
    working = false;
    await Promise.all(work);
    [app = first] = running;
    await check();
    await Promise.all(running.map((one) => one.stop()));
  }, 60_000);
});

describe('a service whose disk is full', () => {
  const SIZE_MB = 120;
  let folder: string;
  let reason: string | undefined;
  let postgres: EmbeddedDatabase | undefined;

  beforeAll(async () => {
    if (!isLong) return;
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-full-'));
    await chmod(folder, 0o755);
    reason = await promisify(execFile)('mount', [
      '-t',
      'tmpfs',
      '-o',
      `size=${SIZE_MB}m,mode=0755`,
      'none',
      folder,
    ]).then(
      () => undefined,
      (error: Error) => error.message.trim(),
    );
    if (reason !== undefined) process.stdout.write(`Not tested, for want of a small file system: ${reason}\n`);
  });
  afterAll(async () => {
    if (!isLong) return;
    await postgres?.stop();
    if (reason === undefined) await promisify(execFile)('umount', [folder]);
    await rm(folder, { recursive: true });
  });

  (isLong ? it : it.skip)(
    'answers 503, loses no command, and goes on when there is room again',
    async () => {
      if (reason !== undefined) return;
      const log = { warn: () => undefined, debug: () => undefined };
      postgres = await startEmbeddedDatabase({
        dataDir: join(folder, 'data'),
        log,
        settings: { max_wal_size: '32MB' },
      });
      await migrate(postgres.url, { log: { info: () => undefined } });
      const app = await startTestApp({ databaseUrl: postgres.url });
      const clients = new Clients();
      expect((await clients.insist('before', () => [app])).status).toBe(201);
      const ballast = join(folder, 'ballast');
      const { bavail, bsize } = await statfs(folder);
      await writeFile(ballast, Buffer.alloc(bavail * bsize)).catch(() => undefined);
      let working = true;
      let sent = 0;
      const work = Array.from({ length: 4 }, async () => {
        while (working) {
          const key = `full-${(sent += 1)}-${'x'.repeat(200)}`;
          expect((await clients.insist(key, () => [app])).status).toBe(201);
        }
      });
      const deadline = Date.now() + 20_000;
      while (clients.turnedAway.size === 0 && Date.now() < deadline) await sleep(RETRY_MS);
      expect([...clients.turnedAway.keys()]).toEqual(['store-unavailable']);
      await rm(ballast);
      working = false;
      await Promise.all(work);
      const events = await app.get('/v1/events?limit=1');
      expect(events.status).toBe(200);
      const positions = [...clients.heard.values()].map(({ body }) => Number(body.position)).sort((a, b) => a - b);
      expect(positions).toEqual(positions.map((_, index) => index + 1));
      expect((await app.get(`/v1/partners?minPosition=${positions.length}`)).headers['ledger-position']).toBe(
        String(positions.length),
      );
      await app.stop();
    },
    90_000,
  );
});
