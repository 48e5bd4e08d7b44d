import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../../src/platform/database/migrate.js';
import { StartupError } from '../../../src/platform/startup-error.js';
import { createTestDatabase } from '../../support/database.js';
import type { TestDatabase } from '../../support/database.js';

describe('migrating a database', () => {
  let database: TestDatabase;
  let folder: string;
  let logged: string[];
  beforeEach(async () => {
    database = await createTestDatabase('empty');
    // The path of a checkout may hold brackets and spaces.
    folder = await mkdtemp(join(tmpdir(), 'migrations [1] '));
    logged = [];
    await file('0001_partners.sql', 'create table partners (id int primary key);');
    await file('0002_funds.sql', 'create table funds (id int primary key);\ninsert into funds values (1);');
  });
  afterEach(async () => {
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const file = (name: string, sql: string): Promise<void> => writeFile(join(folder, name), sql);
  const run = (): Promise<readonly string[]> =>
    migrate(database.url, { folder, log: { info: (message) => logged.push(message) } });
  const recorded = async (): Promise<string[]> => {
    const { rows } = await database.pool.query<{ file: string }>('select file from schema_migrations order by number');
    return rows.map((row) => row.file);
  };
  const refusal = async (): Promise<string> => {
    const error: unknown = await run().catch((reason: unknown) => reason);
    if (!(error instanceof StartupError)) throw new Error(`Expected a StartupError, not ${String(error)}.`);
    return error.message;
  };

  it('runs every file once, in the order of their numbers, and logs it', async () => {
    expect(await run()).toEqual(['0001_partners.sql', '0002_funds.sql']);
    expect(logged).toEqual(['Migrated the database: 2 files, the last is 0002_funds.sql']);
    expect(await run()).toEqual([]);
    await file('0003_calls.sql', 'alter table funds add column name text;');
    expect(await run()).toEqual(['0003_calls.sql']);
    expect(logged.at(-1)).toBe('Migrated the database: 1 file, the last is 0003_calls.sql');
    expect(await recorded()).toEqual(['0001_partners.sql', '0002_funds.sql', '0003_calls.sql']);
  });

  it('runs every file once when several instances start at the same time', async () => {
    await file('0003_slow.sql', 'select pg_sleep(0.2); create table slow (id int);');
    const runs = await Promise.all([run(), run(), run(), run()]);
    expect(runs.flat().sort()).toEqual(['0001_partners.sql', '0002_funds.sql', '0003_slow.sql']);
    expect(runs.filter((files) => files.length > 0)).toHaveLength(1);
  });

  it('rolls a failing file back, names its line, and goes on from there when the file is mended', async () => {
    await file(
      '0003_calls.sql',
      'create table calls (id int);\ncreate table missing_references (\n  id int references nothing (id)\n);',
    );
    expect(await refusal()).toMatch(/0003_calls\.sql.*rolled back.*"nothing" does not exist/);
    await file('0003_calls.sql', 'create table calls (id int);\n\nselect oops;');
    expect(await refusal()).toContain(
      'The migration 0003_calls.sql, line 3, failed and was rolled back: column "oops"',
    );
    expect(await recorded()).toEqual(['0001_partners.sql', '0002_funds.sql']);
    await file('0003_calls.sql', 'create table calls (id int);');
    expect(await run()).toEqual(['0003_calls.sql']);
  });

  it('refuses a file that was changed after it was run', async () => {
    await run();
    await file('0001_partners.sql', 'create table partners (id bigint primary key);');
    expect(await refusal()).toContain('0001_partners.sql has been changed since it was run');
  });

  it('does not count other line ends as a change', async () => {
    await run();
    await file('0002_funds.sql', 'create table funds (id int primary key);\r\ninsert into funds values (1);');
    expect(await run()).toEqual([]);
  });

  it('refuses a database that is newer than the program', async () => {
    await file('0003_calls.sql', 'create table calls (id int);');
    await run();
    await rm(join(folder, '0003_calls.sql'));
    expect(await refusal()).toContain('newer than this program: it has 0003_calls.sql');
  });

  it('refuses a database that ran a file which the program does not have', async () => {
    await run();
    await rm(join(folder, '0001_partners.sql'));
    expect(await refusal()).toContain('has the migration 0001_partners.sql, which this program lacks');
  });

  it('refuses a file whose number the database has passed already', async () => {
    await rename(join(folder, '0001_partners.sql'), join(folder, 'later'));
    await run();
    await rename(join(folder, 'later'), join(folder, '0001_partners.sql'));
    expect(await refusal()).toContain('0001_partners.sql comes too late: the database is at 2');
  });

  it('refuses names without a number, a number twice, and an empty folder', async () => {
    await file('0002_again.sql', 'select 1');
    expect(await refusal()).toContain('Two migrations have the same number: 0002_again.sql, 0002_funds.sql');
    await file('partners.sql', 'select 1');
    expect(await refusal()).toContain('partners.sql is not named like 0001_name.sql');
    for (const name of ['0001_partners.sql', '0002_funds.sql', '0002_again.sql', 'partners.sql']) {
      await rm(join(folder, name));
    }
    expect(await refusal()).toContain('the installation is incomplete');
  });

  it('refuses a database that does not store text as UTF-8', async () => {
    await database.pool.query(
      `create database latin encoding 'LATIN1' locale 'C' locale_provider 'libc' template template0`,
    );
    const url = new URL(database.url);
    url.pathname = 'latin';
    await expect(migrate(url.href, { folder, log: { info: () => undefined } })).rejects.toThrow(
      /stores text as LATIN1: the ledger needs UTF8/,
    );
    await database.pool.query('drop database latin with (force)');
  });

  it('reports that a database cannot be reached, without its password', async () => {
    const error: unknown = await migrate('postgres://ledger:sesame@127.0.0.1:1/ledger', {
      folder,
      log: { info: () => undefined },
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StartupError);
    expect(String(error)).toMatch(/Cannot connect to the database \(.*ECONNREFUSED.*\): check DATABASE_URL/);
    expect(String(error)).not.toContain('sesame');
  });
});
