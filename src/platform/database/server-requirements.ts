import type { ClientBase } from 'pg';
import { Refusal } from '../../ledger/refusal.js';
import { isDatabaseAway } from './database.js';
import { StartupError, codeOf, reasonOf } from '../startup-error.js';

/** Older versions lack `security_invoker` views and `nulls not distinct`, and are out of maintenance. */
const SERVER_VERSION_MIN = 15;
const INSUFFICIENT_PRIVILEGE = '42501';

/** What the start asks a server about the database and the role of a session. */
export interface ServerFacts {
  readonly version: string;
  readonly encoding: string;
  readonly role: string;
  readonly database: string;
  /** `search_path` as the database or the role sets it. */
  readonly searchPath: string;
  /** The schema in which the names of the session are resolved; null: none. */
  readonly schema: string | null;
  readonly mayCreate: boolean;
  /** True for a role that does not own the ledger, but may run its service: see `allow_service` in the migrations. */
  readonly mayServe: boolean;
  /** A schema that holds the tables of a ledger, other than `schema`. */
  readonly otherHome: string | null;
}

const FACTS = `select current_setting('server_version') as version, current_setting('server_encoding') as encoding,
  current_user as role, current_database() as database,
  (select reset_val from pg_settings where name = 'search_path') as "searchPath", current_schema() as schema,
  coalesce(has_schema_privilege(current_schema(), 'create'), false) as "mayCreate",
  coalesce(has_function_privilege(to_regproc('append_checked'), 'execute'), false) as "mayServe",
  (select min(n.nspname::text) from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relname = 'ledger_head' and c.relkind = 'r' and n.nspname is distinct from current_schema()) as "otherHome"`;

/**
 * Checks that the ledger can live in the database of a session.
 * @param isWritten false for a server that is only read
 * @throws StartupError that names the obstacle and what to type
 */
export async function requireUsableServer(client: ClientBase, isWritten: boolean): Promise<ServerFacts> {
  const { rows } = await client.query<ServerFacts>(FACTS);
  const [facts] = rows;
  if (!facts) throw new Error('The server did not say what it is.');
  const objection = objectionToServer(facts) ?? (isWritten ? objectionToRole(facts) : undefined);
  if (objection !== undefined) throw new StartupError(objection);
  return facts;
}

/** Why the server cannot be used; undefined if it can. */
export function objectionToServer({ version, encoding }: ServerFacts): string | undefined {
  if (parseInt(version, 10) < SERVER_VERSION_MIN) {
    return `The database is PostgreSQL ${version}: the ledger needs ${SERVER_VERSION_MIN} or newer. Upgrade it, or set DATABASE_URL to another one.`;
  }
  if (encoding !== 'UTF8') {
    return `The database stores text as ${encoding}: the ledger needs UTF8. Make one with "create database ... encoding 'UTF8' template template0".`;
  }
  return undefined;
}

/** Why the role cannot keep its tables where its names are resolved; undefined if it can. */
export function objectionToRole(facts: ServerFacts): string | undefined {
  const { role, database, schema, searchPath, mayCreate, mayServe, otherHome } = facts;
  const setPath = (home: string): string =>
    `type "alter role ${quoted(role)} in database ${quoted(database)} set search_path = ${quoted(home)}"`;
  if (otherHome !== null) {
    return `The tables of the ledger are in the schema ${otherHome}, and the search_path of the role "${role}" (${searchPath}) leads to ${schema ?? 'no schema'}: ${setPath(otherHome)}.`;
  }
  if (schema === null) {
    return `The search_path of the role "${role}" (${searchPath}) names no schema that exists in the database "${database}": make one of them, or ${setPath('public')}.`;
  }
  if (!mayCreate && !mayServe) {
    return `The role "${role}" may not make tables in the schema ${schema}: type "grant create on schema ${quoted(schema)} to ${quoted(role)}" as the owner of the database "${database}".`;
  }
  return undefined;
}

/**
 * The obstacle behind an error during the start: the database went away, the role lacks a right, or the clocks forbid a first event.
 * @returns undefined for another error, which is a bug
 */
export function obstacleToStart(error: unknown): StartupError | undefined {
  if (codeOf(error) === INSUFFICIENT_PRIVILEGE) {
    return new StartupError(
      `The role of DATABASE_URL lacks a right (${reasonOf(error)}): it must own the tables of the ledger, or be allowed to serve it. If another ` +
        'role owns them, type "select allow_service(\'<this role>\')" as that role (migrations/README.md), or "reassign owned by <that role> ' +
        'to <this role>" as a superuser.',
      { cause: error },
    );
  }
  if (error instanceof Refusal && error.kind === 'unavailable') {
    const facts = Object.entries(error.facts).map(([name, value]) => `${name} ${String(value)}`);
    return new StartupError(`${error.detail} (${[error.code, ...facts].join(', ')})`, { cause: error });
  }
  if (!isDatabaseAway(error)) return undefined;
  return new StartupError(`The database went away (${reasonOf(error)}): start again when it answers.`, {
    cause: error,
  });
}

/** A name as SQL needs it. */
const quoted = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);
