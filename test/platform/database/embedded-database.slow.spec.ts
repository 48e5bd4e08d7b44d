import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  realpath,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { accountForDatabase } from '../../../src/platform/database/embedded-account.js';
import { usableBinaries } from '../../../src/platform/database/embedded-binaries.js';
import { findEmbeddedDatabase, startEmbeddedDatabase } from '../../../src/platform/database/embedded-database.js';
import type { EmbeddedDatabase } from '../../../src/platform/database/embedded-database.js';
import { startServer } from '../../../src/platform/database/embedded-server.js';
import { StartupError } from '../../../src/platform/startup-error.js';

const SUPPORT = fileURLToPath(new URL('../../support/', import.meta.url));
const asRoot = process.getuid?.() === 0 ? it : it.skip;

describe('the embedded database', () => {
  /** Longer than the address of a socket, and with characters that have a meaning in a shell or a URL. */
  let parent: string;
  let dataDir: string;
  let warnings: string[];
  const running = new Set<EmbeddedDatabase>();
  const processes = new Set<ChildProcess>();

  beforeAll(async () => {
    parent = join(await mkdtemp(join(tmpdir(), 'embedded-')), `it's "100 %" & ${'deep'.repeat(20)}`);
    // Under root the database runs as another user. This test needs folders that this user can enter.
    await chmod(dirname(parent), 0o755);
    await mkdir(parent);
    dataDir = join(parent, 'data');
  });
  beforeEach(() => {
    warnings = [];
  });
  afterEach(async () => {
    for (const child of processes) child.kill('SIGKILL');
    await Promise.all([...running].map((database) => database.stop()));
    running.clear();
    processes.clear();
  });
  afterAll(() => rm(dirname(parent), { recursive: true, force: true }));

  const log = { warn: (message: string) => void warnings.push(message), debug: () => undefined };

  async function start(folder = dataDir, options: object = {}): Promise<EmbeddedDatabase> {
    const database = await startEmbeddedDatabase({ dataDir: folder, log, ...options });
    running.add(database);
    return database;
  }

  async function refusal(folder = dataDir, options: object = {}): Promise<string> {
    const error: unknown = await start(folder, options).catch((reason: unknown) => reason);
    if (!(error instanceof StartupError)) throw new Error(`Expected a StartupError, not ${String(error)}.`);
    return error.message;
  }

  async function query(url: string, statement: string): Promise<object[]> {
    const client = new Client(url);
    await client.connect();
    try {
      return (await client.query<object>(statement)).rows;
    } finally {
      await client.end();
    }
  }

  /** Starts a service as a process of its own; resolves when its database takes connections. */
  async function startService(): Promise<{ service: ChildProcess; url: string }> {
    const script = join(SUPPORT, 'embedded-service.ts');
    const service = spawn(process.execPath, ['--import', join(SUPPORT, 'typescript.mjs'), script, dataDir], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    processes.add(service);
    const [url] = (await once(createInterface(service.stdout), 'line')) as [string];
    return { service, url };
  }

  const serverPid = async (): Promise<number> =>
    parseInt(await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'), 10);

  /** Resolves when the process is gone, or only its exit code is left. */
  async function ended(pid: number): Promise<void> {
    for (;;) {
      const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      if (line === '' || /\) [ZX] /.test(line)) return;
      await new Promise(setImmediate);
    }
  }

  it('is a durable PostgreSQL that stores UTF-8, sorts by bytes and has no TCP port', async () => {
    const { url } = await start();
    const settings = [
      'fsync',
      'synchronous_commit',
      'full_page_writes',
      'listen_addresses',
      'server_encoding',
      'TimeZone',
    ];
    const columns = settings.map((name) => `current_setting('${name}') as "${name}"`).join(', ');
    expect(await query(url, `select ${columns}`)).toEqual([
      {
        fsync: 'on',
        synchronous_commit: 'on',
        full_page_writes: 'on',
        listen_addresses: '',
        server_encoding: 'UTF8',
        TimeZone: 'UTC',
      },
    ]);
    expect(await query(url, `select 'Z' < 'a' as bytes, lower('ÉÖ') as lower`)).toEqual([{ bytes: true, lower: 'éö' }]);
  });

  it('keeps its files and its password closed to other users', async () => {
    const { url } = await start();
    const modes = await Promise.all(
      ['.', 'postgres', 'postgres.password'].map(async (name) => (await stat(join(dataDir, name))).mode & 0o007),
    );
    expect(modes).toEqual([0, 0, 0]);
    expect((await stat(join(dataDir, 'postgres.password'))).mode & 0o777).toBe(0o600);
    await expect(query(url.replace(/:[0-9a-f]{64}@/, ':guess@'), 'select 1')).rejects.toThrow(
      /password authentication failed/,
    );
  });

  it('has its data after a restart, and leaves no other files', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    await first.ended;
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.password']);
    const second = await start();
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('names the process that holds the folder to a second instance, which may then use the database but not start it', async () => {
    const { url } = await start();
    expect(await refusal()).toContain(`in use by process ${process.pid} on `);
    expect(await findEmbeddedDatabase(dataDir)).toBe(url);
    expect(await query(url, 'select 1 as alive')).toEqual([{ alive: 1 }]);
  });

  it('is not taken from a service whose lock file was deleted', async () => {
    const { url } = await start();
    await rm(join(dataDir, 'instance.sock'));
    expect(await refusal()).toContain(`in use by process ${process.pid}`);
    // Also not by a second attempt, and with its files in place.
    expect(await refusal()).toContain(`in use by process ${process.pid}`);
    expect(await findEmbeddedDatabase(dataDir)).toBe(url);
    expect(await query(url, 'select 1 as alive')).toEqual([{ alive: 1 }]);
    expect(warnings.join()).not.toContain('An earlier PostgreSQL');
  });

  it('is started by exactly one of several instances at the same moment, also over the lock of a killed one', async () => {
    const { service } = await startService();
    service.kill('SIGKILL');
    await once(service, 'exit');
    expect(await readdir(dataDir)).toContain('instance.sock');
    const outcomes = await Promise.allSettled([start(), start(), start()]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('is not found while no instance runs', async () => {
    expect(await findEmbeddedDatabase(dataDir)).toBeUndefined();
    expect(await findEmbeddedDatabase(join(parent, 'nothing'))).toBeUndefined();
  });

  it('shuts down cleanly when its service is killed, and starts again with everything that was committed', async () => {
    const { service, url } = await startService();
    await query(url, 'create table committed as select 7 as answer');
    const server = await serverPid();
    service.kill('SIGKILL');
    await ended(server);
    const database = await start();
    expect(await query(database.url, 'select answer from committed')).toEqual([{ answer: 7 }]);
    // The socket's folder of the killed service is gone too.
    const [, folder = ''] = /host=(.*)$/.exec(url) ?? [];
    await expect(lstat(decodeURIComponent(folder))).rejects.toThrow('ENOENT');
  });

  it('recovers when service and server are killed at the same moment', async () => {
    const { service, url } = await startService();
    await query(url, 'create table recovered as select 8 as answer');
    const server = await serverPid();
    // The server and what ties it to its service are one process group.
    const group = Number((await readFile(`/proc/${server}/stat`, 'utf8')).split(') ')[1]?.split(' ')[2]);
    process.kill(-group, 'SIGKILL');
    service.kill('SIGKILL');
    const database = await start();
    expect(await query(database.url, 'select answer from recovered')).toEqual([{ answer: 8 }]);
  });

  it('ends a server that still runs on its files before it starts one', async () => {
    await (await start()).stop();
    const cluster = await realpath(join(dataDir, 'postgres'));
    const account = await accountForDatabase(cluster, log);
    const binaries = await usableBinaries(account, '', log);
    const password = (await readFile(join(dataDir, 'postgres.password'), 'utf8')).trim();
    const socketFolder = await mkdtemp(join(tmpdir(), 'left-'));
    await chmod(socketFolder, 0o777);
    const left = await startServer({ binaries, cluster, account, socketFolder, password, settings: {}, log });
    const pid = await serverPid();
    // What ties it to its service is gone, so that it would go on for ever.
    const supervisor = Number((await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[1]);
    const children = await readFile(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8');
    const watchers = children
      .trim()
      .split(' ')
      .map(Number)
      .filter((child) => child !== pid);
    for (const one of [supervisor, ...watchers]) process.kill(one, 'SIGKILL');
    await left.ended;
    const database = await start();
    expect(warnings.join()).toContain(`An earlier PostgreSQL, process ${pid}, still runs on ${cluster}`);
    expect(await query(database.url, 'select 1 as alive')).toEqual([{ alive: 1 }]);
    await rm(socketFolder, { recursive: true });
  });

  it('starts although another process now has the number in its pid file', async () => {
    await (await start()).stop();
    const { uid, gid } = await stat(join(dataDir, 'postgres'));
    const stranger = spawn('sleep', ['600'], { uid, gid });
    processes.add(stranger);
    await writeFile(
      join(dataDir, 'postgres', 'postmaster.pid'),
      `${stranger.pid}\n${dataDir}/postgres\n1\n5432\n/tmp\n\n`,
    );
    const database = await start();
    expect(await query(database.url, 'select 1 as alive')).toEqual([{ alive: 1 }]);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  });

  it('is made again from nothing when the first start was killed', async () => {
    const folder = join(parent, 'half');
    await mkdir(join(folder, 'postgres.new', 'base'), { recursive: true });
    await chmod(folder, 0o755);
    const database = await start(folder);
    expect(await query(database.url, 'select 1 as alive')).toEqual([{ alive: 1 }]);
    expect(await readdir(folder)).not.toContain('postgres.new');
  });

  it('gets a new password when the old one was deleted, and keeps its data', async () => {
    const first = await start();
    await query(first.url, 'create table still_there as select 1 as answer');
    await first.stop();
    await rm(join(dataDir, 'postgres.password'));
    const second = await start();
    expect(second.url.replace(/\?.*/, '')).not.toBe(first.url.replace(/\?.*/, ''));
    expect(await query(second.url, 'select answer from still_there')).toEqual([{ answer: 1 }]);
  });

  it('reports the output of PostgreSQL when it does not start, and releases the folder', async () => {
    await (await start()).stop();
    expect(await refusal(dataDir, { settings: { shared_buffers: 'plenty' } })).toMatch(
      /did not start[^]*invalid value for parameter "shared_buffers": "plenty"/,
    );
    expect(await query((await start()).url, 'select 1 as alive')).toEqual([{ alive: 1 }]);
  });

  it('refuses a data folder that cannot be one, and names the reason', async () => {
    const file = join(parent, 'file');
    await writeFile(file, '');
    expect(await refusal(file)).toContain('is not a folder');
    expect(await refusal(join(file, 'below'))).toContain('set');
  });

  asRoot('runs as an unprivileged user when the service is root, and logs it', async () => {
    await start();
    expect(warnings.join()).toMatch(/refuses to run as root: the embedded database runs as the user \S+ \(uid \d+\)/);
    expect((await stat(`/proc/${await serverPid()}`)).uid).not.toBe(0);
    expect((await stat(dataDir)).uid).toBe(0);
  });

  asRoot('keeps its files elsewhere when its user cannot enter the data folder, and finds them again', async () => {
    const home = join(parent, 'home');
    const sharedFolder = join(parent, 'shared');
    await mkdir(home, { mode: 0o700 });
    const first = await start(join(home, 'data'), { sharedFolder });
    await query(first.url, 'create table elsewhere as select 1 as answer');
    const files = await readlink(join(home, 'data', 'postgres'));
    expect(dirname(files)).toBe(await realpath(sharedFolder));
    expect(warnings.join()).toContain(`the database files are kept in ${files}`);
    expect((await stat(files)).mode & 0o777).toBe(0o700);
    await first.stop();
    const second = await start(join(home, 'data'), { sharedFolder });
    expect(await query(second.url, 'select answer from elsewhere')).toEqual([{ answer: 1 }]);
    expect((await stat(home)).mode & 0o777).toBe(0o700);
    expect((await stat(home)).uid).toBe(0);
  });

  asRoot('takes back files that were restored as root', async () => {
    await (await start()).stop();
    const { uid } = await stat(join(dataDir, 'postgres'));
    const chown = spawn('chown', ['-R', '0:0', join(dataDir, 'postgres')]);
    await once(chown, 'exit');
    await start();
    expect((await stat(join(dataDir, 'postgres'))).uid).toBe(uid);
  });

  asRoot('runs a copy of its binaries when its user cannot reach them', async () => {
    const home = join(parent, 'closed', 'package');
    await mkdir(join(home, 'native', 'bin'), { recursive: true });
    await mkdir(join(home, 'native', 'lib'));
    await writeFile(join(home, 'package.json'), '{ "version": "18.0.0" }');
    await writeFile(join(home, 'native', 'bin', 'postgres'), '#!/bin/sh\necho 18', { mode: 0o700 });
    await writeFile(join(home, 'native', 'lib', 'libpq.so.5.18'), '', { mode: 0o600 });
    const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }];
    await writeFile(join(home, 'native', 'pg-symlinks.json'), JSON.stringify(links));
    await chmod(join(parent, 'closed'), 0o700);
    const sharedFolder = join(parent, 'copies');

    const account = await accountForDatabase(undefined, log);
    const copy = join(sharedFolder, 'postgresql-18.0.0');
    expect(await usableBinaries(account, sharedFolder, log, join(home, 'native'))).toBe(copy);
    expect(await usableBinaries(account, sharedFolder, log, join(home, 'native'))).toBe(copy);
    expect(await readlink(join(copy, 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18');
    expect((await stat(join(copy, 'lib', 'libpq.so.5'))).mode & 0o777).toBe(0o644);
    expect(await readdir(sharedFolder)).toEqual(['postgresql-18.0.0']);
    expect((await stat(join(parent, 'closed'))).mode & 0o777).toBe(0o700);
  });

  it('names DATABASE_URL where its binaries do not run', async () => {
    const native = join(parent, 'foreign', 'native');
    await mkdir(join(native, 'bin'), { recursive: true });
    await writeFile(join(native, 'bin', 'postgres'), '#!/lib/ld-of-another-system\n', { mode: 0o755 });
    await expect(usableBinaries(undefined, '', log, native)).rejects.toThrow(
      /does not run here.*musl.*Set DATABASE_URL/,
    );
  });

  it('does not survive a service that ends without stopping it', async () => {
    const { service } = await startService();
    const server = await serverPid();
    service.stdin?.end();
    await once(service, 'exit');
    await ended(server);
  });
});
