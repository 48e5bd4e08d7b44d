import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** Time for build, first start of the database and migrations in an empty folder, also on a busy machine. */
const START_MS_MAX = 180_000;
/** The service promises to stop sooner; the rest is for npm and the shell around it. */
const STOP_MS_MAX = 10_000;
const ANNOUNCEMENT = /(http:\/\/[^\s/)]+:\d+)/;

const running = new Set();
// The runner ends a check that takes too long: the processes that the check started must end with it.
process.once('SIGTERM', () => {
  endAll();
  process.exit(143);
});

/** A service in a process of its own. `owner` is the user that it runs as: `{ uid, gid }`. */
export class Service {
  constructor(command, { cwd, env, owner }) {
    this.child = spawn('bash', ['-c', command], {
      cwd,
      env: { ...environment(), ...(owner && { HOME: cwd }), ...env },
      ...owner,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.output = '';
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (chunk) => (this.output += chunk));
    this.exited = once(this.child, 'close').then(([code, signal]) => code ?? signal);
    running.add(this);
    void this.exited.then(() => running.delete(this));
  }

  /** Waits until it prints its address, and reports there that it is ready. */
  async ready(withinMs = START_MS_MAX) {
    const deadline = Date.now() + withinMs;
    while (Date.now() < deadline) {
      this.url = ANNOUNCEMENT.exec(this.output)?.[1];
      if (this.url && (await statusOf(`${this.url}/readyz`)) === 200) return this;
      const ended = await Promise.race([this.exited.then((code) => `with ${code}`), delay(250)]);
      if (ended) throw new Error(`It ended ${ended} instead of starting:\n${this.output}`);
    }
    throw new Error(`It was not ready within ${withinMs / 1000} s:\n${this.output}`);
  }

  /** Sends a signal to the started process, as a supervisor would, and returns how it ended. */
  async end(signal, withinMs = STOP_MS_MAX) {
    this.child.kill(signal);
    return this.ended(withinMs);
  }

  /** Ctrl-C: a terminal sends it to all processes that were started in it. */
  async interrupted(withinMs = STOP_MS_MAX) {
    process.kill(-this.child.pid, 'SIGINT');
    return this.ended(withinMs);
  }

  async ended(withinMs) {
    const code = await Promise.race([this.exited, delay(withinMs, undefined, { ref: false })]);
    if (code === undefined) throw new Error(`It did not end within ${withinMs / 1000} s:\n${this.output}`);
    return code;
  }
}

/** Ends every process that a check has started. */
export function endAll() {
  for (const { child } of running) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
}

/** The environment of this process without the settings of a service. */
function environment() {
  const settings =
    /^(HOST|PORT|DATA_DIR|DATABASE_(READ_)?URL|EVENT_STORE_URL|OPERATOR_KEY|LOG_\w+|OIDC_\w+|RATE_LIMIT_\w+|TRUSTED_PROXIES|CONNECTIONS_MAX|REQUEST_SECONDS_MAX)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !settings.test(name)));
}

async function statusOf(url) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    // Not listening yet.
    return undefined;
  }
}
