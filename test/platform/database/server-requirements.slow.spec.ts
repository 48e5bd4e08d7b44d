import { Client } from 'pg';
import { requireReadableServer, migrate } from '../../../src/platform/database/migrate.js';
import { Refusal } from '../../../src/ledger/refusal.js';
import { objectionToServer, obstacleToStart } from '../../../src/platform/database/server-requirements.js';
import { ppp } from '../../support/command-line.js';
import { createTestDatabase, databaseOf, type TestDatabase } from '../../support/database.js';
import { Pooler } from '../../support/pooler.js';

const silent = { info: () => undefined, warn: () => undefined };

describe('a database that the ledger cannot use', () => {
  let database: TestDatabase;
  let name: string;
  let role: string;
  let asRole: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    env = { ...process.env };
    database = await createTestDatabase('empty');
    name = new URL(database.url).pathname.slice(1);
    role = `app_${name}`;
    const url = new URL(database.url);
    url.username = role;
    url.password = 'secret';
    asRole = url.href;
    await database.pool.query(`create role ${role} login password 'secret'`);
  });
  afterEach(async () => {
    process.env = env;
    await database.pool.query(`drop owned by ${role}`);
    await database.pool.query(`drop role ${role}`);
    await database.drop();
  });

  /** Starts the program: one sentence, exit code 69, no stack, and no secret. */
  async function refusalOf(url: string, more: Record<string, string> = {}): Promise<string> {
    process.env = { ...env, DATABASE_URL: url, LOG_LEVEL: 'silent', PORT: '0', DATA_DIR: '/nonexistent', ...more };
    const { code, out, err } = await ppp('serve');
    expect([code, out]).toEqual([69, '']);
    expect(err).toMatch(/^ppp-ledger: [^\n]+\n$/);
    expect(err).not.toMatch(/a bug|secret/);
    return err.slice('ppp-ledger: '.length, -1);
  }
  const sql = (statement: string): Promise<unknown> => database.pool.query(statement);

  it('names the right that a role lacks on the schema, and what to type', async () => {
    expect(await refusalOf(asRole)).toBe(
      `The role "${role}" may not make tables in the schema public: type "grant create on schema public to ${role}" as the owner of the database "${name}".`,
    );
    await sql(`grant create on schema public to ${role}`);
    expect((await migrate(asRole, { log: silent })).length).toBeGreaterThan(10);
    expect(await migrate(asRole, { log: silent })).toEqual([]);
  });

  it('names a search_path that leads to no schema', async () => {
    await sql(`alter role ${role} in database ${name} set search_path = nowhere, "$user"`);
    expect(await refusalOf(asRole)).toBe(
      `The search_path of the role "${role}" (nowhere, "$user") names no schema that exists in the database "${name}": make one of them, ` +
        `or type "alter role ${role} in database ${name} set search_path = public".`,
    );
    await sql(`create schema nowhere authorization ${role}`);
    expect((await migrate(asRole, { log: silent })).length).toBeGreaterThan(10);
  });

  it('names the schema of the ledger when the search_path leads elsewhere, and makes no second ledger there', async () => {
    await migrate(database.url, { log: silent });
    await sql('create schema "Other"');
    await sql(`alter database ${name} set search_path = "Other"`);
    expect(await refusalOf(database.url)).toMatch(
      /^The tables of the ledger are in the schema public, and the search_path of the role "\w+" \("Other"\) leads to Other: type "alter role \w+ in database \w+ set search_path = public"\.$/,
    );
    await sql(`alter database ${name} set search_path = "Other", public`);
    expect(await migrate(database.url, { log: silent })).toEqual([]);
  });

  it('names the right that a role lacks on tables that another role made', async () => {
    await migrate(database.url, { log: silent });
    await sql(`grant create on schema public to ${role}`);
    expect(await refusalOf(asRole)).toMatch(
      /^The role of DATABASE_URL lacks a right \(permission denied for table schema_migrations\).*reassign owned by/,
    );
  });

  it('asks for the server that takes writes where one takes none', async () => {
    await sql(`alter database ${name} set default_transaction_read_only = on`);
    expect(await refusalOf(database.url)).toMatch(
      /^Cannot connect to the database \(.*: it is set to take no writes\): set DATABASE_URL to the server that takes writes/,
    );
  });

  it('asks for sessions of its own, also for reads', async () => {
    const pooler = await Pooler.open(database.url, { poolMode: 'transaction', sessions: 3 });
    expect(await refusalOf(pooler.url)).toMatch(/^DATABASE_URL leads to a connection pooler/);
    expect(await refusalOf(database.url, { DATABASE_READ_URL: pooler.url })).toMatch(
      /^DATABASE_READ_URL leads to a connection pooler/,
    );
    await pooler.close();
  });

  it('starts without a standby that is away, and warns', async () => {
    const warned: string[] = [];
    const log = { warn: (message: string) => warned.push(message) };
    await requireReadableServer('postgres://ledger:secret@127.0.0.1:1/ledger', log);
    expect(warned.join()).toMatch(/^Cannot connect to the database \(127\.0\.0\.1:1: .*\): check DATABASE_READ_URL\.$/);
    warned.length = 0;
    await requireReadableServer(`${database.url}&target_session_attrs=prefer-standby`, log);
    expect(warned).toEqual([]);
  });

  it('does not store text as UTF-8', async () => {
    const client = new Client(databaseOf(database.url, 'postgres'));
    await client.connect();
    await client.query(
      `create database latin_${name} encoding 'LATIN1' locale 'C' locale_provider 'libc' template template0`,
    );
    expect(await refusalOf(databaseOf(database.url, `latin_${name}`))).toMatch(/^The database stores text as LATIN1/);
    await client.query(`drop database latin_${name} with (force)`);
    await client.end();
  });

  // There is no older server here.
  it.each([
    ['14.9', 'The database is PostgreSQL 14.9: the ledger needs 15 or newer.'],
    ['15.0 (Debian 15.0-1)', undefined],
    ['18.4', undefined],
  ])('is of version %s: %s', (version, objection) => {
    const facts = {
      encoding: 'UTF8',
      role: '',
      database: '',
      searchPath: '',
      schema: '',
      mayCreate: true,
      mayServe: true,
      otherHome: null,
    };
    const found = objectionToServer({ ...facts, version });
    if (objection === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(objection);
  });
});

describe('an error during the start', () => {
  it.each([
    [
      Object.assign(new Error('permission denied for table events'), { code: '42501' }),
      /^The role of DATABASE_URL lacks a right/,
    ],
    [Object.assign(new Error('the database system is shutting down'), { code: '57P01' }), /^The database went away/],
    [
      new Refusal('unavailable', 'clock-ahead', 'The clocks differ.', {
        clock: '2027-01-01T00:00:00Z',
        databaseClock: '2026-01-01T00:00:00Z',
        lastStamp: '2026-01-01T00:00:00Z',
        aheadSecondsMax: 60,
      }),
      /^The clocks differ\. \(clock-ahead, clock 2027-01-01T00:00:00Z, .*aheadSecondsMax 60\)$/,
    ],
  ])('is an obstacle with what to do: %s', (error, message) => {
    expect(obstacleToStart(error)?.message).toMatch(message);
  });

  it.each([new TypeError('x is not a function'), new Refusal('conflict', 'command-in-progress', 'A rule.')])(
    'is a bug: %s',
    (error) => {
      expect(obstacleToStart(error)).toBeUndefined();
    },
  );
});
