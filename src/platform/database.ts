import { Pool, TypeOverrides, types } from 'pg';
import type { ClientConfig } from 'pg';
import { formatInstant } from '../ledger/time.js';
import { reasonOf } from './startup-error.js';

/** PostgreSQL allows 100 by default; several instances, their listeners and an operator's own session must fit. */
const CONNECTIONS_MAX = 20;
/** A request is better refused than kept waiting for longer than its caller waits. */
const CONNECTION_TIMEOUT_MS = 5_000;
/** Kept open that long between bursts; servers and firewalls drop silent ones after some minutes. */
const IDLE_TIMEOUT_MS = 60_000;
/** The longest read is a page of a list; whatever takes longer has lost its index. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** Longer than the server's own, and only for a server that does not answer any more. */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;
/** A transaction that was forgotten holds locks, and keeps every later version of every row. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;

export interface PoolOptions {
  /** Holds a password: never log it. */
  readonly databaseUrl: string;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string;
  readonly connectionsMax?: number;
  readonly log: { warn(message: string): void };
}

/** A bounded pool whose values are read as the ledger writes them. A lost connection fails its query, never the process. */
export function createPool({ databaseUrl, applicationName, connectionsMax, log }: PoolOptions): Pool {
  const pool = new Pool({
    ...connectionOf(databaseUrl),
    application_name: applicationName ?? 'ppp-ledger',
    max: connectionsMax ?? CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  });
  pool.on('error', (error) => log.warn(`An idle database connection was lost: ${reasonOf(error)}`));
  // In use, a client has no listener of the pool's, and an error without one ends the process; its query is rejected anyway.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** What every connection to the database begins with. The one place that reads its address. */
export const connectionOf = (databaseUrl: string): ClientConfig => ({
  connectionString: databaseUrl,
  keepAlive: true,
  types: ledgerTypes,
});

/**
 * An integer as the number that it is; positions, revisions and counts stay far below 2^53.
 * @throws RangeError rather than round.
 */
function integer(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is more than a number can hold exactly.`);
  return value;
}

/** PostgreSQL's text of a `timestamptz` with a time zone of whole hours or minutes, e.g. `2026-11-24 05:38:00.25+00`. */
const TIMESTAMPTZ = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d(?::\d\d)?)$/;

/**
 * The canonical text of an instant, as `formatInstant` writes it. Takes text apart instead of making a `Date` as long as the
 * session is in UTC, because lists hold several in every row.
 * @throws RangeError for what is no instant of the years 0001 to 9999, e.g. `infinity`.
 */
function instant(text: string): string {
  if (text.length < 22 || text[10] !== ' ' || !text.endsWith('+00')) return instantElsewhere(text);
  const seconds = `${text.slice(0, 10)}T${text.slice(11, 19)}`;
  const milliseconds = text.slice(20, -3).padEnd(3, '0').slice(0, 3);
  return milliseconds === '000' ? `${seconds}Z` : `${seconds}.${milliseconds}Z`;
}

function instantElsewhere(text: string): string {
  const [, date, time, zone = ''] = TIMESTAMPTZ.exec(text) ?? [];
  const at = Date.parse(`${date}T${time}${zone.length === 3 ? `${zone}:00` : zone}`);
  if (Number.isNaN(at)) throw new RangeError(`The database holds "${text}" where an instant is expected.`);
  return formatInstant(at);
}

const asText = (text: string): string => text;

/** Elements of an array, of arrays too, read one by one; null stays null. */
function each(read: (text: string) => unknown): (text: string) => unknown {
  const split = types.getTypeParser(TEXT_ARRAY) as (text: string) => unknown[];
  const readAll = (element: unknown): unknown =>
    Array.isArray(element) ? element.map(readAll) : typeof element === 'string' ? read(element) : element;
  return (text) => readAll(split(text));
}

/** From `pg_type.dat` of PostgreSQL, where they never change: type, array of it, how it is read. */
const TEXT_ARRAY: number = 1009;
const READERS: readonly (readonly [type: number, arrayType: number, read: (text: string) => unknown])[] = [
  [types.builtins.INT8, 1016, integer],
  [types.builtins.NUMERIC, 1231, asText],
  [types.builtins.TIMESTAMPTZ, 1185, instant],
  [types.builtins.DATE, 1182, asText],
];

/** On the connections that we make, not on the whole process: other users of the driver keep its own readings. */
const ledgerTypes = new TypeOverrides();
for (const [type, arrayType, read] of READERS) {
  ledgerTypes.setTypeParser(type, read);
  ledgerTypes.setTypeParser(arrayType, each(read));
}
