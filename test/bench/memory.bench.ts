import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { rounded, type BenchOptions, type BenchRow } from './measure.js';
import { SERVE, startServer } from './processes.js';

/**
 * Row 11: memory of the server after many commands, beside its memory after the first ten thousand. Each command is on a stream of its
 * own. A request holds a thousand commands. So as many streams as commands pass through the memory.
 */
const FEW = 10_000;
const COMMANDS_A_CALL = 1_000;
const CALLS_AT_ONCE = 2;
const MEMORY_TIMES_MAX = 1.3;
/** The memory is read so often after the last command, and the smallest value counts: the others may include garbage. */
const READINGS = 5;
const READING_MS = 1_000;
const PARTNER = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };
const OPERATOR_KEY = 'operator-key-of-the-benchmark-0123456789';

export async function run({ commands, say }: BenchOptions): Promise<BenchRow[]> {
  // The service makes this folder itself: below a folder of mode 0700 a service of root would keep its database elsewhere.
  const dataDir = join(tmpdir(), `ppp-ledger-bench-${randomUUID()}`);
  const env = { DATA_DIR: dataDir, PORT: '0', OPERATOR_KEY, LOG_LEVEL: 'warn', DATABASE_URL: '' };
  const server = await startServer(SERVE, env);
  try {
    // One request first, so that all connections are open.
    await post(server.url, '/v1/partners', PARTNER);
    await sendCommands(server.url, FEW);
    const base = await restingMb(server.pid);
    const course: number[] = [base];
    for (let sent = FEW; sent < commands;) {
      const next = Math.min(sent + Math.ceil(commands / 5), commands);
      await sendCommands(server.url, next - sent);
      sent = next;
      course.push(await restingMb(server.pid));
      say(`${sent} commands: ${Math.round(course.at(-1) ?? 0)} MB`);
    }
    const figure = course.at(-1) ?? base;
    return [
      {
        row: 11,
        what: `memory of the server after ${commands} commands on streams of their own`,
        beside: `after ${FEW}`,
        figure,
        base,
        unit: 'MB',
        ratio: figure / base,
        aim: `<= ${MEMORY_TIMES_MAX}`,
        met: figure / base <= MEMORY_TIMES_MAX,
        details: { course: course.map(rounded) },
      },
    ];
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function sendCommands(url: string, count: number): Promise<void> {
  let left = count / COMMANDS_A_CALL;
  const loop = async (): Promise<void> => {
    while ((left -= 1) >= 0) await sendCall(url);
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, loop));
}

async function sendCall(url: string): Promise<void> {
  const commands = Array.from({ length: COMMANDS_A_CALL }, () => ({
    method: 'POST',
    path: '/v1/partners',
    key: randomUUID(),
    body: PARTNER,
  }));
  const text = await post(url, '/v1/bulk', { commands });
  if (/"status":[45]/.test(text)) throw new Error(`/v1/bulk: ${text.slice(0, 500)}`);
}

async function post(url: string, path: string, body: object): Promise<string> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${OPERATOR_KEY}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 500)}`);
  return text;
}

async function restingMb(pid: number): Promise<number> {
  let least = Infinity;
  for (let reading = 0; reading < READINGS; reading += 1) {
    await new Promise((resolve) => setTimeout(resolve, READING_MS));
    least = Math.min(least, await residentMb(pid));
  }
  return least;
}

async function residentMb(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    const kb = /VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kb) / 1_024;
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout) / 1_024;
}
