import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { APPEND_KEY, OPERATOR_KEY, startTestApp, type TestApp } from '../support/app.js';
import { ppp, type Ran } from '../support/command-line.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CLI = ['--import', join(ROOT, 'test/support/typescript.mjs'), join(ROOT, 'src/cli.ts')];
const PARTNERS = 60;
const COMPANY = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };
/** Each process compiles the whole program at its start. */
const PROCESS_MS_MAX = 300_000;

interface Started {
  readonly ended: Promise<Ran>;
  /** Resolves when standard error contains a line that matches. */
  readonly said: (line: RegExp) => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

describe('ppp-ledger rebuild', () => {
  let database: TestDatabase;
  let folder: string;
  let api: TestApp;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-rebuild-'));
    database = await createTestDatabase();
    api = await startTestApp({ databaseUrl: database.url });
    // The command uses the keys of the application under test, because both belong to the same installation.
    await writeFile(join(folder, 'wrapping-key'), Buffer.alloc(32, 7).toString('base64'));
    await writeFile(join(folder, 'log-signing-key'), Buffer.alloc(32, 9).toString('base64'));
    await writeFile(join(folder, 'append-key'), APPEND_KEY.toString('base64'));
    Object.assign(process.env, { DATABASE_URL: database.url, DATA_DIR: folder, OPERATOR_KEY });
    const positions = await Promise.all(Array.from({ length: PARTNERS }, () => register()));
    await api.must(api.get(`/v1/partners?minPosition=${Math.max(...positions)}`));
  });
  afterAll(async () => {
    for (const name of ['DATABASE_URL', 'DATA_DIR', 'OPERATOR_KEY']) delete process.env[name];
    await api.stop();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const register = async (): Promise<number> =>
    Number((await api.must(api.post('/v1/partners', COMPANY))).body.position);

  /** A separate process, so that the test can kill it. */
  function start(...args: readonly string[]): Started {
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    const child = spawn(process.execPath, [...CLI, 'rebuild', ...args], { env: { ...process.env }, stdio: [...stdio] });
    const written = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (written.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (written.err += text));
    const lines = createInterface({ input: child.stderr });
    return {
      ended: once(child, 'close').then(([code]) => ({ code: Number(code ?? -1), ...written })),
      said: async (line) => {
        for await (const text of lines) if (line.test(text)) return;
        throw new Error(`It ended without "${line.source}": ${written.err}`);
      },
      kill: (signal) => void child.kill(signal),
    };
  }
  const run = (...args: readonly string[]): Promise<Ran> => ppp('rebuild', ...args);

  const partnerRows = async (): Promise<unknown> =>
    (await database.pool.query('select * from partners order by id')).rows;
  const changeByHand = () =>
    database.pool.query(`update partners set legal_name = 'Somebody else' where country = 'SE'`);

  /** Blocks the switch, because the switch waits for every reader of the served table. */
  async function reader(): Promise<Client> {
    const client = new Client(database.url);
    await client.connect();
    await client.query('begin; select from partners');
    return client;
  }

  it(
    'rebuilds every projection beside a running service that accepts commands and answers reads',
    async () => {
      const load = { ended: false, commands: 0, reads: 0 };
      const rebuilding = run('--all').finally(() => (load.ended = true));
      const writing = (async () => {
        for (let last = 0; ; load.commands += 1) {
          if (load.ended) return last;
          last = await register();
        }
      })();
      const reading = (async () => {
        for (; !load.ended; load.reads += 1) {
          const { status, body } = await api.get('/v1/partners?limit=100');
          expect([status, body.data.length]).toEqual([200, expect.any(Number)]);
          expect(body.data.length).toBeGreaterThanOrEqual(PARTNERS);
        }
      })();
      const [{ code, out }, last] = await Promise.all([rebuilding, writing, reading]);
      const names = [
        'events',
        'partners',
        'capital',
        'access',
        'compute',
        'access-pools',
        'yearly-submissions',
        'policies',
        'publications',
        'attestations',
        'erasures',
        'api-keys',
      ];
      expect(out.split('\n').slice(0, -1)).toEqual(
        names.map((name) => expect.stringMatching(new RegExp(`^${name}: the same \\d+ rows as before, compared in `))),
      );
      expect(code).toBe(0);
      expect(load.commands).toBeGreaterThan(10);
      expect(load.reads).toBeGreaterThan(10);
      const { body } = await api.get(`/v1/partners?limit=1&minPosition=${last}`);
      expect(body.data).toHaveLength(1);
      const { rows } = await database.pool.query('select count(*)::int as partners from partners');
      expect(rows).toEqual([{ partners: PARTNERS + load.commands }]);
    },
    PROCESS_MS_MAX,
  );

  it(
    'finds rows that were changed by hand, replaces them and ends with 1, and ends with 0 the next time',
    async () => {
      await api.get(`/v1/partners?minPosition=${await register()}`);
      const right = await partnerRows();
      await changeByHand();
      expect(await partnerRows()).not.toEqual(right);
      const { code, out, err } = await run('partners');
      expect(code).toBe(1);
      expect(out).toMatch(/^partners: OTHER ROWS were served in partners \((\d+) rows served, \1 rebuilt\)/);
      expect(err).toContain('reads were answered from rows that the history does not give');
      expect(await partnerRows()).toEqual(right);
      expect((await run('partners')).code).toBe(0);
    },
    PROCESS_MS_MAX,
  );

  it(
    'can be killed or stopped during its work and called again, and only one call works at a time',
    async () => {
      const right = await partnerRows();
      await changeByHand();
      const blocking = await reader();
      const killed = start('partners');
      await killed.said(/100 %/);
      const second = await run('capital');
      expect([second.code, second.err]).toEqual([
        69,
        expect.stringContaining('Another "ppp-ledger rebuild" is running'),
      ]);
      killed.kill('SIGKILL');
      await killed.ended;
      const stopped = start('partners');
      await stopped.said(/100 %/);
      stopped.kill('SIGTERM');
      const { code, err } = await stopped.ended;
      await blocking.query('commit');
      await blocking.end();
      expect([code, err]).toEqual([69, expect.stringContaining('stopped before "partners" was rebuilt')]);
      expect([0, 1]).toContain((await run('partners')).code);
      expect(await partnerRows()).toEqual(right);
    },
    PROCESS_MS_MAX,
  );

  it(
    'does the work itself if no service runs, and refuses rows of another version',
    async () => {
      await api.stop();
      try {
        const right = await partnerRows();
        await changeByHand();
        expect((await run('partners')).code).toBe(1);
        expect(await partnerRows()).toEqual(right);
        await database.pool.query(`update projections set version = version + 1 where name = 'capital'`);
        const { code, err } = await run('capital');
        expect([code, err]).toEqual([69, expect.stringContaining('start the service with this program')]);
        await database.pool.query(`update projections set version = version - 1 where name = 'capital'`);
      } finally {
        api = await startTestApp({ databaseUrl: database.url });
      }
    },
    PROCESS_MS_MAX,
  );

  it(
    'reports rows that the leading instance did not compare',
    async () => {
      // Like an instance of an older program, which does not store the comparison.
      await database.pool.query(`create rule no_comparisons as on insert to projection_comparisons do instead nothing`);
      const { code, out } = await run('policies');
      await database.pool.query('drop rule no_comparisons on projection_comparisons');
      expect([code, out]).toEqual([2, expect.stringContaining('policies: rebuilt, but not compared')]);
    },
    PROCESS_MS_MAX,
  );
});
