import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SimulatedWorld } from '../support/simulated-world.js';
import { OPERATOR_KEY, Service } from '../crash/victims.js';
import type { Measured } from './probe.js';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const CLI = join(ROOT, 'dist/cli.js');

/** Longest delay of `/livez`, beyond twice that of a bare server at the same moments. */
const DELAY_MS_MAX = 100;
/** Memory of the process of the service. */
const MEMORY_BYTES_MAX = 512 * 1_048_576;
const MEMORY_LOOK_MS = 50;
/** A caller who keeps to the rules is answered within it. */
const COMMAND_MS_MAX = 10_000;

/** What a case is run against. */
export interface Ground {
  readonly url: string;
  readonly port: number;
  readonly operatorKey: string;
  /** Of a partner, which is `partnerId`. */
  readonly partnerKey: string;
  readonly partnerId: string;
  readonly callId: string;
  readonly facilityId: string;
  readonly auditorKey: string;
  /** An exported archive of the log, and its verifier key. */
  readonly archive: string;
  readonly vkey: string;
  /** For files of a case. */
  readonly folder: string;
  readonly chance: SimulatedWorld;
  /** 1 in the short form; the long form repeats the attacks with a multiple of their size. */
  readonly scale: number;
  /** Asks the honest caller how it was since the last call. */
  measured(): Promise<Measured>;
  /** Starts a further service, with settings of its own, and stops it after `use`. */
  withService(env: Readonly<Record<string, string>>, use: (url: string) => Promise<void>): Promise<void>;
}

export interface Case {
  /** With its numbers of `attacks.md` and `trials.md`. */
  readonly title: string;
  run(ground: Ground): Promise<void>;
  /** The service is not attacked, but a tool of the auditor: nothing is measured. */
  readonly isOfTools?: true;
  /** Why it does not hold yet. Such a case is run and printed, and does not fail the run. */
  readonly open?: string;
}

export class BudgetExceeded extends Error {}

/** Others waited. A busy machine does that too, but not at every try. */
export class TooSlow extends BudgetExceeded {}

export function require(holds: boolean, what: string): void {
  if (!holds) throw new BudgetExceeded(what);
}

/** The highest memory of a process while something runs. */
export async function memoryWhile<Done>(pid: number, work: Promise<Done>): Promise<readonly [Done, number]> {
  let highest = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      highest = Math.max(highest, await memoryOf(pid));
      await sleep(MEMORY_LOOK_MS);
    }
  })();
  try {
    const done = await work;
    highest = Math.max(highest, await memoryOf(pid));
    return [done, highest] as const;
  } finally {
    isOver = true;
    await watching;
  }
}

async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return 1_024 * Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0);
}

/** A case that misses its time is run again, at most so often. */
const TRIES_MAX = 3;

/** Runs a case under its budget. @returns what was measured, for the report */
export async function underBudget(each: Case, ground: Ground, service: Service): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await tryOnce(each, ground, service);
    } catch (error) {
      if (!(error instanceof TooSlow) || tries === TRIES_MAX) throw error;
    }
  }
}

async function tryOnce(each: Case, ground: Ground, service: Service): Promise<string> {
  await ground.measured();
  const [, memory] = await memoryWhile(service.pid, each.run(ground));
  if (each.isOfTools) return '';
  const { livezMax, bareMax, commandMax, refused, livezFailed, looks } = await ground.measured();
  service.requireHealthy();
  const seen =
    `livez ${livezMax.toFixed(0)} ms at most (a bare server ${bareMax.toFixed(0)}), commands ${commandMax.toFixed(0)} ms at most, ` +
    `memory ${Math.round(memory / 1_048_576)} MB`;
  require(livezFailed === 0, `/livez did not answer ${livezFailed} times of ${looks}: ${seen}`);
  require(refused.length === 0, `an honest caller was refused: ${[...new Set(refused)].join(', ')}; ${seen}`);
  require(memory <= MEMORY_BYTES_MAX, `memory: ${seen}`);
  if (livezMax > DELAY_MS_MAX + 2 * bareMax) throw new TooSlow(`others wait: ${seen}`);
  if (commandMax > COMMAND_MS_MAX) throw new TooSlow(`an honest caller waits: ${seen}`);
  return seen;
}

/** The honest caller and the bare server, each a process of its own. */
export class Probe {
  private constructor(
    private readonly processes: readonly ChildProcess[],
    private readonly lines: AsyncIterator<string>,
    private readonly stdin: NodeJS.WritableStream,
  ) {}

  static async start(url: string): Promise<Probe> {
    const begin = (...args: readonly string[]): ChildProcess =>
      spawn(
        process.execPath,
        ['--import', join(ROOT, 'test/support/typescript.mjs'), join(ROOT, 'test/attack/probe.ts'), ...args],
        { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] },
      );
    const bare = begin('bare');
    const bareUrl = await linesOf(bare).next();
    const probe = begin(url, OPERATOR_KEY, String(bareUrl.value));
    if (!probe.stdin) throw new Error('The probe has no input.');
    return new Probe([bare, probe], linesOf(probe), probe.stdin);
  }

  /** What was measured since the last call. */
  async measured(): Promise<Measured> {
    this.stdin.write('\n');
    const { value, done } = await this.lines.next();
    if (done) throw new Error('The honest caller has ended.');
    return JSON.parse(value) as Measured;
  }

  async stop(): Promise<void> {
    for (const each of this.processes) {
      if (each.exitCode !== null) continue;
      each.stdin?.end();
      await once(each, 'exit');
    }
  }
}

function linesOf(child: ChildProcess): AsyncIterator<string> {
  if (!child.stdout) throw new Error('The process has no output.');
  const lines: Interface = createInterface({ input: child.stdout });
  return lines[Symbol.asyncIterator]();
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Sent {
  readonly key?: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly withinMs?: number;
}

let made = 0;

/** A POST where there is a body, else a GET. The status 0: the connection was closed without an answer. */
export async function send(
  url: string,
  { key, body, headers, method, withinMs = 60_000 }: Sent = {},
): Promise<HttpAnswer> {
  const idempotencyKey = `attack-${process.pid}-${(made += 1)}`;
  try {
    const response = await fetch(url, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json', 'idempotency-key': idempotencyKey }),
        ...headers,
      },
      ...(body !== undefined && { body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(withinMs),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    if ((error as Error).name === 'TimeoutError') throw new BudgetExceeded(`no answer within ${withinMs / 1_000} s`);
    return { status: 0, headers: new Headers(), text: String(error) };
  }
}

/** A bare connection. Its errors are of no interest: only whether it is open. */
export async function socketTo(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  return socket;
}

/** Sends bytes and returns all that comes back until the other end closes, or until so long. */
export async function raw(port: number, bytes: string | Uint8Array, withinMs = 2_000): Promise<string> {
  const socket = await socketTo(port);
  let text = '';
  socket.on('data', (part: Buffer) => (text += part.toString('latin1')));
  socket.write(bytes);
  await Promise.race([once(socket, 'close'), sleep(withinMs)]);
  socket.destroy();
  return text;
}

export interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly memory: number;
  readonly seconds: number;
}

/** Runs a command of the auditor, with a bound on its time. */
export async function auditorRuns(args: readonly string[], withinMs = 120_000): Promise<Ran> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [CLI, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (output += part.toString()));
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
  const [[code], memory] = await memoryWhile(child.pid ?? 0, once(child, 'close') as Promise<[number | null]>);
  clearTimeout(timer);
  return { code, output, memory, seconds: (performance.now() - startedAt) / 1_000 };
}
