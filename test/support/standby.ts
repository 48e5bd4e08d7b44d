import { cp, mkdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { giveAllTo } from '../../src/platform/database/embedded-account.js';
import { startEmbeddedDatabase, type EmbeddedDatabase } from '../../src/platform/database/embedded-database.js';

/** A real PostgreSQL that can be killed like a machine that loses its power. */
export interface TestServer {
  readonly url: string;
  /** The folder of its Unix socket, for URLs with several hosts. */
  readonly socketFolder: string;
  query(statement: string): Promise<Record<string, unknown>[]>;
  /** SIGKILL to the server and all its sessions. */
  kill(): Promise<void>;
  /** SIGSTOP to the server and all its sessions: connections stay open, and nothing is answered. */
  pause(): Promise<void>;
  /** SIGCONT. */
  goOn(): void;
  stop(): Promise<void>;
}

const LOG = { warn: () => undefined, debug: () => undefined };
/** The server of a test need not survive a power loss of the real machine. The order of its writes stays the same. */
const SETTINGS = { fsync: 'off', full_page_writes: 'off', shared_buffers: '32MB', wal_keep_size: '128MB' };

export async function startPrimary(dataDir: string): Promise<TestServer> {
  return serverOf(await startEmbeddedDatabase({ dataDir, log: LOG, settings: SETTINGS }), dataDir);
}

/**
 * A standby of a running primary, made from a copy of its files ("Making a Base Backup Using the Low Level API"), because
 * `pg_basebackup` does not come with the embedded PostgreSQL. The primary waits for it from now on.
 */
export async function startStandby(primary: TestServer, primaryDataDir: string, dataDir: string): Promise<TestServer> {
  await copyFiles(primary, primaryDataDir, dataDir);
  const primaryUrl = new URL(primary.url);
  const conninfo = `host=${primary.socketFolder} port=5432 user=${primaryUrl.username} password=${primaryUrl.password} application_name=standby`;
  const settings = { ...SETTINGS, primary_conninfo: conninfo, wal_retrieve_retry_interval: '100ms' };
  const standby = serverOf(await startEmbeddedDatabase({ dataDir, log: LOG, settings }), dataDir);
  await primary.query(`alter system set synchronous_standby_names = 'standby'`);
  await primary.query('select pg_reload_conf()');
  await untilTrue(primary, `select sync_state = 'sync' as done from pg_stat_replication`);
  return standby;
}

async function copyFiles(primary: TestServer, from: string, to: string): Promise<void> {
  const session = await connect(primary.url);
  const files = await realpath(join(from, 'postgres'));
  try {
    await session.query(`select pg_backup_start('standby', fast => true)`);
    await mkdir(to, { mode: 0o755 });
    await cp(join(from, 'postgres.password'), join(to, 'postgres.password'));
    await cp(files, join(to, 'postgres'), {
      recursive: true,
      filter: (path) => !/\/(postmaster\.(pid|opts)|pg_wal\/.+|pg_replslot\/.+)$/.test(path),
    });
    const { rows } = await session.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)');
    await writeFile(join(to, 'postgres', 'backup_label'), rows[0]?.labelfile ?? '', { mode: 0o600 });
    await writeFile(join(to, 'postgres', 'standby.signal'), '', { mode: 0o600 });
    // When the test runs as root, the files of the primary belong to another user, and so must the files of its standby.
    const { uid, gid } = await stat(files);
    await giveAllTo({ uid, gid, name: 'of the primary' }, join(to, 'postgres'));
  } finally {
    await session.end();
  }
}

/** Repeats a statement until it returns true: the server works in its own time. */
export async function untilTrue(server: TestServer, statement: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while ((await server.query(statement))[0]?.['done'] !== true) {
    if (Date.now() > deadline) throw new Error(`Not within 10 s: ${statement}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function serverOf(database: EmbeddedDatabase, dataDir: string): TestServer {
  const { url } = database;
  const query = async (statement: string): Promise<Record<string, unknown>[]> => {
    const session = await connect(url);
    try {
      return (await session.query<Record<string, unknown>>(statement)).rows;
    } finally {
      await session.end();
    }
  };
  const processes = async (): Promise<number[]> => {
    const sessions = await query('select pid from pg_stat_activity where pid <> pg_backend_pid()');
    const [postmaster] = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
    return [Number(postmaster), ...sessions.map((session) => Number(session['pid']))];
  };
  let paused: readonly number[] = [];
  return {
    url,
    socketFolder: new URL(url).searchParams.get('host') ?? '',
    query,
    kill: async () => {
      for (const pid of await processes()) signalProcess(pid, 'SIGKILL');
      await database.ended;
    },
    pause: async () => {
      paused = await processes();
      for (const pid of paused) signalProcess(pid, 'SIGSTOP');
    },
    goOn: () => {
      for (const pid of paused) signalProcess(pid, 'SIGCONT');
    },
    stop: async () => {
      await database.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function connect(url: string): Promise<Client> {
  const client = new Client(url);
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // The process has ended by itself, because its server is gone.
    if ((error as { code?: unknown }).code !== 'ESRCH') throw error;
  }
}
