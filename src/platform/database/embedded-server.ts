import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { ROLE } from './embedded-cluster.js';
import { ServerProcess, signal } from './embedded-process.js';
import type { Account, BinariesFolder, EmbeddedDatabaseLog } from './embedded-process.js';
import { StartupError, codeOf, reasonOf } from '../startup-error.js';

const DATABASE = 'ledger';
/** Crash recovery replays at most `max_wal_size` (1 GB) of log. A server that needs longer than this does not start. */
const START_TIMEOUT_MS = 60_000;
const START_POLL_MS = 25;
/** The service as a whole has 10 s to stop, and finishes its requests first. */
const SHUTDOWN_TIMEOUT_MS = 5_000;
const ABANDON_TIMEOUT_MS = 2_000;
/** A server whose service died shuts down by itself. After this time it gets a signal to shut down, and later SIGKILL. */
const PREDECESSOR_GRACE_MS = 3_000;
const PREDECESSOR_TIMEOUT_MS = 15_000;
/** In the settings of a server, before the process number of its service. */
const CLUSTER_NAME = 'ppp-ledger-';
/** `invalid_password`: waiting longer does not help. */
const INVALID_PASSWORD = '28P01';

export interface ServerPlan {
  readonly binaries: BinariesFolder;
  /** The database files, links resolved. */
  readonly cluster: string;
  readonly account: Account | undefined;
  /** Folder of its socket: a short path, closed to other users. */
  readonly socketFolder: string;
  readonly password: string;
  /** Further settings of postgresql.conf; they come last and win. */
  readonly settings: Readonly<Record<string, string>>;
  readonly log: EmbeddedDatabaseLog;
}

/** There is no TCP port. A client needs access to the folder of the socket, and the password. */
const settingsOf = (plan: ServerPlan): Readonly<Record<string, string>> => ({
  cluster_name: `${CLUSTER_NAME}${process.pid}`,
  listen_addresses: '',
  port: '5432',
  unix_socket_directories: `"${plan.socketFolder.replaceAll('"', '""')}"`,
  unix_socket_permissions: '0700',
  // An answer promises that the commit is durable, also if the configuration file was changed.
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_timezone: 'UTC',
  timezone: 'UTC',
  ...plan.settings,
});

/** Address of the embedded database for `pg` and for libpq alike. Holds the password. */
export const urlOf = (socketFolder: string, password: string, database = DATABASE): string =>
  `postgres://${ROLE}:${password}@localhost/${database}?host=${encodeURIComponent(socketFolder)}`;

/**
 * Starts the server and waits until it takes connections.
 * @throws StartupError with the last lines of its log if it does not within a minute.
 */
export async function startServer(plan: ServerPlan): Promise<ServerProcess> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  const options = Object.entries(settingsOf(plan)).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  for (;;) {
    const server = new ServerProcess(plan.binaries, ['-D', plan.cluster, ...options], plan.account, plan.log);
    const failure = await untilReady(server, plan, deadline);
    if (failure === undefined) return server;
    await stopServer(server, plan.log);
    // Processes of a killed server notice within moments that it is gone, and free its memory then.
    const mayPass = server.logTail.includes('pre-existing shared memory block');
    if (!mayPass || Date.now() > deadline) {
      throw new StartupError(
        `The embedded PostgreSQL did not start (${failure}). The last lines of its log:\n${server.logTail}`,
      );
    }
    await delay(START_POLL_MS);
  }
}

/** @returns why the server is not ready, or undefined if it is ready */
async function untilReady(server: ServerProcess, plan: ServerPlan, deadline: number): Promise<string | undefined> {
  let failure = 'no attempt was made';
  while (server.isRunning) {
    try {
      await makeDatabase(urlOf(plan.socketFolder, plan.password, 'postgres'));
      return undefined;
    } catch (error) {
      failure = reasonOf(error);
      if (codeOf(error) === INVALID_PASSWORD) return failure;
    }
    if (Date.now() > deadline) return `not within ${START_TIMEOUT_MS / 1000} s: ${failure}`;
    await delay(START_POLL_MS);
  }
  return 'it ended at once';
}

async function makeDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: START_TIMEOUT_MS });
  // The rejected query reports the loss. Without a listener a lost connection would end this process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** True if a server answers at this address. */
export async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: SHUTDOWN_TIMEOUT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    // Not running, starting up or shutting down: it cannot be used.
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Shuts the server down. If it takes more than 5 s, it is ended without its last checkpoint, and the next start recovers. */
export async function stopServer(server: ServerProcess, log: EmbeddedDatabaseLog): Promise<void> {
  if (await server.shutDown(SHUTDOWN_TIMEOUT_MS)) return;
  log.warn(
    `The embedded PostgreSQL takes more than ${SHUTDOWN_TIMEOUT_MS / 1000} s to stop: it will recover at the next start.`,
  );
  await server.abandon(ABANDON_TIMEOUT_MS);
}

/**
 * The process of the service that a running server on these files belongs to; undefined when there is no server, or its service is gone.
 * It is found by the processes alone: files of the service, its lock among them, may have been deleted. The server is a child of its
 * supervisor, and that one of the service, until the service ends.
 */
export async function serviceOf(cluster: string): Promise<number | undefined> {
  const pid = await pidIn(join(cluster, 'postmaster.pid'));
  if (!pid || !(await isServerOf(pid, cluster))) return undefined;
  const service = Number(new RegExp(`cluster_name=${CLUSTER_NAME}(\\d+)`).exec(await commandOf(pid))?.[1]);
  const supervisor = await parentOf(pid);
  return supervisor !== undefined && (await parentOf(supervisor)) === service ? service : undefined;
}

/**
 * Ends a server that still runs on these files because its service was killed, so that there are never two. If another process has the
 * number in the pid file by now, the pid file is removed: PostgreSQL would refuse to start while that process lives.
 * @throws StartupError if the server does not end
 */
export async function endPredecessor(cluster: string, log: EmbeddedDatabaseLog): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid');
  const pid = await pidIn(pidFile);
  const started = Date.now();
  let asked: NodeJS.Signals | undefined;
  while (pid && (await isServerOf(pid, cluster))) {
    const waitedMs = Date.now() - started;
    if (waitedMs > PREDECESSOR_TIMEOUT_MS) {
      throw new StartupError(
        `An earlier PostgreSQL, process ${pid}, still runs on ${cluster} and does not stop: end it first.`,
      );
    }
    const due =
      waitedMs < PREDECESSOR_GRACE_MS ? undefined : waitedMs < 3 * PREDECESSOR_GRACE_MS ? 'SIGINT' : 'SIGQUIT';
    if (due && due !== asked) {
      log.warn(`An earlier PostgreSQL, process ${pid}, still runs on ${cluster}: sending it ${due}.`);
      signal(pid, due);
      asked = due;
    }
    await delay(START_POLL_MS);
  }
  await rm(pidFile, { force: true });
}

async function pidIn(pidFile: string): Promise<number | undefined> {
  try {
    const pid = Number((await readFile(pidFile, 'utf8')).split('\n')[0]);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Compares the command line of the process: another process may have the number by now. */
async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  if (!signal(pid, 0)) return false;
  const command = await commandOf(pid);
  return IS_LINUX ? command.split('\0').includes(cluster) : command.includes(` -D ${cluster} `);
}

const IS_LINUX = process.platform === 'linux';

/** Empty for a process that is gone. On Linux each word ends with a NUL. */
const commandOf = (pid: number): Promise<string> =>
  IS_LINUX ? readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') : listed(pid, 'command');

async function parentOf(pid: number): Promise<number | undefined> {
  const parent = IS_LINUX
    ? /^PPid:\t(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1]
    : (await listed(pid, 'ppid')).trim();
  return parent ? Number(parent) : undefined;
}

async function listed(pid: number, column: 'command' | 'ppid'): Promise<string> {
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', `${column}=`, '-p', `${pid}`]).catch(() => ({
    stdout: '',
  }));
  return stdout;
}
