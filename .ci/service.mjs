import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** From an empty folder: build, first start of the database, migrations; on a machine that is busy with other things. */
const START_MS_MAX = 180_000;
/** What the service promises; the rest is for what npm and the shell around it take. */
const STOP_MS_MAX = 10_000;
const ANNOUNCEMENT = /(http:\/\/[^\s/)]+:\d+)/;

const running = new Set();
// A check that takes too long is ended from outside: what it has started ends with it.
process.once('SIGTERM', () => {
  endAll();
  process.exit(143);
});

/** A service as a process of its own, as somebody would start it. `owner` is the user that it runs as: `{ uid, gid }`. */
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

  /** Waits until it says where it listens, and answers there that it is ready. */
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

  /** Sends a signal to the process that was started, as a supervisor would, and says how it ended. */
  async end(signal, withinMs = STOP_MS_MAX) {
    this.child.kill(signal);
    return this.ended(withinMs);
  }

  /** Ctrl-C: a terminal sends it to everything that was started in it. */
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

/** Nothing that a check has started outlives it. */
export function endAll() {
  for (const { child } of running) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
}

/** Of this process, but without the settings of a service. */
function environment() {
  const settings =
    /^(HOST|PORT|DATA_DIR|DATABASE_(READ_)?URL|EVENT_STORE_URL|OPERATOR_KEY|LOG_\w+|OIDC_\w+|RATE_LIMIT_\w+)$/;
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
