import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const START_MS_MAX = 60_000;
const STOP_MS_MAX = 15_000;

/** The command line of `npm start`. */
export const SERVE = ['--max-semi-space-size=32', 'dist/cli.js', 'serve'];

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a server in a process of its own and waits for the first address that it prints. */
export async function startServer(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ServerProcess> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await firstUrl(child);
  return {
    url,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
      if (child.exitCode === null) await once(child, 'exit');
      clearTimeout(timer);
    },
  };
}

async function firstUrl(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('The server has no output.');
  const timer = setTimeout(() => child.kill('SIGKILL'), START_MS_MAX);
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /http:\/\/[^\s)]+/.exec(line)?.[0];
      if (url !== undefined) {
        child.stdout.resume();
        return url.replace('[::1]', '127.0.0.1');
      }
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Error('The server ended before it listened.');
}

/** Prints at the end of the process, on a line of its own, its peak memory. Linux and macOS report kB. */
const REPORT_MEMORY =
  'data:text/javascript,' +
  encodeURIComponent(
    `process.on('exit', () => process.stderr.write('max-rss-kb ' + process.resourceUsage().maxRSS + String.fromCharCode(10)))`,
  );

export interface Ran {
  readonly output: string;
  /** Peak memory of the process. */
  readonly megabytes: number;
}

/**
 * Runs a program to its end.
 * @throws Error with the output of the program when it fails
 */
export async function runToEnd(args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, ['--import', REPORT_MEMORY, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  const kb = /max-rss-kb (\d+)/.exec(said)?.[1];
  if (code !== 0 || kb === undefined) throw new Error(`${args.join(' ')} ended with ${code}: ${said}`);
  return { output, megabytes: Number(kb) / 1_024 };
}
