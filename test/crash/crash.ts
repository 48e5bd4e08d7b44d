import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Pool } from 'pg';
import { parseVerifierKey } from '../../src/tlog/note-key.js';
import { createPool } from '../../src/platform/database/database.js';
import { PostgresProxy, type Verdict } from '../support/postgres-proxy.js';
import { SimulatedWorld } from '../support/simulated-world.js';
import { Inspection, type SeenCheckpoint } from './inspection.js';
import { Load } from './load.js';
import { nameOf, placeOf, planOf, type Engine, type Plan, type Target } from './plan.js';
import { KurrentServer, OPERATOR_KEY, Postgres, Service, kill } from './victims.js';

// Kills the service, its database, or both, repeatedly, under load, and checks each time whether data were lost: `npm run test:crash`.
// CRASH_ROUNDS=300 is the long form. CRASH_SEED repeats the targets, the points and the delays of a run; it cannot repeat the order of
// events within a millisecond. CRASH_ENGINE=kurrentdb keeps the events on the double of KurrentDB. The double is not killed, because it
// is no durable server.

const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 10);
const SEED = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** The offline verification reads the whole history, so it is not done in every round. */
const VERIFY_EVERY = 25;
/** If no commit reaches the point by then, the kill happens nevertheless. */
const POINT_MS_MAX = 4_000;
const CAUGHT_UP_MS_MAX = 120_000;
const LOOK_MS = 25;
const CHECKPOINT_LOOK_MS = 40;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ORIGIN = 'crash.example.eu/log';
const ENGINE = engineOf(process.env['CRASH_ENGINE'] ?? 'postgres');

class Run {
  private readonly chance = new SimulatedWorld(SEED);
  private readonly counts = new Map<string, number>();
  private readonly startedAt = performance.now();
  private readonly seen: SeenCheckpoint[] = [];
  private watching = true;
  private pool: Pool;
  private restartMsMax = 0;

  constructor(
    private readonly folder: string,
    private readonly postgres: Postgres,
    private readonly proxy: PostgresProxy,
    private readonly service: Service,
    private readonly load: Load,
    private readonly inspection: Inspection,
    private readonly verifierKey: string,
    private readonly kurrent: KurrentServer | undefined,
  ) {
    this.pool = this.connect();
  }

  async rounds(): Promise<void> {
    const watcher = this.watchCheckpoints();
    try {
      for (let round = 1; round <= ROUNDS; round += 1) {
        const plan = planOf(this.chance, ENGINE);
        const name = nameOf(plan);
        try {
          await this.round(plan);
          if (round % VERIFY_EVERY === 0 || round === ROUNDS) await this.verify();
        } catch (error) {
          throw new Error(`CRASH_SEED=${SEED}, round ${round} (${name}): ${reasonOf(error)}`, { cause: error });
        }
        this.count(plan.target);
        this.say(round, name);
      }
    } finally {
      this.watching = false;
      await watcher;
      await this.pool.end();
    }
    this.report();
  }

  private async round(plan: Plan): Promise<void> {
    const { load, service } = this;
    load.begin();
    await this.strike(plan);
    const startedAt = performance.now();
    await this.bringBack(plan.target);
    service.requireHealthy();
    await load.settle();
    this.restartMsMax = Math.max(this.restartMsMax, performance.now() - startedAt);
    service.requireHealthy();
    if (plan.target !== 'service' && plan.target !== 'connections') {
      await this.pool.end();
      this.pool = this.connect();
    }
    await this.caughtUp();
    await this.inspection.check(this.pool, load.heard, this.seen.splice(0));
  }

  /** Waits for the planned moment and kills, in the same turn of the event loop in which the message passes. */
  private async strike({ target, point, delayMs, verdict }: Plan): Promise<void> {
    const pids = await this.pidsOf(target);
    const strike = (): Verdict => {
      if (target === 'connections') setImmediate(() => this.proxy.cut());
      kill(pids);
      return verdict;
    };
    if (!point) {
      await sleep(delayMs);
      strike();
      return;
    }
    const hit = await this.meet(point, pids, strike);
    if (hit) this.count(placeOf(point));
    else {
      this.count('point not met');
      strike();
    }
  }

  /** False when no message reached the point in time. */
  private async meet(
    point: NonNullable<Plan['point']>,
    pids: readonly number[],
    strike: () => Verdict,
  ): Promise<boolean> {
    const hit = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), POINT_MS_MAX);
      const reached = (): Verdict => {
        clearTimeout(timer);
        const done = strike();
        resolve(true);
        return done;
      };
      if ('append' in point) this.kurrent?.arm({ ...point, pids }, reached);
      else this.proxy.arm(point, reached);
    });
    this.proxy.disarm();
    this.kurrent?.disarm();
    return hit;
  }

  private async pidsOf(target: Target): Promise<readonly number[]> {
    const { service, postgres } = this;
    switch (target) {
      case 'service':
        return [service.pid];
      case 'postgres':
        return postgres.pids('all');
      case 'both':
        return [service.pid, ...(await postgres.pids('all'))];
      case 'postmaster':
        return postgres.pids('first');
      case 'backend': {
        const pid = await postgres.backend();
        return pid === undefined ? [] : [pid];
      }
      case 'connections':
        return [];
    }
  }

  private async bringBack(target: Target): Promise<void> {
    if (target === 'postgres' || target === 'both' || target === 'postmaster') {
      await this.postgres.restart();
      this.proxy.upstream = this.postgres.upstream;
    }
    if (target === 'service' || target === 'both') {
      await this.service.ended();
      await this.service.start();
    }
  }

  /** Waits until the views and the log are at the end of the history. */
  private async caughtUp(): Promise<void> {
    const deadline = Date.now() + CAUGHT_UP_MS_MAX;
    for (;;) {
      const response = await fetch(`${this.service.url}/readyz`).catch(() => undefined);
      const ready = response?.ok === true ? ((await response.json()) as Readiness) : undefined;
      if (ready && [...ready.projections, ready.log].every(({ lagEvents }) => lagEvents === 0)) break;
      if (Date.now() > deadline) throw new Error(`The views do not catch up: ${JSON.stringify(ready)}`);
      await sleep(LOOK_MS);
    }
    await this.lookAtCheckpoint();
  }

  private async watchCheckpoints(): Promise<void> {
    while (this.watching) {
      await this.lookAtCheckpoint();
      await sleep(CHECKPOINT_LOOK_MS);
    }
  }

  private looking: Promise<void> | undefined;

  /** One call at a time, because the check compares their order. */
  private lookAtCheckpoint(): Promise<void> {
    return (this.looking ??= this.fetchCheckpoint().finally(() => (this.looking = undefined)));
  }

  private async fetchCheckpoint(): Promise<void> {
    const note = await fetch(`${this.service.url}/log/checkpoint`, { signal: AbortSignal.timeout(5_000) })
      .then(
        (response) => (response.ok ? response.text() : undefined),
        () => undefined,
      )
      .catch(() => undefined);
    if (note !== undefined && note !== this.seen.at(-1)?.note) this.seen.push({ note });
  }

  /** Verifies like an outsider: with the command of the product, from the first kept checkpoint. */
  private async verify(): Promise<void> {
    const cli = join(ROOT, 'dist/cli.js');
    const kept = join(this.folder, 'kept-checkpoint');
    const trust = ['--vkey', this.verifierKey];
    const { stdout } = await promisify(execFile)(process.execPath, [
      cli,
      'audit',
      'checkpoint',
      this.service.url,
      ...trust,
    ]);
    const known = this.counts.has('verified') ? ['--checkpoint', kept] : [];
    await promisify(execFile)(process.execPath, [cli, 'audit', 'verify', this.service.url, ...trust, ...known]);
    await writeFile(kept, stdout);
    await promisify(execFile)(
      process.execPath,
      [cli, 'audit', 'replay', this.service.url, ...trust, '--compare', this.service.url],
      { maxBuffer: 2 ** 28 },
    );
    this.count('verified');
  }

  private connect(): Pool {
    return createPool({ databaseUrl: this.postgres.url, connectionsMax: 2, log: { warn: () => undefined } });
  }

  private count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  private say(round: number, name: string): void {
    const seconds = Math.round((performance.now() - this.startedAt) / 1_000);
    process.stdout.write(
      `round ${round}/${ROUNDS}  ${name.padEnd(34)}  ${this.load.heard.size} commands, ${this.inspection.events} events, ${seconds} s\n`,
    );
  }

  private report(): void {
    const { load, inspection } = this;
    const result = {
      engine: ENGINE,
      seed: SEED,
      rounds: ROUNDS,
      seconds: Math.round((performance.now() - this.startedAt) / 1_000),
      commands: load.heard.size,
      refused: [...load.heard.values()].filter(({ status }) => status >= 300).length,
      askedAgain: load.replayed,
      retries: Object.fromEntries(load.retries),
      events: inspection.events,
      checkpoints: inspection.checkpointSizes.size,
      slowestReturnMs: Math.round(this.restartMsMax),
      kills: Object.fromEntries(this.counts),
    };
    process.stdout.write(`${JSON.stringify(result, null, 2)}\nNothing lost, nothing twice.\n`);
  }
}

interface Readiness {
  readonly projections: readonly { readonly lagEvents: number }[];
  readonly log: { readonly lagEvents: number };
}

function engineOf(name: string): Engine {
  if (name === 'postgres' || name === 'kurrentdb') return name;
  throw new Error(`CRASH_ENGINE is postgres or kurrentdb, not "${name}".`);
}

const reasonOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** The way back to PostgreSQL reads all events on KurrentDB, and proves that the copy has the same size and root. */
async function compareWithKurrent({ url }: KurrentServer, postgres: Postgres): Promise<void> {
  const cli = join(ROOT, 'dist/cli.js');
  const args = [cli, 'copy', '--from', url, '--to', postgres.url];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  process.stdout.write(`${stdout}${stderr.split('\n').at(-2) ?? ''}\n`);
}

async function main(): Promise<void> {
  process.stdout.write(`CRASH_ENGINE=${ENGINE} CRASH_SEED=${SEED} CRASH_ROUNDS=${ROUNDS}\n`);
  const folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-crash-'));
  // For root the database runs as another user, who must be able to enter the folder.
  await chmod(folder, 0o755);
  const dataDir = join(folder, 'service');
  await mkdir(dataDir);
  const postgres = await Postgres.start(join(folder, 'database'));
  const proxy = await PostgresProxy.open(postgres.upstream);
  const kurrent = ENGINE === 'kurrentdb' ? await KurrentServer.start(SEED + 2) : undefined;
  const env = {
    DATA_DIR: dataDir,
    DATABASE_URL: proxy.urlOf(postgres.url),
    LOG_ORIGIN: ORIGIN,
    ...(kurrent && { EVENT_STORE_URL: kurrent.url }),
  };
  const service = await Service.at(env, join(folder, 'service.log'));
  let failed = true;
  try {
    await service.start();
    const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'dist/cli.js'), 'keys', 'show'], {
      env: { ...process.env, ...env },
    });
    const vkey = stdout.trim();
    const load = new Load(service.url, OPERATOR_KEY, new SimulatedWorld(SEED + 1));
    await load.prepare();
    const inspection = new Inspection(ORIGIN, parseVerifierKey(vkey));
    await new Run(folder, postgres, proxy, service, load, inspection, vkey, kurrent).rounds();
    await service.stop();
    if (kurrent) await compareWithKurrent(kurrent, postgres);
    failed = false;
  } finally {
    await service.stop();
    await proxy.close();
    await postgres.stop();
    await kurrent?.stop();
    if (failed) process.stderr.write(`What is left of it is in ${folder}.\n`);
    else await rm(folder, { recursive: true });
  }
}

await main();
