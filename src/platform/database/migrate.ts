import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from 'pg';
import { MIGRATION_LOCK } from '../../ledger/advisory-locks.js';
import { NoServer, connectTo } from './database.js';
import type { SessionWanted } from './database-servers.js';
import { obstacleToStart, requireUsableServer } from './server-requirements.js';
import { requireOwnSessions } from './session-probe.js';
import { lookAtSession } from './session.js';
import { StartupError, codeOf, reasonOf } from '../startup-error.js';
import { commit } from '../../ledger/postgres/commit.js';

/** The same path from `src/platform/database` and from `dist/platform/database`. */
const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../../migrations/', import.meta.url));
/** `0001_ledger.sql`: the number orders, the name is for people. */
const FILE_NAME = /^(\d{4})_([a-z0-9-]+)\.sql$/;
/** Another instance may hold the lock while it builds an index. */
const LOCK_TIMEOUT_MS = 600_000;
/** While a change waits for a table, all users of the table wait for the change. It is therefore given up, and tried again later. */
const TABLE_LOCK_TIMEOUT_MS = 30_000;
const CONNECTION_TIMEOUT_MS = 10_000;

export interface MigrateOptions {
  readonly folder?: string;
  readonly log: { info(message: string): void };
}

/**
 * Brings a database to the schema of this program: runs the files that were not run on it yet, in order, each in one transaction with its
 * record. Several instances may call it concurrently: one works, the others wait.
 * @returns the files that were run
 * @throws StartupError if the database cannot be reached or used, is newer than this program, or was migrated with other files
 */
export async function migrate(
  databaseUrl: string,
  { folder = MIGRATIONS_FOLDER, log }: MigrateOptions,
): Promise<readonly string[]> {
  const migrations = await readMigrations(folder);
  await probeSessions(databaseUrl, 'DATABASE_URL');
  const client = await connect(databaseUrl, 'DATABASE_URL');
  try {
    const { mayCreate, role } = await requireUsableServer(client, true);
    if (!mayCreate) {
      requireMigrated(pendingOf(migrations, await readRecords(client)), role);
      return [];
    }
    await lock(client, log);
    await client.query(RECORDS);
    const pending = pendingOf(migrations, await readRecords(client));
    for (const migration of pending) await run(client, migration);
    if (pending.length > 0) await allowServices(client);
    const last = pending.at(-1);
    if (last)
      log.info(
        `Migrated the database: ${pending.length} ${pending.length === 1 ? 'file' : 'files'}, the last is ${last.file}`,
      );
    return pending.map(({ file }) => file);
  } catch (error) {
    throw obstacleToStart(error) ?? error;
  } finally {
    // Ends the session, and with it the lock.
    await client.end().catch(() => undefined);
  }
}

interface Migration {
  readonly number: number;
  readonly file: string;
  readonly sql: string;
  readonly checksum: string;
}

interface MigrationRecord {
  readonly number: number;
  readonly file: string;
  readonly checksum: string;
}

async function readMigrations(folder: string): Promise<readonly Migration[]> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  } catch (error) {
    throw new StartupError(`The migrations cannot be read (${reasonOf(error)}): the installation is incomplete.`, {
      cause: error,
    });
  }
  if (names.length === 0)
    throw new StartupError(`There are no migrations in ${folder}: the installation is incomplete.`);
  const migrations = await Promise.all(names.map((name) => readMigration(folder, name)));
  for (const [index, { number, file }] of migrations.entries()) {
    const before = migrations[index - 1];
    if (before?.number === number)
      throw new StartupError(`Two migrations have the same number: ${before.file}, ${file}.`);
  }
  return migrations;
}

async function readMigration(folder: string, file: string): Promise<Migration> {
  const number = Number(FILE_NAME.exec(file)?.[1] ?? 0);
  if (number === 0) throw new StartupError(`The migration ${file} is not named like 0001_name.sql.`);
  // A checkout may have other line ends. They are not a change.
  const sql = (await readFile(join(folder, file), 'utf8')).replaceAll('\r\n', '\n');
  return { number, file, sql, checksum: createHash('sha256').update(sql).digest('hex') };
}

/**
 * Checks the server that is only read, if it answers. A standby that is away now may come back while the service runs.
 * @throws StartupError if it answers and cannot be used
 */
export async function requireReadableServer(
  databaseReadUrl: string,
  log: { warn(message: string): void },
): Promise<void> {
  try {
    await probeSessions(databaseReadUrl, 'DATABASE_READ_URL', 'any');
    const client = await connect(databaseReadUrl, 'DATABASE_READ_URL', 'any');
    await requireUsableServer(client, false).finally(() => client.end().catch(() => undefined));
  } catch (error) {
    if (!(error instanceof StartupError && error.cause instanceof NoServer)) throw error;
    log.warn(error.message);
  }
}

/** Before anything else: settings and locks of the other connections would stay behind in the sessions of a pooler. */
async function probeSessions(databaseUrl: string, setting: string, wanted?: SessionWanted): Promise<void> {
  const first = await connect(databaseUrl, setting, wanted, lookAtSession);
  try {
    const second = await connect(databaseUrl, setting, wanted, lookAtSession);
    await requireOwnSessions(first, second, setting).finally(() => second.end().catch(() => undefined));
  } finally {
    await first.end().catch(() => undefined);
  }
}

async function connect(
  databaseUrl: string,
  setting: string,
  wanted?: SessionWanted,
  open?: typeof lookAtSession,
): Promise<Client> {
  try {
    const config = { application_name: 'ppp-ledger migrate', connectionTimeoutMillis: CONNECTION_TIMEOUT_MS };
    return await connectTo(databaseUrl, config, wanted, open);
  } catch (error) {
    const isWritten = wanted === undefined && error instanceof NoServer && error.isWrongKind;
    const advice = isWritten
      ? `set ${setting} to the server that takes writes, or name all servers`
      : `check ${setting}`;
    throw new StartupError(`Cannot connect to the database (${reasonOf(error)}): ${advice}.`, { cause: error });
  }
}

async function lock(client: Client, log: MigrateOptions['log']): Promise<void> {
  await client.query(`set statement_timeout = 0; set lock_timeout = ${LOCK_TIMEOUT_MS}`);
  try {
    const { rows } = await client.query<{ is: boolean }>('select pg_try_advisory_lock($1) as is', [MIGRATION_LOCK]);
    if (rows[0]?.is !== true) {
      log.info('Another session is migrating this database: waiting for it.');
      await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    }
  } catch (error) {
    if (codeOf(error) !== LOCK_NOT_AVAILABLE) throw error;
    throw new StartupError(
      `Another instance has been migrating this database for ${LOCK_TIMEOUT_MS / 60_000} minutes: see what it waits for.`,
      { cause: error },
    );
  }
  await client.query(`set lock_timeout = ${TABLE_LOCK_TIMEOUT_MS}`);
}

const LOCK_NOT_AVAILABLE = '55P03';

const RECORDS = `create table if not exists schema_migrations (
  number integer primary key,
  file text not null,
  checksum text not null,
  applied_at timestamptz not null default now()
)`;

/** The roles that were allowed to serve, other than the owner. None in a database without the function that appends. */
const SERVICE_ROLES = `select pg_get_userbyid(acl.grantee) as role from pg_proc p, aclexplode(p.proacl) acl
  where p.oid = to_regproc('append_checked') and acl.grantee not in (0, p.proowner)`;

/** They get their rights on what the migrations added. */
async function allowServices(client: Client): Promise<void> {
  const { rows } = await client.query<{ role: string }>(SERVICE_ROLES);
  for (const { role } of rows) await client.query('select allow_service($1)', [role]);
}

/** @throws StartupError if a role that may only serve meets a database that is not up to date */
function requireMigrated(pending: readonly Migration[], role: string): void {
  const [first] = pending;
  if (first === undefined) return;
  throw new StartupError(
    `The database lacks ${first.file}, and the role "${role}" may not change its schema: run "ppp-ledger migrate" with the DATABASE_URL of ` +
      'the role that owns the tables, and start again.',
  );
}

async function readRecords(client: Client): Promise<readonly MigrationRecord[]> {
  const { rows } = await client.query<MigrationRecord>(
    'select number, file, checksum from schema_migrations order by number',
  );
  return rows;
}

/** The migrations to run. Refuses a database that other files made: the effect of these files on it is unknown. */
function pendingOf(migrations: readonly Migration[], records: readonly MigrationRecord[]): readonly Migration[] {
  const known = new Map(migrations.map((migration) => [migration.number, migration]));
  const latest = migrations.at(-1)?.number ?? 0;
  for (const { number, file, checksum } of records) {
    const migration = known.get(number);
    if (number > latest) {
      throw new StartupError(`The database is newer than this program: it has ${file}. Start a newer version.`);
    }
    if (!migration) throw new StartupError(`The database has the migration ${file}, which this program lacks.`);
    if (migration.checksum !== checksum) {
      throw new StartupError(
        `The migration ${migration.file} has been changed since it was run here (as ${file}). What is released is never ` +
          `changed: restore it, and write what you need into a new one.`,
      );
    }
  }
  const reached = records.at(-1)?.number ?? 0;
  const done = new Set(records.map(({ number }) => number));
  const pending = migrations.filter(({ number }) => !done.has(number));
  const late = pending.find(({ number }) => number < reached);
  if (late)
    throw new StartupError(
      `The migration ${late.file} comes too late: the database is at ${reached} already. Renumber it.`,
    );
  return pending;
}

async function run(client: Client, { number, file, sql, checksum }: Migration): Promise<void> {
  try {
    await client.query('begin');
    await client.query(sql);
    await client.query('insert into schema_migrations (number, file, checksum) values ($1, $2, $3)', [
      number,
      file,
      checksum,
    ]);
    await commit(client);
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw new StartupError(
      `The migration ${file}${lineOf(error, sql)} failed and was rolled back: ${reasonOf(error)}`,
      { cause: error },
    );
  }
}

/** The server reports the place of the error in the text, in characters from 1. */
function lineOf(error: unknown, sql: string): string {
  const position = typeof error === 'object' && error !== null && 'position' in error ? Number(error.position) : 0;
  return position > 0 ? `, line ${sql.slice(0, position).split('\n').length},` : '';
}
