import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logSigningKeyOf } from '../../src/log/log-signing-key.js';
import { Config } from '../../src/platform/config.js';
import { warnOfOpenSecret } from '../../src/platform/secrets.js';
import { StartupError } from '../../src/platform/startup-error.js';
import { openCheckpoint } from '../../src/tlog/checkpoint.js';
import { formatVerifierKey, noteKeyOf, signingKey } from '../../src/tlog/note-key.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { ppp } from '../support/command-line.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const RECIPE = new URL('../../migrations/README.md', import.meta.url);

describe('the signing key of the log', () => {
  let folder: string;
  let database: TestDatabase;
  let env: NodeJS.ProcessEnv;
  beforeEach(async () => {
    env = { ...process.env };
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-signing-'));
    database = await createTestDatabase();
  });
  afterEach(async () => {
    process.env = env;
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const file = (name: string): string => join(folder, name);
  const config = (more = {}): Config => new Config({ DATA_DIR: folder, DATABASE_URL: database.url, ...more });
  const open = (more = {}): Promise<Buffer> => logSigningKeyOf(config(more), database.pool);
  const refusal = async (more = {}): Promise<string> => {
    const error: unknown = await open(more).catch((reason: unknown) => reason);
    if (!(error instanceof StartupError)) throw new Error(`Expected a StartupError, not ${String(error)}.`);
    return error.message;
  };
  const partner = { legalName: 'Alpha AB', country: 'SE', legalForm: 'company' };

  /** Records an event and waits until it is signed. The seed of the key of tests is 32 times 9. */
  async function signOne(env: Record<string, string> = {}): Promise<TestApp> {
    const app = await startTestApp({ databaseUrl: database.url, env });
    const { body } = await app.must(app.post('/v1/partners', partner));
    expect((await app.get(`/v1/events/${(await lastEvent(app)).id}/proof`)).status).toBe(200);
    expect(body.position).toBeGreaterThan(0);
    return app;
  }
  const lastEvent = async (app: TestApp): Promise<{ id: string }> => (await app.get('/v1/events')).body.data.at(-1);
  const putKey = (bytes: Buffer): Promise<void> =>
    writeFile(file('log-signing-key'), `${bytes.toString('base64')}\n`, { mode: 0o600 });

  it('is made where no log has been signed, also over events that are not signed yet, and stays the same', async () => {
    const seed = await open();
    expect(seed).toHaveLength(32);
    expect(await open()).toEqual(seed);
  });

  it('is never made where a log was signed: the start names the key that is missing, and makes none', async () => {
    await (await signOne()).stop();
    const vkey = formatVerifierKey(noteKeyOf(signingKey('localhost/log', Buffer.alloc(32, 9))));
    const idOfKey = vkey.split('+').slice(0, 2).join('+');
    expect(await refusal()).toContain(
      `There is no ${file('log-signing-key')}, but the log is signed up to size 1 by ${idOfKey}: restore the key from its backup`,
    );
    process.env = { ...env, DATA_DIR: folder, DATABASE_URL: database.url, PORT: '0', LOG_LEVEL: 'silent' };
    await writeFile(file('wrapping-key'), `${Buffer.alloc(32, 7).toString('base64')}\n`);
    const { code, out, err } = await ppp('serve');
    expect([code, out]).toEqual([69, '']);
    expect(err).toMatch(/^ppp-ledger: There is no [^\n]+\n$/);
    await expect(readFile(file('log-signing-key'))).rejects.toThrow(/ENOENT/);
    await putKey(Buffer.alloc(32, 9));
    expect(await open()).toEqual(Buffer.alloc(32, 9));
  });

  it('is not made where the database lost its log, but the last checkpoint is still here', async () => {
    await writeFile(file('last-checkpoint'), 'localhost/log\n');
    expect(await refusal()).toMatch(/last-checkpoint beside it shows that a log was signed: restore the key/);
  });

  it('of another log, or under another LOG_ORIGIN, stops the start', async () => {
    await (await signOne()).stop();
    await putKey(Buffer.alloc(32, 8));
    expect(await refusal()).toMatch(
      /make the key localhost\/log\+[0-9a-f]{8}\+.*, but the log is signed up to size 1 by localhost\/log\+[0-9a-f]{8}: restore the key/,
    );
    await putKey(Buffer.alloc(32, 9));
    expect(await refusal({ LOG_ORIGIN: 'other.example/log' })).toMatch(
      /make the key other\.example\/log\+.*LOG_ORIGIN as it was/,
    );
  });

  it('that is no key, or cannot be read, stops the start', async () => {
    await writeFile(file('log-signing-key'), 'c2hvcnQ=\n');
    expect(await refusal()).toMatch(
      /does not hold a key of 32 bytes\. Restore it from its backup: without it the log cannot be signed/,
    );
    await rm(file('log-signing-key'));
    // A folder cannot be read by anybody, also not by root.
    const { mkdir } = await import('node:fs/promises');
    await mkdir(file('log-signing-key'));
    expect(await refusal()).toMatch(
      /^The key .*log-signing-key cannot be read \(EISDIR.*\): give it to the user of this program, with mode 0600/,
    );
  });

  it('that others may open is named in the log, with what to type', async () => {
    await open();
    const warned: string[] = [];
    const log = { warn: (message: string) => warned.push(message) };
    await warnOfOpenSecret(file('log-signing-key'), log);
    expect(warned).toEqual([]);
    await chmod(file('log-signing-key'), 0o640);
    await warnOfOpenSecret(file('log-signing-key'), log);
    expect(warned).toEqual([
      `Other users of this machine may open ${file('log-signing-key')}: type "chmod 600 ${file('log-signing-key')}".`,
    ]);
  });

  it('that is lost for good ends its log: the statements of migrations/README.md begin another one over the same events', async () => {
    await (await signOne()).stop();
    const [, statements = ''] =
      /```sql\n(-- another log over the same events\n[^`]+)```/.exec(await readFile(RECIPE, 'utf8')) ?? [];
    await database.pool.query(statements);
    const origin = 'second.example/log';
    // The application of tests has a folder and a key of its own.
    expect(await open({ LOG_ORIGIN: origin })).toHaveLength(32);
    const app = await signOne({ LOG_ORIGIN: origin });
    const key = noteKeyOf(signingKey(origin, Buffer.alloc(32, 9)));
    const { checkpoint } = openCheckpoint((await app.get('/log/checkpoint')).text, origin, [key]);
    expect(checkpoint.size).toBe(2);
    expect((await app.get('/readyz')).body).toMatchObject({ status: 'ok', log: { size: 2 } });
    await app.stop();
  });
});
