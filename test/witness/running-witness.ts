import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { formatVerifierKey, noteKeyOf, parseVerifierKey, signingKey } from '../../src/tlog/note-key.js';
import { formatPolicy, type PolicyWitness, thresholdPolicy } from '../../src/tlog/policy.js';
import { type RunningWitness, startWitness } from '../../src/witness/witness-service.js';
import { WitnessConfig } from '../../src/platform/config.js';

/** The key of the log in applications of `startTestApp`. */
export const appLogKey = noteKeyOf(signingKey('localhost/log', Buffer.alloc(32, 9)));

/** A witness that a test can stop and start again with the same state. */
export class TestWitness {
  readonly alarms: object[] = [];
  private running: RunningWitness | undefined;
  private port = 0;

  private constructor(
    readonly name: string,
    readonly folder: string,
  ) {}

  static async start(name: string): Promise<TestWitness> {
    const witness = new TestWitness(name, await mkdtemp(join(tmpdir(), 'ppp-witness-')));
    await writeFile(join(witness.folder, 'logs'), formatVerifierKey(appLogKey));
    await witness.resume();
    return witness;
  }

  async resume(): Promise<void> {
    const env = { PORT: String(this.port), DATA_DIR: join(this.folder, 'data') };
    const config = new WitnessConfig(env, { logs: join(this.folder, 'logs'), name: this.name });
    const log = { info: () => undefined, error: (fields: object) => this.alarms.push(fields) };
    this.running = await startWitness(config, log);
    this.port = Number(new URL(this.running.url).port);
  }

  async pause(): Promise<void> {
    await this.running?.stop();
    this.running = undefined;
  }

  async end(): Promise<void> {
    await this.pause();
    await rm(this.folder, { recursive: true });
  }

  get url(): string {
    if (!this.running) throw new Error(`${this.name} does not run.`);
    return this.running.url;
  }

  get inPolicy(): PolicyWitness {
    if (!this.running) throw new Error(`${this.name} does not run.`);
    return { name: this.name, key: parseVerifierKey(this.running.vkey), url: this.running.url };
  }
}

/** Writes the policy "k of these witnesses" into the folder of the first witness, and returns its path. */
export async function writePolicy(witnesses: readonly TestWitness[], threshold: number): Promise<string> {
  const path = join(witnesses[0]?.folder ?? '', `policy-${threshold}`);
  const policy = thresholdPolicy(
    { key: appLogKey },
    witnesses.map(({ inPolicy }) => inPolicy),
    threshold,
  );
  await writeFile(path, formatPolicy(policy));
  return path;
}

/** Repeats a read until its answer is right. After the time limit it fails the test and shows the last answer. */
export async function until<T>(ask: () => Promise<T>, isRight: (answer: T) => boolean, timeoutMs = 25_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`It stays ${JSON.stringify(answer)}.`);
    await pause(50);
  }
}
