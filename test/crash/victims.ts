import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startEmbeddedDatabase, type EmbeddedDatabase } from '../../src/platform/database/embedded-database.js';
import { upstreamOf, type Upstream } from '../support/postgres-proxy.js';
import type { Strike } from './kurrent-double.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Also enough on a busy machine. */
const START_MS_MAX = 300_000;
const LOOK_MS = 20;
const log = { warn: () => undefined, debug: () => undefined };

export const OPERATOR_KEY = 'operator-key-of-the-crash-harness-0123456789';

/** A PostgreSQL of its own, started like that of the service, to be killed. Its files stay. */
export class Postgres {
  private constructor(
    private readonly dataDir: string,
    private database: EmbeddedDatabase,
  ) {}

  static async start(dataDir: string): Promise<Postgres> {
    return new Postgres(dataDir, await startEmbeddedDatabase({ dataDir, log }));
  }

  /** Without any proxy. It changes at each start. */
  get url(): string {
    return this.database.url;
  }

  get upstream(): Upstream {
    return upstreamOf(this.url);
  }

  /** The first process of the server, or all processes. When the first process is gone the others end by themselves. */
  async pids(which: 'first' | 'all'): Promise<readonly number[]> {
    const pidFile = join(this.dataDir, 'postgres', 'postmaster.pid');
    const first = Number.parseInt(await readFile(pidFile, 'utf8'), 10);
    return which === 'first' ? [first] : [first, ...(await childrenOf(first))];
  }

  /** One process that serves a connection, if there is any. When it is killed, the server ends all connections and recovers. */
  async backend(): Promise<number | undefined> {
    const [first = 0] = await this.pids('first');
    for (const pid of await childrenOf(first)) {
      const name = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (/^postgres: ledger .*ledger /.test(name.replaceAll('\0', ' '))) return pid;
    }
    return undefined;
  }

  async restart(): Promise<void> {
    await this.database.ended;
    await this.database.stop();
    this.database = await startEmbeddedDatabase({ dataDir: this.dataDir, log });
  }

  stop(): Promise<void> {
    return this.database.stop();
  }
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return children.split(' ').filter(Boolean).map(Number);
}

export function kill(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // The process has ended by itself since the look.
      if ((error as { code?: unknown }).code !== 'ESRCH') throw error;
    }
  }
}

/** The double of KurrentDB, which runs during all rounds. */
export class KurrentServer {
  private struck: (() => void) | undefined;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {
    child.on('message', () => this.struck?.());
  }

  static async start(seed: number): Promise<KurrentServer> {
    const child = fork(join(ROOT, 'test/crash/kurrent-double.ts'), [String(seed)], {
      execArgv: ['--import', join(ROOT, 'test/support/typescript.mjs')],
    });
    const [{ url }] = (await once(child, 'message')) as [{ url: string }];
    return new KurrentServer(child, url);
  }

  /** Calls `reached` once the kill has been executed. */
  arm(strike: Strike, reached: () => void): void {
    this.struck = reached;
    this.child.send({ strike });
  }

  disarm(): void {
    this.struck = undefined;
    this.child.send({});
  }

  async stop(): Promise<void> {
    this.child.disconnect();
    await once(this.child, 'exit');
  }
}

/** The service as it is shipped, in a process of its own, always at the same address. */
export class Service {
  readonly url: string;
  private child: ChildProcess | undefined;
  /** Why it ended, if it was not killed. */
  private unexpected: string | undefined;

  constructor(
    private readonly port: number,
    private readonly env: Readonly<Record<string, string>>,
    private readonly output: WriteStream,
  ) {
    this.url = `http://127.0.0.1:${port}`;
  }

  static async at(env: Readonly<Record<string, string>>, logFile: string): Promise<Service> {
    return new Service(await freePort(), env, createWriteStream(logFile, { flags: 'a' }));
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Resolves when it accepts requests. */
  async start(): Promise<void> {
    const env = { ...process.env, OPERATOR_KEY, LOG_LEVEL: 'warn', ...this.env, PORT: String(this.port) };
    const child = spawn(process.execPath, [join(ROOT, 'dist/cli.js'), 'serve'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    child.stdout.pipe(this.output, { end: false });
    child.stderr.pipe(this.output, { end: false });
    child.once('exit', (code, signal) => {
      if (signal !== 'SIGKILL') this.unexpected = `the service ended by itself, with ${code ?? signal}`;
    });
    const deadline = Date.now() + START_MS_MAX;
    while (!(await answers(`${this.url}/livez`))) {
      this.requireHealthy();
      if (Date.now() > deadline) throw new Error('The service does not take requests.');
      await sleep(LOOK_MS);
    }
  }

  /** @throws Error when it has ended without having been killed. */
  requireHealthy(): void {
    if (this.unexpected !== undefined) throw new Error(`Defect: ${this.unexpected}.`);
  }

  async ended(): Promise<void> {
    const { child } = this;
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  /** Stops it like an operator. */
  async stop(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.removeAllListeners('exit');
    child.kill('SIGTERM');
    await this.ended();
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
