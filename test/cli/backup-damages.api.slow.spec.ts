import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Pool } from 'pg';
import { BACKUP_TABLES, TABLES_NOT_BACKED_UP } from '../../src/audit/database/backup/backup-tables.js';
import { readTarHeader } from '../../src/audit/archive-tar.js';
import { REBUILDABLE } from '../../src/projections.js';
import { createPool } from '../../src/platform/database/database.js';
import { cosign } from '../../src/tlog/cosignature.js';
import { cosignerKeyOf, formatVerifierKey, noteKeyOf, signingKey } from '../../src/tlog/note-key.js';
import { signCheckpoint } from '../../src/tlog/checkpoint.js';
import { formatSignature } from '../../src/tlog/note-signature.js';
import { parseNote } from '../../src/tlog/note.js';
import { recordProgramme } from '../audit/recorded-programme.js';
import { APPEND_KEY, OPERATOR_KEY, startTestApp, type TestApp } from '../support/app.js';
import { ppp, type Ran } from '../support/command-line.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../witness/running-witness.js';

const COMPANY = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };
/** Each restore builds all views and verifies the ledger. */
const MS_MAX = 180_000;
const KEYS = { 'wrapping-key': Buffer.alloc(32, 7), 'log-signing-key': Buffer.alloc(32, 9), 'append-key': APPEND_KEY };
const LOG_KEY = signingKey('localhost/log', KEYS['log-signing-key']);

let folder: string;
let api: TestApp;
let source: Pool;
let requestId: string;
/** The folder of the installation that is backed up. */
let home: string;
const databases: TestDatabase[] = [];

/** Calls the command with the settings of an installation. */
async function at(dataDir: string, databaseUrl: string, ...args: readonly string[]): Promise<Ran> {
  Object.assign(process.env, { DATA_DIR: dataDir, DATABASE_URL: databaseUrl, OPERATOR_KEY });
  try {
    return await ppp(...args);
  } finally {
    for (const name of ['DATA_DIR', 'DATABASE_URL', 'OPERATOR_KEY']) delete process.env[name];
  }
}
const backUp = (...args: readonly string[]): Promise<Ran> => at(home, api.databaseUrl, 'backup', ...args);
async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase('empty');
  databases.push(database);
  return database;
}
/** A new folder, with the keys of the installation unless there are others. */
async function installation(keys: Readonly<Record<string, Uint8Array>> = KEYS): Promise<string> {
  const path = await mkdtemp(join(folder, 'installation-'));
  for (const [name, key] of Object.entries(keys)) {
    await writeFile(join(path, name), Buffer.from(key).toString('base64'), { mode: 0o600 });
  }
  return path;
}
const serve = (database: TestDatabase, dataDir: string): Promise<TestApp> =>
  startTestApp({ databaseUrl: database.url, env: { DATA_DIR: dataDir } });

/** Every row of a table, except of columns that a restore does not bring. */
async function rowsOf(pool: Pool, table: string): Promise<unknown> {
  const given: readonly { name: string; columns: readonly string[] }[] = BACKUP_TABLES;
  const columns = given.find(({ name }) => name === table)?.columns.join(', ') ?? '*';
  return (await pool.query(`select ${columns} from ${table} as t order by t::text collate "C"`)).rows;
}
/** All that a ledger keeps. Stored tiles and the head of the log are made again by a restore. */
async function contentOf(pool: Pool): Promise<Record<string, unknown>> {
  const tables = [...BACKUP_TABLES.map(({ name }) => name), 'events', 'ledger_head', 'log_head', 'log_tiles'];
  const views = REBUILDABLE.flatMap((projection) => projection.tables);
  const content: Record<string, unknown> = {};
  for (const table of [...tables, ...views]) content[table] = await rowsOf(pool, table);
  return content;
}
/** Position and root as the command prints them. */
const placeOf = ({ out }: Ran): string | undefined => /^Position \d+, root [0-9a-f]{64}$/m.exec(out)?.[0];
const signedUpTo = (pool: Pool, size: number) =>
  until(
    async () => (await pool.query<{ size: number }>('select size from log_head')).rows[0]?.size ?? 0,
    (reached) => reached >= size,
  );
const headOf = async (pool: Pool): Promise<number> =>
  (await pool.query<{ position: number }>('select position from ledger_head')).rows[0]?.position ?? 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-backup-'));
  home = await installation();
  api = await startTestApp({ env: { DATA_DIR: home } });
  source = createPool({ databaseUrl: api.databaseUrl, log: { warn: () => undefined } });
  // More than a tile, and many checkpoints on the way.
  for (let n = 0; n < 6; n += 1) {
    await Promise.all(Array.from({ length: 50 }, () => api.must(api.post('/v1/partners', COMPANY))));
    await signedUpTo(source, 50 * n + 1);
  }
  ({ requestId } = await recordProgramme(api, 4));
  // A refusal, which is an answer without an event.
  expect((await api.post(`/v1/access-requests/${requestId}/withdrawal`, { reason: 'r' })).status).toBe(409);
  await signedUpTo(source, await headOf(source));
  await cosignLast();
}, MS_MAX);
afterAll(async () => {
  await source.end();
  await api.stop();
  for (const database of databases) await database.drop();
  await rm(folder, { recursive: true });
});

async function cosignLast(): Promise<void> {
  const witness = signingKey('witness.example/w1', Buffer.alloc(32, 5));
  const { rows } = await source.query('select size, note from log_head');
  const line = formatSignature(cosign(witness, parseNote(rows[0].note).text, 1_760_000_000));
  const vkey = formatVerifierKey(cosignerKeyOf(witness));
  await source.query('insert into log_witnesses (witness, size) values ($1, $2)', [vkey, rows[0].size]);
  await source.query('insert into log_cosignatures (size, witness, line) values ($1, $2, $3)', [
    rows[0].size,
    vkey,
    line,
  ]);
  await source.query('update log_checkpoints set witnessed = true where size = $1', [rows[0].size]);
}

it('decides for every table of the schema whether it is backed up, derived, or neither', async () => {
  const { rows } = await source.query<{ table: string }>(
    `select table_name as "table" from information_schema.tables where table_schema = 'public' order by 1`,
  );
  const decided = [
    ...BACKUP_TABLES.map(({ name }) => name),
    ...Object.keys(TABLES_NOT_BACKED_UP),
    ...REBUILDABLE.flatMap(({ tables }) => tables),
  ];
  expect(decided.toSorted()).toEqual(rows.map(({ table }) => table).toSorted());
});

it('names every column of the tables that it backs up, or gives the reason', async () => {
  const { rows } = await source.query<{ column: string }>(
    `select table_name || '.' || column_name as column from information_schema.columns
     where table_schema = 'public' and table_name = any ($1)`,
    [BACKUP_TABLES.map(({ name }) => name)],
  );
  const named = new Set(BACKUP_TABLES.flatMap(({ name, columns }) => columns.map((column) => `${name}.${column}`)));
  const left = rows.map(({ column }) => column).filter((column) => !named.has(column));
  expect(left.toSorted()).toEqual([
    // The state of the last submissions, which the first one after a restore finds again.
    'log_witnesses.claimed_until',
    'log_witnesses.failure',
    'log_witnesses.failures',
    'log_witnesses.state',
    // Why the copy had stopped; it stops again if the cause is still there.
    'sequenced.failure',
    // One row.
    'sequenced.singleton',
  ]);
});

describe('a backup and its restore', () => {
  it(
    'bring back every row, tile and view, and the service answers, replays and signs on',
    async () => {
      const file = join(folder, 'whole.tar');
      const made = await backUp(file);
      expect(made).toMatchObject({ code: 0, err: expect.stringContaining('wrapping-key') });
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);

      const database = await emptyDatabase();
      const dataDir = await installation();
      const restored = await at(dataDir, database.url, 'restore', file);
      expect(restored).toMatchObject({ code: 0, out: expect.stringMatching(/^VERIFIED up to size \d+ /m) });
      expect(placeOf(restored)).toBe(placeOf(made));
      expect(placeOf(made)).toBeDefined();
      const [before, after] = [await contentOf(source), await contentOf(database.pool)];
      for (const [table, rows] of Object.entries(before)) expect([table, after[table]]).toEqual([table, rows]);
      for (const table of ['commands', 'sealed_contents', 'log_cosignatures', 'report_text_parts', 'partners']) {
        expect([table, (before[table] as unknown[]).length > 0]).toEqual([table, true]);
      }
      expect(await readFile(join(dataDir, 'last-checkpoint'), 'utf8')).toBe(
        (await source.query('select note from log_head')).rows[0].note,
      );

      const second = await serve(database, dataDir);
      try {
        const path = '/v1/transparency/equal-access.csv';
        expect((await second.get(path, { key: null })).text).toBe((await api.get(path, { key: null })).text);
        const { rows } = await source.query('select id from published_reports');
        const report = `/v1/transparency/reports/${rows[0].id}`;
        const [there, here] = [await second.get(report, { key: null }), await api.get(report, { key: null })];
        expect([there.status, there.text]).toEqual([200, here.text]);
        expect((await second.get(`/v1/access-requests/${requestId}`)).body).toMatchObject({ purpose: 'p' });
        // The log goes on under its key.
        const { body } = await second.must(second.post('/v1/partners', COMPANY));
        await signedUpTo(database.pool, Number(body.position));
        expect(await at(dataDir, database.url, 'audit', 'verify', '--database')).toMatchObject({ code: 0 });
      } finally {
        await second.stop();
      }
    },
    MS_MAX,
  );

  it(
    'bring back the answer to every earlier key, word for word, and refuse another request under it',
    async () => {
      const answer = await api.must(api.post('/v1/partners', COMPANY, { idempotencyKey: 'before-the-backup' }));
      const withdraw = (from: TestApp) =>
        from.post(`/v1/access-requests/${requestId}/withdrawal`, { reason: 'r' }, { idempotencyKey: 'refused-before' });
      const refusal = await withdraw(api);
      const file = join(folder, 'answers.tar');
      expect(await backUp(file)).toMatchObject({ code: 0 });
      const database = await emptyDatabase();
      const dataDir = await installation();
      await at(dataDir, database.url, 'restore', file);
      const second = await serve(database, dataDir);
      try {
        const again = await second.post('/v1/partners', COMPANY, { idempotencyKey: 'before-the-backup' });
        expect([again.status, again.text]).toEqual([answer.status, answer.text]);
        expect(again.headers['idempotency-replayed']).toBe('true');
        const other = { ...COMPANY, legalName: 'Another' };
        const reused = await second.post('/v1/partners', other, { idempotencyKey: 'before-the-backup' });
        expect([reused.status, reused.body.code]).toEqual([422, 'idempotency-key-reused']);
        const refused = await withdraw(second);
        expect([refused.status, refused.body.code]).toEqual([409, refusal.body.code]);
        expect(refused.headers['idempotency-replayed']).toBe('true');
      } finally {
        await second.stop();
      }
    },
    MS_MAX,
  );

  it(
    'are of one moment while four writers write: every answered command is whole in it, or not at all',
    async () => {
      const file = join(folder, 'busy.tar');
      const writing = { ended: false, commands: 0 };
      const writers = Array.from({ length: 4 }, async () => {
        for (; !writing.ended; writing.commands += 1) await api.must(api.post('/v1/partners', COMPANY));
      });
      const started = writing.commands;
      const made = await backUp(file).finally(() => (writing.ended = true));
      await Promise.all(writers);
      expect(made.code).toBe(0);
      expect(writing.commands).toBeGreaterThan(started);
      const database = await emptyDatabase();
      const restored = await at(await installation(), database.url, 'restore', file);
      expect([restored.code, placeOf(restored)]).toEqual([0, placeOf(made)]);
      const position = await headOf(database.pool);
      expect(position).toBeLessThanOrEqual(await headOf(source));
      for (const table of ['events', 'commands']) {
        const { rows } = await source.query(`select * from ${table} where position <= $1 order by 1`, [position]);
        expect([table, (await database.pool.query(`select * from ${table} order by 1`)).rows]).toEqual([table, rows]);
      }
    },
    MS_MAX,
  );

  it('make an archive that every audit command reads, and that sha256sum checks', async () => {
    const file = join(folder, 'archive.tar');
    await backUp(file);
    const vkey = formatVerifierKey(noteKeyOf(LOG_KEY));
    expect(await ppp('audit', 'verify', file, '--vkey', vkey)).toMatchObject({ code: 0 });
    expect(await ppp('audit', 'replay', file, '--vkey', vkey, '--compare', api.url)).toMatchObject({ code: 0 });
    const unpacked = await unpack(file);
    const { stdout } = await promisify(execFile)('sha256sum', ['-c', 'backup/SHA256SUMS'], { cwd: unpacked });
    expect(stdout).toMatch(/^backup\/commands\/000000\.ndjson: OK$/m);
    expect((await stat(join(unpacked, 'backup', 'commands', '000000.ndjson'))).mode & 0o777).toBe(0o600);
  });

  it(
    'bring the keys along on request only, and restore them into an empty folder',
    async () => {
      const [without, withKeys] = [join(folder, 'without-keys.tar'), join(folder, 'with-keys.tar')];
      await backUp(without);
      const made = await backUp(withKeys, '--with-keys');
      expect(made.err).toContain('whoever has the file can read all sealed texts');
      const secret = KEYS['wrapping-key'].toString('base64');
      expect((await readFile(without)).includes(secret)).toBe(false);
      expect((await readFile(withKeys)).includes(secret)).toBe(true);

      const database = await emptyDatabase();
      const refused = await at(await installation({}), database.url, 'restore', without);
      expect(refused).toMatchObject({ code: 69, out: '' });
      expect(refused.err).toMatch(
        /There is no wrapping-key and no log-signing-key and no append-key in .* made without keys.* Nothing was restored\.\n$/,
      );

      const dataDir = join(folder, 'new-installation');
      expect(await at(dataDir, database.url, 'restore', withKeys)).toMatchObject({ code: 0 });
      for (const [name, key] of Object.entries(KEYS)) {
        expect((await readFile(join(dataDir, name), 'utf8')).trim()).toBe(key.toString('base64'));
        expect((await stat(join(dataDir, name))).mode & 0o777).toBe(0o600);
      }
      expect(await readFile(join(dataDir, '.gitignore'), 'utf8')).toMatch(/^\*$/m);
    },
    MS_MAX,
  );

  it(
    'do not bring back what was erased before the backup',
    async () => {
      const { rows: requests } = await source.query(
        "select event_id, encode(ciphertext, 'hex') as hex from sealed_contents",
      );
      expect(requests).toHaveLength(1);
      const { body } = await api.must(api.post(`/v1/subjects/${requestId}/erasure`, { reason: 'Art. 17 GDPR' }));
      await until(
        async () => (await source.query('select from content_keys')).rows.length,
        (left) => left === 0,
      );
      await signedUpTo(source, Number(body.position));
      const file = join(folder, 'erased.tar');
      expect(await backUp(file)).toMatchObject({ code: 0 });
      expect((await readFile(file)).includes(requests[0].hex)).toBe(false);
      const database = await emptyDatabase();
      const dataDir = await installation();
      expect(await at(dataDir, database.url, 'restore', file)).toMatchObject({
        code: 0,
        out: expect.stringMatching(/0 sealed contents are those .* 1 are erased on record, and gone/),
      });
      const second = await serve(database, dataDir);
      try {
        expect((await second.get(`/v1/access-requests/${requestId}`)).body.purpose ?? null).toBeNull();
      } finally {
        await second.stop();
      }
    },
    MS_MAX,
  );
});

describe('a restore refuses, and leaves the database empty', () => {
  let file: string;
  let database: TestDatabase;
  beforeAll(async () => {
    file = join(folder, 'refused.tar');
    await backUp(file);
    database = await emptyDatabase();
  }, MS_MAX);
  const refusedWith = async (dataDir: string, name: string, what: RegExp, ...flags: string[]): Promise<void> => {
    const { code, out, err } = await at(dataDir, database.url, 'restore', name, ...flags);
    expect({ code, out, err }).toEqual({ code: 69, out: '', err: expect.stringMatching(what) });
    expect(err).toMatch(/^ppp-ledger: [^\n]* Nothing was restored\.\n$/);
    const { rows } = await database.pool.query(`select to_regclass('events') as events`);
    if (rows[0].events === null) return;
    expect((await database.pool.query('select position from ledger_head')).rows).toEqual([{ position: 0 }]);
    for (const table of ['events', 'commands', 'log_checkpoints', 'log_tiles']) {
      expect([table, (await database.pool.query(`select from ${table} limit 1`)).rows]).toEqual([table, []]);
    }
  };

  it(
    'a file that was cut off anywhere',
    async () => {
      const dataDir = await installation();
      const { size } = await stat(file);
      for (const length of [0, 100, 512, 5_000, Math.floor(size / 2), size - 20_000, size - 1_025, size - 1_024]) {
        const cut = join(folder, 'cut.tar');
        await copyFile(file, cut);
        await truncate(cut, length);
        // Half of a block of zeros at the end is still an end.
        if (length === size - 1) continue;
        await refusedWith(dataDir, cut, /cut\.tar (cannot be restored|is not complete|is damaged)/);
      }
    },
    MS_MAX,
  );

  it(
    'a file with a changed bit, in any kind of member',
    async () => {
      const dataDir = await installation();
      const bytes = await readFile(file);
      const places = contentPlaces(bytes);
      expect(places.map(([name]) => name)).toEqual(
        expect.arrayContaining([
          'vkey',
          'checkpoint',
          'tile/entries/000',
          'tile/0/000',
          'backup/commands/000000.ndjson',
          'backup/about.json',
          'backup/SHA256SUMS',
        ]),
      );
      const kinds = new Map(
        places.map(([name, from, length]) => [name.replace(/\d{3,}.*/, ''), [from, length] as const]),
      );
      for (const [from, length] of kinds.values()) {
        const changed = Buffer.from(bytes);
        const where = from + Math.floor(length / 2);
        changed[where] = (changed[where] ?? 0) ^ 1;
        const name = join(folder, 'changed.tar');
        await writeFile(name, changed);
        await refusedWith(dataDir, name, /changed\.tar (cannot be restored|is not complete|is damaged)/);
      }
    },
    MS_MAX,
  );

  it(
    'an archive without the rest of a backup, and a file that is none',
    async () => {
      const dataDir = await installation();
      const log = join(folder, 'log.tar');
      expect(await ppp('audit', 'export', api.url, log)).toMatchObject({ code: 0 });
      await refusedWith(dataDir, log, /log\.tar is no backup: .*audit import/);
      const text = join(folder, 'text');
      await writeFile(text, 'no archive');
      await refusedWith(dataDir, text, /text cannot be restored/);
      await refusedWith(dataDir, join(folder, 'nowhere'), /nowhere cannot be restored/);
    },
    MS_MAX,
  );

  it(
    'a newer format, and a database of a newer program',
    async () => {
      const dataDir = await installation();
      const unpacked = await unpack(file);
      for (const [from, to, what] of [
        ['"format": 1', '"format": 2', /of format 2, and this program reads format 1/],
        ['"migration": "0', '"migration": "9', /made by a newer program: its database was at 9/],
      ] as const) {
        const changed = await repacked(unpacked, from, to);
        await refusedWith(dataDir, changed, what);
      }
    },
    MS_MAX,
  );

  it(
    'other keys than those of the ledger',
    async () => {
      const otherSigner = await installation({ ...KEYS, 'log-signing-key': Buffer.alloc(32, 1) });
      await refusedWith(otherSigner, file, /is signed with localhost\/log\+.* LOG_ORIGIN .* give localhost\/log\+/);
      const otherWrapping = await installation({ ...KEYS, 'wrapping-key': Buffer.alloc(32, 1) });
      await refusedWith(otherWrapping, file, /wrapping-key in .* is not the one/);
    },
    MS_MAX,
  );

  it(
    'a backup that ends before the last signed checkpoint, or has another history; with --older it restores it and signs nothing',
    async () => {
      const dataDir = await installation();
      const position = await headOf(source);
      const newer = signCheckpoint({ origin: 'localhost/log', size: position + 1, root: Buffer.alloc(32, 3) }, LOG_KEY);
      await writeFile(join(dataDir, 'last-checkpoint'), newer);
      await refusedWith(
        dataDir,
        file,
        new RegExp(`ends at position ${position}, .* up to ${position + 1} .* 1 signed events are not in it`),
      );
      const other = signCheckpoint({ origin: 'localhost/log', size: position - 1, root: Buffer.alloc(32, 3) }, LOG_KEY);
      await writeFile(join(dataDir, 'last-checkpoint'), other);
      await refusedWith(dataDir, file, /another history/);
      await refusedWith(dataDir, file, /another history/, '--older');

      await writeFile(join(dataDir, 'last-checkpoint'), newer);
      const apart = await emptyDatabase();
      const restored = await at(dataDir, apart.url, 'restore', file, '--older');
      expect(restored).toMatchObject({ code: 2, out: expect.stringMatching(/^NOT VERIFIED/m) });
      expect(await readFile(join(dataDir, 'last-checkpoint'), 'utf8')).toBe(newer);
      const second = await serve(apart, dataDir);
      try {
        const { body } = await until(
          () => second.get('/readyz', { key: null }),
          ({ body: readiness }) => /ends before the last signed checkpoint/.test(readiness.log?.failure ?? ''),
        );
        expect(body.log.failure).toMatch(/Nothing is signed/);
      } finally {
        await second.stop();
      }
    },
    MS_MAX,
  );

  it('a database that is in use', async () => {
    const dataDir = await installation();
    const { code, out, err } = await at(dataDir, api.databaseUrl, 'restore', file);
    expect([code, out]).toEqual([69, '']);
    expect(err).toMatch(/The database is not empty: its ledger has \d+ events\. .* Nothing was restored\.\n$/);
  });

  async function repacked(unpacked: string, from: string, to: string): Promise<string> {
    const about = await readFile(join(unpacked, 'backup/about.json'), 'utf8');
    const changed = about.replace(from, to);
    expect(changed).not.toBe(about);
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
    const bytes = await readFile(file);
    const text = bytes.toString('latin1');
    expect(changed).toHaveLength(about.length);
    const name = join(folder, 'repacked.tar');
    await writeFile(name, Buffer.from(text.replace(about, changed).replace(hash(about), hash(changed)), 'latin1'));
    return name;
  }
});

describe('ppp-ledger backup', () => {
  it('replaces no file without --force, and leaves no part of one behind', async () => {
    const file = join(folder, 'there.tar');
    await writeFile(file, 'mine');
    const { code, err } = await backUp(file);
    expect([code, err]).toEqual([64, expect.stringContaining('exists already')]);
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect(await backUp(file, '--force')).toMatchObject({ code: 0 });
    expect((await stat(file)).size).toBeGreaterThan(10_000);
    expect(await backUp(join(folder, 'no', 'such', 'folder.tar'))).toMatchObject({ code: 64 });
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it(
    'finds a log that is not the signed one, and writes nothing',
    async () => {
      const database = await emptyDatabase();
      const dataDir = await installation();
      const file = join(folder, 'before-the-damage.tar');
      await backUp(file);
      await at(dataDir, database.url, 'restore', file);
      await database.pool.query(
        `begin; set local session_replication_role = replica;
       update events set envelope = replace(envelope, 'Nordlys', 'Sudlys') where position = 7; commit`,
      );
      const name = join(folder, 'after-the-damage.tar');
      const { code, err } = await at(dataDir, database.url, 'backup', name);
      expect([code, err]).toEqual([1, expect.stringMatching(/position +7/)]);
      await expect(stat(name)).rejects.toThrow('ENOENT');
    },
    MS_MAX,
  );

  it(
    'keeps the digest of an answer, so that a changed answer is still found after a restore',
    async () => {
      const [database, further] = [await emptyDatabase(), await emptyDatabase()];
      const dataDir = await installation();
      const [file, changed] = [join(folder, 'answer.tar'), join(folder, 'changed-answer.tar')];
      await backUp(file);
      await at(dataDir, database.url, 'restore', file);
      await database.pool.query(
        `begin; set local session_replication_role = replica;
       update commands set outcome = outcome || ' ' where position = 7; commit`,
      );
      expect(await at(dataDir, database.url, 'backup', changed)).toMatchObject({ code: 0 });
      expect(await at(dataDir, further.url, 'restore', changed)).toMatchObject({
        code: 1,
        out: expect.stringMatching(/check +idempotency records[^]*^PROVEN WRONG/m),
      });
    },
    MS_MAX,
  );

  it('needs the keys of the installation, and makes none', async () => {
    const dataDir = join(folder, 'nothing-here');
    const { code, err } = await at(dataDir, api.databaseUrl, 'backup', join(folder, 'none.tar'));
    expect([code, err]).toEqual([69, expect.stringContaining('There is no log-signing-key')]);
    await expect(stat(dataDir)).rejects.toThrow('ENOENT');
  });
});

describe('a backup of the copy of a ledger on KurrentDB', () => {
  it(
    'is restored as the copy with EVENT_STORE_URL, and as a ledger of its own without it',
    async () => {
      const file = join(folder, 'kurrent.tar');
      const batch = '11111111-1111-4111-8111-111111111111';
      const [from, copy, own] = [await emptyDatabase(), await emptyDatabase(), await emptyDatabase()];
      const plain = join(folder, 'before-kurrent.tar');
      await backUp(plain);
      const dataDir = await installation();
      await at(dataDir, from.url, 'restore', plain);
      await from.pool.query(
        `insert into staged_contents (batch, event_id, subject, wrapped_key, ciphertext) values ($1, $1, $1, '\\x01', '\\x02')`,
        [batch],
      );
      await from.pool.query(
        `insert into sequenced_batches (batch, turn, first_position, recorded_at) values ($1, 41, 1, '2026-01-01T00:00:00Z')`,
        [batch],
      );
      await from.pool.query(
        `insert into sequenced (ledger, turn, batch, commit_position, prepare_position)
       values ('programme', 41, $1, 9223372036854775807, 9007199254740993)`,
        [batch],
      );
      expect(await at(dataDir, from.url, 'backup', file)).toMatchObject({ code: 0 });

      const kurrent = async (database: TestDatabase, name: string): Promise<Ran> => {
        process.env['EVENT_STORE_URL'] = 'kurrentdb://127.0.0.1:1/programme?tls=false';
        try {
          return await at(await installation(), database.url, 'restore', name);
        } finally {
          delete process.env['EVENT_STORE_URL'];
        }
      };
      expect(await kurrent(copy, plain)).toMatchObject({
        code: 69,
        err: expect.stringContaining('without EVENT_STORE_URL'),
      });
      expect(await kurrent(copy, file)).toMatchObject({ code: 0 });
      const { rows } = await copy.pool.query(
        'select ledger, turn, commit_position::text, prepare_position::text from sequenced',
      );
      expect(rows).toEqual([
        { ledger: 'programme', turn: 41, commit_position: '9223372036854775807', prepare_position: '9007199254740993' },
      ]);
      for (const table of ['staged_contents', 'sequenced_batches']) {
        expect([table, await rowsOf(copy.pool, table)]).toEqual([table, await rowsOf(from.pool, table)]);
      }
      expect(await at(await installation(), own.url, 'restore', file)).toMatchObject({ code: 0 });
      for (const table of ['staged_contents', 'sequenced_batches', 'sequenced']) {
        expect([table, await rowsOf(own.pool, table)]).toEqual([table, []]);
      }
    },
    MS_MAX,
  );
});

async function unpack(file: string): Promise<string> {
  const into = await mkdtemp(join(folder, 'unpacked-'));
  await promisify(execFile)('tar', ['-xf', file, '-C', into]);
  return into;
}

/** Name, first byte and length of the content of every member. */
function contentPlaces(bytes: Buffer): readonly (readonly [string, number, number])[] {
  const places: (readonly [string, number, number])[] = [];
  for (let from = 0; from < bytes.length;) {
    const header = readTarHeader(bytes.subarray(from, from + 512));
    if (header === undefined || typeof header === 'string') break;
    places.push([header.name, from + 512, header.bytes]);
    from += 512 + 512 * Math.ceil(header.bytes / 512);
  }
  return places;
}
