import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { APPEND_KEY, startTestApp } from '../support/app.js';
import { ppp } from '../support/command-line.js';
import { createTestDatabase } from '../support/database.js';

describe('starting and keeping a service', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  beforeEach(async () => {
    env = { ...process.env };
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-serving-'));
  });
  afterEach(async () => {
    process.env = env;
    await rm(folder, { recursive: true });
  });

  it.each(['serve', 'demo'])(
    '%s names a port that is taken in one sentence, before it makes anything',
    async (command) => {
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const { port } = taken.address() as AddressInfo;
      const dataDir = join(folder, 'data');
      process.env = { ...env, PORT: String(port), DATA_DIR: dataDir, LOG_LEVEL: 'silent' };
      delete process.env['DATABASE_URL'];
      expect(await ppp(command)).toEqual({
        code: 69,
        out: '',
        err: `ppp-ledger: Port ${port} on 127.0.0.1 is taken. Set PORT to another one, or to 0 for any free one.\n`,
      });
      await expect(access(dataDir)).rejects.toThrow(/ENOENT/);
      taken.close();
    },
  );

  it('names a HOST that is no address of this machine, before it makes anything', async () => {
    const dataDir = join(folder, 'data');
    process.env = { ...env, HOST: '192.0.2.1', PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'silent' };
    const { code, err } = await ppp('serve');
    expect([code, err]).toEqual([
      69,
      expect.stringMatching(/^ppp-ledger: 192\.0\.2\.1 is no address of this machine [^\n]+\n$/),
    ]);
    await expect(access(dataDir)).rejects.toThrow(/ENOENT/);
  });

  it('ends with 69 when the embedded database has ended, also if the stop hangs without it', async () => {
    const program = `
      import { untilStopped } from ${JSON.stringify(new URL('../../src/cli/serving.ts', import.meta.url).href)};
      const stop = () => (process.argv[1] === 'hangs' ? new Promise(() => undefined) : Promise.resolve());
      globalThis.setTimeout = new Proxy(setTimeout, { apply: (real, self, [run]) => real(run, 10) });
      process.exitCode = await untilStopped({ databaseEnded: Promise.resolve(), stop }, { err: process.stderr });
      setImmediate(() => process.exit());`;
    const args = ['--import', fileURLToPath(new URL('../support/typescript.mjs', import.meta.url))];
    const run = (how: string): SpawnSyncReturns<string> =>
      spawnSync(process.execPath, [...args, '--input-type=module', '--eval', program, how], { encoding: 'utf8' });
    const ended = 'ppp-ledger: the embedded database ended; start it again.\n';
    const [stopped, hanging] = [run('stops'), run('hangs')];
    expect([stopped.status, stopped.stderr]).toEqual([69, ended]);
    expect([hanging.status, hanging.stderr]).toEqual([
      69,
      `${ended}ppp-ledger: the stop took more than 10 s and was cut off; every answered command is recorded.\n`,
    ]);
  }, 60_000);

  it('operator-key says that earlier keys stay valid, and revokes them when it is asked to', async () => {
    const database = await createTestDatabase();
    // The keys of the application of tests, which shares the ledger.
    await writeFile(join(folder, 'wrapping-key'), Buffer.alloc(32, 7).toString('base64'));
    await writeFile(join(folder, 'log-signing-key'), Buffer.alloc(32, 9).toString('base64'));
    await writeFile(join(folder, 'append-key'), APPEND_KEY.toString('base64'));
    process.env = { ...env, DATABASE_URL: database.url, DATA_DIR: folder, LOG_LEVEL: 'silent' };
    const make = async (...args: string[]): Promise<{ key: string; err: string }> => {
      const { code, out, err } = await ppp('operator-key', ...args);
      expect([code, out]).toEqual([0, expect.stringMatching(/^ppp_\S+\n$/)]);
      return { key: out.trim(), err };
    };
    const [first, second] = [await make(), await make()];
    expect(first.err).toBe(
      'Earlier operator keys stay valid: "ppp-ledger operator-key --revoke-others" makes a key and revokes them.\n',
    );
    const use = async (keys: readonly string[]): Promise<number[]> => {
      const app = await startTestApp({ databaseUrl: database.url, env: { DATA_DIR: folder } });
      const answers = await Promise.all(keys.map((key) => app.get('/v1/partners', { key })));
      await app.stop();
      return answers.map(({ status }) => status);
    };
    const opened = await startTestApp({ databaseUrl: database.url, env: { DATA_DIR: folder } });
    const board = await opened.keyFor(['board']);
    await opened.stop();
    const third = await make('--revoke-others');
    expect(third.err).toBe('Revoked 2 earlier operator keys.\n');
    expect((await make('--revoke-others')).err).toBe('Revoked 1 earlier operator key.\n');
    const last = await make();
    expect(await use([first.key, second.key, third.key, last.key, board])).toEqual([401, 401, 401, 200, 200]);
    await database.drop();
  }, 120_000);
});
