import { chmod, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool } from '../../src/platform/database/database.js';
import { startEmbeddedDatabase, type EmbeddedDatabase } from '../../src/platform/database/embedded-database.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { ppp } from '../support/command-line.js';

const PARTNERS = 40;
const PAGE_BYTES = 8_192;

describe('a ledger whose disk has damaged a page of its events', () => {
  let folder: string;
  let database: EmbeddedDatabase;
  let app: TestApp | undefined;
  let env: NodeJS.ProcessEnv;
  const log = { info: () => undefined, warn: () => undefined, debug: () => undefined };
  const start = (): Promise<EmbeddedDatabase> => startEmbeddedDatabase({ dataDir: join(folder, 'data'), log });

  beforeAll(async () => {
    env = { ...process.env };
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-damage-'));
    await chmod(folder, 0o755);
    database = await start();
    await migrate(database.url, { log });
    const before = await startTestApp({ databaseUrl: database.url });
    for (let count = 0; count < PARTNERS; count += 1) {
      await before.must(
        before.post('/v1/partners', { legalName: `Partner ${count}`, country: 'SE', legalForm: 'company' }),
      );
    }
    // Everything is signed and shown: no follower has to read the damaged page.
    await before.must(before.get(`/v1/partners?minPosition=${PARTNERS}`));
    const events = (await before.get('/v1/events')).body.data;
    await before.must(before.get(`/v1/events/${events.at(-1).id}/proof`));
    await before.stop();
    const pool = createPool({ databaseUrl: database.url, log });
    await pool.query('checkpoint');
    const { rows } = await pool.query<{ file: string }>(
      `select current_setting('data_directory') || '/' || pg_relation_filepath('events') as file`,
    );
    await pool.end();
    await database.stop();
    const file = await open(rows[0]?.file ?? '', 'r+');
    await file.write(Buffer.from('damaged!'), 0, 8, PAGE_BYTES + 100);
    await file.close();
    database = await start();
  }, 120_000);
  afterAll(async () => {
    process.env = env;
    await app?.stop();
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('is not ready once a reader has met the page, and audit verify --database names it', async () => {
    app = await startTestApp({ databaseUrl: database.url });
    const read = await app.get('/v1/events?limit=200');
    expect(read.status).toBe(500);
    const { status, body } = await app.get('/readyz', { key: null });
    expect([status, body.status]).toEqual([503, 'unready']);
    expect(body.reason).toMatch(
      /^The files of the database are damaged \(invalid page in block 1 of relation .*\): restore it from its backup, then start again\.$/,
    );

    await writeFile(join(folder, 'log-signing-key'), Buffer.alloc(32, 9).toString('base64'));
    await writeFile(join(folder, 'wrapping-key'), Buffer.alloc(32, 7).toString('base64'));
    process.env = { ...env, DATABASE_URL: database.url, DATA_DIR: folder, LOG_LEVEL: 'silent' };
    const verified = await ppp('audit', 'verify', '--database');
    expect(verified.code).toBe(2);
    expect(verified.err).toMatch(
      /could not be checked: The files of the database are damaged: invalid page in block 1 of relation .*\n {2}next step {2}Restore the database from its backup/,
    );
  }, 120_000);
});
