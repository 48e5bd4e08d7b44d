import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, reasonOf } from '../startup-error.js';

export interface EmbeddedDatabaseLog {
  /** Facts for the operator: another user, another folder, a server that had to be ended. */
  warn(message: string): void;
  /** Every line that PostgreSQL itself writes. */
  debug(message: string): void;
}

/** The unprivileged user that PostgreSQL runs as when the service itself runs as root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** For messages. */
  readonly name: string;
}

/** A folder with `bin`, `lib` and `share` of PostgreSQL. */
export type BinariesFolder = string;

/** No variable of the caller's environment: PGDATA, PGOPTIONS or a locale would change the behaviour of the server. */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
/** The working folder must be one that every user may be in. */
const WORKING_FOLDER = '/';
/** initdb took 1 to 4 s on a small machine; slow disks need ten times that. */
const TOOL_TIMEOUT_MS = 120_000;
const LOG_TAIL_LINES = 20;
const LAST_LINES_TIMEOUT_MS = 500;

/**
 * Runs `initdb` or `postgres` to its end, as the account if there is one.
 * @returns its output
 * @throws Error with its output if it fails
 */
export function runTool(
  binaries: BinariesFolder,
  tool: 'initdb' | 'postgres',
  args: readonly string[],
  account: Account | undefined,
  input = '',
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { ...asAccount(account), cwd: WORKING_FOLDER, env: ENVIRONMENT, timeout: TOOL_TIMEOUT_MS };
    const child = execFile(join(binaries, 'bin', tool), args, options, (error, stdout, stderr) => {
      if (error) reject(Object.assign(error, { message: stderr.trim() || error.message }));
      else resolve(stdout + stderr);
    });
    // A tool that fails immediately does not read its input. Its exit code reports the failure.
    child.stdin?.on('error', () => undefined).end(input);
  });
}

/**
 * A pipe ties the server to this process; nothing is written to it. The pipe ends when this process closes it or is gone, for any reason,
 * and the server then shuts down cleanly. A session of its own keeps Ctrl-C away from the server: the service needs the server until its
 * accepted requests are finished. POSIX shell; `"$@"` is the server.
 */
const SUPERVISOR = `
trap '' HUP INT TERM
exec 3<&0
"$@" 3<&- & server=$!
{ read -r _ <&3; kill -INT "$server"; } & watcher=$!
exec 3<&-
wait "$server"
code=$?
kill -KILL "$watcher" 2>/dev/null
exit "$code"
`;

/** A PostgreSQL server that lives no longer than this process. */
export class ServerProcess {
  /** Resolves when the server has ended, asked or not. */
  readonly ended: Promise<void>;
  private readonly child;
  private readonly tail: string[] = [];
  private running = true;

  constructor(
    binaries: BinariesFolder,
    args: readonly string[],
    account: Account | undefined,
    log: Pick<EmbeddedDatabaseLog, 'debug'>,
  ) {
    const options = { ...asAccount(account), cwd: WORKING_FOLDER, env: ENVIRONMENT, detached: true };
    this.child = spawn(
      '/bin/sh',
      ['-c', SUPERVISOR, 'ppp-ledger-postgres', join(binaries, 'bin', 'postgres'), ...args],
      {
        ...options,
        stdio: ['pipe', 'ignore', 'pipe'],
      },
    );
    this.child.stdin.on('error', () => undefined);
    createInterface(this.child.stderr).on('line', (line) => {
      this.tail.push(line);
      if (this.tail.length > LOG_TAIL_LINES) this.tail.shift();
      log.debug(line);
    });
    this.ended = this.untilEnded();
    // A command that does not stop the server must still end. The server then ends with it.
    this.child.unref();
    for (const stream of [this.child.stdin, this.child.stderr]) if (stream instanceof Socket) stream.unref();
  }

  get isRunning(): boolean {
    return this.running;
  }

  /** The last lines that the server wrote. */
  get logTail(): string {
    return this.tail.join('\n');
  }

  /** Asks for a fast shutdown: open transactions are rolled back and everything committed is written to its place. */
  async shutDown(timeoutMs: number): Promise<boolean> {
    this.child.stdin.end();
    return this.endsWithin(timeoutMs);
  }

  /** Ends the server without its last checkpoint. It recovers from its log at the next start and loses nothing. */
  async abandon(timeoutMs: number): Promise<boolean> {
    if (this.running && this.child.pid) signal(-this.child.pid, 'SIGQUIT');
    return this.endsWithin(timeoutMs);
  }

  private async endsWithin(timeoutMs: number): Promise<boolean> {
    const timer = new AbortController();
    await Promise.race([this.ended, delay(timeoutMs, undefined, { signal: timer.signal })]);
    timer.abort();
    return !this.running;
  }

  private async untilEnded(): Promise<void> {
    const closed = once(this.child, 'close').catch(() => undefined);
    try {
      await once(this.child, 'exit');
      // The last lines may still be in the pipe. Another process may hold the pipe open after the server, so do not wait for its end.
      await Promise.race([closed, delay(LAST_LINES_TIMEOUT_MS, undefined, { ref: false })]);
    } catch (error) {
      this.tail.push(reasonOf(error));
    }
    this.running = false;
  }
}

/** False if there is no such process any more; a negative number names a process group. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    // A process of another user exists, although it may not be signalled.
    return codeOf(error) === 'EPERM';
  }
}

const asAccount = (account: Account | undefined) => (account ? { uid: account.uid, gid: account.gid } : {});
