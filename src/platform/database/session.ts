import type { ClientBase, QueryConfig } from 'pg';
import type { ServerSession } from './database-servers.js';

/** A new session that does not answer its first statement within this time counts as silent. */
const OPENING_MS_MAX = 2_000;
/** The longest read is a page of a list. A slower statement does not use its index. */
export const STATEMENT_TIMEOUT_MS = 30_000;
/** A forgotten transaction holds locks, and keeps PostgreSQL from removing old versions of rows. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;

/**
 * Every setting that the ledger relies on and that a database, a role, a URL or the environment may set otherwise. Each session of the
 * ledger sets all of them (`set` beats every default), so no default can change what is written, read or waited for. A setting that a
 * version of PostgreSQL does not have is left out there.
 */
export const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  // How values are written and read as text.
  client_encoding: 'UTF8',
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  // `{a,NULL}` is a text and a null, and not two texts.
  array_nulls: 'on',
  transform_null_equals: 'off',
  // `append_batch` has to see what was committed while it waited for the head.
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  // A refused statement must not end the session, because the session may hold a lock.
  exit_on_error: 'off',
  // Bounds. A lock is waited for as long as its statement may last. An idle session lives as long as its pool wants it.
  statement_timeout: String(STATEMENT_TIMEOUT_MS),
  lock_timeout: '0',
  transaction_timeout: '0',
  idle_in_transaction_session_timeout: String(IDLE_IN_TRANSACTION_TIMEOUT_MS),
  idle_session_timeout: '0',
};

// `default_transaction_read_only` is not set: a manager of servers sets it to keep writers away, so such a server is not used for writes.
const SERVER = `pg_catalog.pg_is_in_recovery() as "isStandby",
  pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool as "isReadOnly"`;

// Names are resolved in one schema: the one of the ledger, if `search_path` leads to it, or else the first one that exists. Otherwise a
// schema that comes earlier in `search_path` could hide a table of the ledger.
const OPENING = `select ${SERVER},
  (select pg_catalog.count(pg_catalog.set_config(name, value, false))
   from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) as x (name, value)
   where pg_catalog.current_setting(name, true) is not null) as "settings",
  pg_catalog.set_config('search_path', coalesce(pg_catalog.quote_ident(coalesce(
    (select n.nspname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.oid = pg_catalog.to_regclass('ledger_head')), pg_catalog.current_schema())), ''), false) as "searchPath"`;

/** Makes a new session one of the ledger: sets everything in `SESSION_SETTINGS`, and one schema. One round trip. */
export function openSession(client: ClientBase): Promise<ServerSession> {
  return ask(client, OPENING, [Object.keys(SESSION_SETTINGS), Object.values(SESSION_SETTINGS)]);
}

/** Only asks what the server is, and changes nothing: the session may be shared with others. */
export function lookAtSession(client: ClientBase): Promise<ServerSession> {
  return ask(client, `select ${SERVER}`, []);
}

async function ask(client: ClientBase, text: string, values: readonly unknown[]): Promise<ServerSession> {
  const { rows } = await client.query<ServerSession>({
    text,
    values: [...values],
    query_timeout: OPENING_MS_MAX,
  } as QueryConfig);
  const [session] = rows;
  if (!session) throw new Error('The server did not say what it is.');
  return session;
}
