import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool, TypeOverrides, types } from 'pg';
import type { ClientBase, ClientConfig, PoolClient, PoolConfig } from 'pg';
import { formatInstant } from '../../ledger/time.js';
import { ServerChoice, objectionTo, readDatabaseUrl } from './database-servers.js';
import type { SessionWanted } from './database-servers.js';
import { STATEMENT_TIMEOUT_MS, openSession } from './session.js';
import { codeOf, reasonOf } from '../startup-error.js';

/** PostgreSQL allows 100 connections by default. Several instances, their listeners and a session of the operator must fit. */
const CONNECTIONS_MAX = 20;
/** A request is refused before its caller stops waiting. */
const CONNECTION_TIMEOUT_MS = 5_000;
/** Shorter if another server may answer: a machine that is down does not refuse a connection. */
const CONNECTION_TIMEOUT_OF_SEVERAL_MS = 2_000;
/** How long a new connection is tried again while no server accepts one, e.g. during a restart or a promotion. */
const RECONNECT_MS_MAX = 2_000;
const RECONNECT_FIRST_MS = 50;
const RECONNECT_PAUSE_MS_MAX = 1_000;
/** How long an idle connection stays open. Servers and firewalls drop silent connections after some minutes. */
const IDLE_TIMEOUT_MS = 60_000;
/** After this time the system probes whether the other end is still there. The default of Linux is two hours. */
const KEEP_ALIVE_AFTER_MS = 10_000;
/** After this time a pool looks again for the kind of server that it prefers. */
const SECOND_BEST_LIFETIME_S = 60;
/** Longer than the time-out of the server. It is for a server that does not answer any more. */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;

export interface PoolOptions {
  /** One server or several. Holds a password: never log it. */
  readonly databaseUrl: string;
  /** The wanted kind of server if the URL does not set one; `any` for reads. */
  readonly session?: SessionWanted;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string;
  readonly connectionsMax?: number;
  readonly log: { warn(message: string): void };
}

/**
 * A bounded pool that reads values as the ledger writes them. A lost connection fails its query, never the process. The next connection
 * goes to the server that is of the wanted kind at that time.
 */
export function createPool({ databaseUrl, session, applicationName, connectionsMax, log }: PoolOptions): Pool {
  const address = readDatabaseUrl(databaseUrl);
  const wanted = address.session ?? session ?? 'read-write';
  const pool = new FollowingPool(new ServerChoice(address.servers, wanted), {
    ...CONNECTION,
    application_name: applicationName ?? 'ppp-ledger',
    max: connectionsMax ?? CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    ...(wanted === 'prefer-standby' && { maxLifetimeSeconds: SECOND_BEST_LIFETIME_S }),
  });
  pool.on('error', (error) => {
    // A pool that ends does not wait for its sessions, and the embedded server ends right after it.
    if (!pool.ending) log.warn(`An idle database connection was lost: ${reasonOf(error)}`);
  });
  // The pool does not listen to a client in use, and an error without a listener ends the process. The query is rejected anyway.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    // The one place that sees every error of the server, whoever asked and whatever becomes of it.
    client.connection.on('errorMessage', (error: unknown) => noteDamage(pool, error, log));
  });
  return pool;
}

/** The first damage that a server reported to a pool. It stays until the program starts again: damage does not go away. */
const damages = new WeakMap<Pool, string>();

/** Damaged files of the database that a query of this pool has met; undefined if none has. */
export const damageOf = (pool: Pool): string | undefined => damages.get(pool);

function noteDamage(pool: Pool, error: unknown, log: PoolOptions['log']): void {
  if (!isDamage(error) || damages.has(pool)) return;
  const damage = `The files of the database are damaged (${reasonOf(error)}): restore it from its backup, then start again.`;
  damages.set(pool, damage);
  log.warn(damage);
}

/** No server can be used now. The message names the problem of each. */
class DatabaseUnreachable extends Error {
  constructor(complaint: string, cause: unknown) {
    super(`Cannot connect to the database: ${complaint}`, { cause });
    this.name = 'DatabaseUnreachable';
  }
}

/** The form in which the driver's own `query` asks for a connection. */
type Connected = (error: Error | undefined, client: PoolClient | undefined, done: (release?: unknown) => void) => void;

/** The server answers, but it is not of the wanted kind. */
class WrongServer extends Error {}

/**
 * The driver knows one server. This pool knows several, tries them in turn, and asks in each new session whether the server is of the
 * wanted kind. While none is, a new connection is tried again at growing intervals. Their length is random, so that the instances do not
 * all come back at the same moment.
 */
class FollowingPool extends Pool {
  /** A session that was opened under a lower count is not used any more. */
  private generation = 0;
  private readonly generationOf = new WeakMap<ClientBase, number>();

  constructor(
    private readonly choice: ServerChoice,
    config: PoolConfig,
  ) {
    const connectionTimeoutMillis = choice.count > 1 ? CONNECTION_TIMEOUT_OF_SEVERAL_MS : CONNECTION_TIMEOUT_MS;
    super({
      ...config,
      Client: class extends Client {
        constructor(given?: ClientConfig) {
          super({ ...given, connectionTimeoutMillis, connectionString: choice.begin().url });
        }
      },
      onConnect: (client) => this.admit(client),
    });
    this.on('release', (error) => {
      // A server that fell silent, or takes no writes any more, keeps its other sessions open. They are not used any more either.
      if (isSilence(error) || codeOf(error) === READ_ONLY_TRANSACTION) this.generation += 1;
    });
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<PoolClient> | void {
    if (!callback) return this.connectToTheRightOne();
    void this.connectFor(callback);
  }

  private async connectFor(callback: Connected): Promise<void> {
    let client: PoolClient;
    try {
      client = await this.connectToTheRightOne();
    } catch (error) {
      callback(error as Error, undefined, () => undefined);
      return;
    }
    callback(undefined, client, (release) => client.release(release as Error | boolean | undefined));
  }

  private async connectToTheRightOne(): Promise<PoolClient> {
    const deadline = performance.now() + RECONNECT_MS_MAX;
    for (let tries = 1; ; tries += 1) {
      const server = this.choice.current;
      try {
        const client = await super.connect();
        if ((this.generationOf.get(client) ?? 0) === this.generation) return client;
        client.release(true);
        tries -= 1;
      } catch (error) {
        if (!(error instanceof WrongServer || isConnectionFailure(error))) throw error;
        this.choice.passOver(server, reasonOf(error));
        if (tries < this.choice.count) continue;
        if (performance.now() >= deadline) throw new DatabaseUnreachable(this.choice.complaint(), error);
        await sleep(pauseMs(this.choice.rounds));
      }
    }
  }

  private async admit(client: ClientBase): Promise<void> {
    this.generationOf.set(client, this.generation);
    const objection = this.choice.judge(await openSession(client));
    if (objection !== undefined) throw new WrongServer(objection);
  }
}

/** Half of the pause is random. */
function pauseMs(rounds: number): number {
  const longest = Math.min(RECONNECT_PAUSE_MS_MAX, RECONNECT_FIRST_MS * 2 ** Math.min(rounds, 10));
  return (longest * (1 + Math.random())) / 2;
}

/** No server of a URL can be used for what the session is for. The message names the problem of each. */
export class NoServer extends Error {
  /** True if a server answered, and takes no writes or is otherwise not of the wanted kind. */
  readonly isWrongKind: boolean;

  constructor(objections: readonly { readonly text: string; readonly isWrongKind: boolean }[]) {
    super(objections.map(({ text }) => text).join('; '));
    this.isWrongKind = objections.some(({ isWrongKind }) => isWrongKind);
  }
}

/**
 * A session outside the pool, on the first server of the wanted kind. Tries each server once, so a preference does not count.
 * @param wanted kind of server if the URL does not set one
 * @param open what is done first in the new session
 * @throws NoServer
 */
export async function connectTo(
  databaseUrl: string,
  config: ClientConfig,
  wanted: SessionWanted = 'read-write',
  open: typeof openSession = openSession,
): Promise<Client> {
  const { servers, session = wanted } = readDatabaseUrl(databaseUrl);
  const objections: { text: string; isWrongKind: boolean }[] = [];
  for (const { name, url } of servers) {
    const client = new Client({ ...CONNECTION, ...config, connectionString: url });
    // The broken query reports the loss. Without a listener a lost connection would end the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      const objection = objectionTo(await open(client), session, true);
      if (objection === undefined) return client;
      objections.push({ text: `${name}: ${objection}`, isWrongKind: true });
    } catch (error) {
      objections.push({ text: `${name}: ${reasonOf(error)}`, isWrongKind: false });
    }
    await client.end().catch(() => undefined);
  }
  throw new NoServer(objections);
}

/** Code of read-only sessions: a primary became a standby, or its operator closed it for writes. */
const READ_ONLY_TRANSACTION = '25006';
/** Codes of PostgreSQL: connection exceptions, too many connections, shutting down, starting up. */
const AWAY = /^(08...|53300|57P0[1235]|25006)$/;
/** Code of a standby that cancelled a read in order to follow its primary. */
const CANCELLED_FOR_REPLAY = '40001';
/** Codes of the system. */
const UNREACHABLE =
  /^(ECONN(REFUSED|RESET|ABORTED)|E(HOST|NET)(UNREACH|DOWN)|ETIMEDOUT|EPIPE|ENOENT|ENOTFOUND|EAI_AGAIN)$/;
/** Codes of the system for a connection that was open. */
const BROKEN = /^(ECONN(RESET|ABORTED)|E(HOST|NET)(UNREACH|DOWN)|ETIMEDOUT|EPIPE)$/;
/** Class of PostgreSQL for insufficient resources, e.g. a full disk. The service goes on by itself when there is room. */
const EXHAUSTED = /^53...$/;
/** Messages of the driver, whose errors have no code. */
const LOST = /^(Connection terminated|Client was closed|Client has encountered a connection error|timeout expired)/;

/** Codes of PostgreSQL: a page, or an index, does not hold what was written. */
const DAMAGED = /^XX00[12]$/;

const NO_CONNECTION_FREE = /^timeout exceeded when trying to connect/;

const isSilence = (error: unknown): boolean => reasonOf(error) === 'Query read timeout';

const isConnectionFailure = (error: unknown): boolean => UNREACHABLE.test(codeOf(error) ?? '') || isLost(error);

function isLost(error: unknown): boolean {
  const code = codeOf(error);
  return code === undefined ? LOST.test(reasonOf(error)) || isSilence(error) : AWAY.test(code);
}

/** True if a query failed because of the database and not because of its content: it may be sent again in a moment. */
export const isDatabaseAway = (error: unknown): boolean =>
  error instanceof DatabaseUnreachable ||
  isLost(error) ||
  BROKEN.test(codeOf(error) ?? '') ||
  EXHAUSTED.test(codeOf(error) ?? '') ||
  codeOf(error) === CANCELLED_FOR_REPLAY ||
  NO_CONNECTION_FREE.test(reasonOf(error));

/** True if the server could not read what it had written. */
export const isDamage = (error: unknown): boolean => DAMAGED.test(codeOf(error) ?? '');

/**
 * An integer as a number. Positions, revisions and counts stay far below 2^53.
 * @throws RangeError for an integer that would be rounded
 */
function integer(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is more than a number can hold exactly.`);
  return value;
}

/** PostgreSQL's text of a `timestamptz` with a time zone of whole hours or minutes, e.g. `2026-11-24 05:38:00.25+00`. */
const TIMESTAMPTZ = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d(?::\d\d)?)$/;

/**
 * The canonical text of an instant, as `formatInstant` writes it. In a session in UTC it converts the text without a `Date`, because lists
 * hold several instants in every row.
 * @throws RangeError for a value that is not an instant of the years 0001 to 9999, e.g. `infinity`
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

/** Reads the elements of an array one by one, also of arrays in it; null stays null. */
function each(read: (text: string) => unknown): (text: string) => unknown {
  const split = types.getTypeParser(TEXT_ARRAY) as (text: string) => unknown[];
  const readAll = (element: unknown): unknown =>
    Array.isArray(element) ? element.map(readAll) : typeof element === 'string' ? read(element) : element;
  return (text) => readAll(split(text));
}

/** Type, its array type, and how its text is read. The numbers are from PostgreSQL's `pg_type.dat`, which never changes them. */
const TEXT_ARRAY: number = 1009;
const READERS: readonly (readonly [type: number, arrayType: number, read: (text: string) => unknown])[] = [
  [types.builtins.INT8, 1016, integer],
  [types.builtins.NUMERIC, 1231, asText],
  [types.builtins.TIMESTAMPTZ, 1185, instant],
  [types.builtins.DATE, 1182, asText],
];

/** For connections that we make, not for the whole process: other users of the driver keep its own parsers. */
const ledgerTypes = new TypeOverrides();
for (const [type, arrayType, read] of READERS) {
  ledgerTypes.setTypeParser(type, read);
  ledgerTypes.setTypeParser(arrayType, each(read));
}

/** The settings of every connection to the database. */
const CONNECTION = {
  keepAlive: true,
  keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
  types: ledgerTypes,
} satisfies ClientConfig;
