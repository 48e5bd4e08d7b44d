import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { readEvent } from '../../src/ledger/event.js';
import { partnerProjection } from '../../src/partners/partner.projection.js';
import { partner, type Partner, type PartnerEvent } from '../../src/partners/partner.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import type { Order, Reply } from '../support/partner-service.js';
import { SimulatedWorld } from '../support/simulated-world.js';
import { idOf } from './batches.js';
import { openInstance } from './instance.js';

const KILLS = 3;
const CLIENTS = 32;
/** Answers between two kills. */
const ANSWERS = { min: 20, max: 250 };
const seed = Number(process.env['SIMULATION_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

describe(`a process that is killed at any moment (seed ${seed})`, () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it(`has recorded every answered command once, and no command in part (${KILLS} kills)`, async () => {
    const chance = new SimulatedWorld(seed);
    const crowd = new Crowd(chance);
    for (let kills = 0; kills < KILLS; kills += 1) {
      const process = new Process(database.url);
      await crowd.work(process, chance.integer(ANSWERS.min, ANSWERS.max));
      await process.kill();
    }
    const last = new Process(database.url);
    await crowd.finish(last);
    await last.kill();
    await check(crowd);
  }, 90_000);

  async function check({ answers }: Crowd): Promise<void> {
    const instance = openInstance(database.url, { aggregates: [partner], projections: [partnerProjection] });
    await instance.projector.start();
    const { store } = instance;
    const events = (await store.readAll(0, 1_000_000)).map(readEvent);
    expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => index + 1));
    const states = new Map<string, { state: Partner; revision: number }>();
    for (const event of events) {
      const { state, revision } = states.get(event.stream) ?? { state: partner.initial, revision: -1 };
      expect(event.revision).toBe(revision + 1);
      states.set(event.stream, {
        state: partner.evolve(state, event as unknown as PartnerEvent),
        revision: event.revision,
      });
    }
    const byCommand = new Map(events.map((event) => [event.commandId, event]));
    expect(byCommand.size).toBe(events.length);
    expect(events).toHaveLength(answers.size);
    for (const [key, heard] of answers) {
      expect(heard.size).toBe(1);
      const [answer] = [...heard].map((text) => JSON.parse(text) as Required<Reply>['answer']);
      expect(byCommand.get(idOf(key))).toMatchObject({ position: answer?.position, revision: answer?.revision });
      const stored = await store.outcomeOf(idOf(key));
      expect(stored).toMatchObject({ position: answer?.position });
    }
    for (const [stream, replayed] of states) {
      expect(await instance.ledger.read(partner, stream.slice('partner-'.length))).toEqual(replayed);
    }
    await instance.projector.reached('partners', events.length, 15_000);
    const live = await rows();
    expect(live).toHaveLength(states.size);
    await instance.projector.rebuild('partners');
    expect(await rows()).toEqual(live);
    await instance.stop();
  }

  const rows = async (): Promise<string[]> =>
    (await database.pool.query<{ text: string }>('select p::text as text from partners p order by id')).rows.map(
      ({ text }) => text,
    );
});

/** Clients that send a command until this process or the next answers it. Now and then they send an answered command again. */
class Crowd {
  /** Every answer to each command, as text. */
  readonly answers = new Map<string, Set<string>>();
  private readonly registered: string[] = [];
  private backlog: Order[] = [];
  private made = 0;

  constructor(private readonly chance: SimulatedWorld) {}

  /** Works until so many answers have arrived and the process is killed. By then each client has one command under way. */
  async work(process: Process, answersWanted: number): Promise<void> {
    let wanted = answersWanted;
    const client = async (): Promise<void> => {
      while (wanted > 0) {
        if (await this.send(process, this.backlog.shift() ?? this.compose())) wanted -= 1;
        else if (process.hasEnded) return;
      }
      process.killSoon();
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
  }

  /** Works until every command that was sent has an answer. */
  async finish(process: Process): Promise<void> {
    while (this.backlog.length > 0 && !process.hasEnded) {
      await Promise.all(this.backlog.splice(0).map((order) => this.send(process, order)));
    }
  }

  private async send(process: Process, order: Order): Promise<boolean> {
    const reply = await process.send(order);
    if (!reply || reply.code === 'command-in-progress') {
      this.backlog.push(order);
      return false;
    }
    if (!reply.answer) throw new Error(`${order.key}: ${reply.code}`);
    const heard = this.answers.get(order.key) ?? new Set<string>();
    this.answers.set(order.key, heard.add(JSON.stringify(reply.answer)));
    if (order.id === undefined && heard.size === 1) this.registered.push(reply.answer.id);
    // Some clients send an answered command again.
    if (this.chance.chance(0.1)) this.backlog.push(order);
    return true;
  }

  private compose(): Order {
    const { chance, registered } = this;
    const key = `command ${(this.made += 1)}`;
    const id = registered[chance.integer(0, registered.length - 1)];
    if (id !== undefined && chance.chance(0.3)) {
      const body = { category: 'research', basis: 'statutes', evidenceRef: key, effectiveFrom: '2026-01-01' };
      return { key, id, body };
    }
    return { key, body: { legalName: `Partner of ${key}`, country: 'DE', legalForm: 'university' } };
  }
}

/** A running process that takes orders. Orders under way when it ends are not answered. */
class Process {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly waiting = new Map<string, ((reply: Reply | undefined) => void)[]>();
  private readonly ended: Promise<unknown>;
  hasEnded = false;

  constructor(databaseUrl: string) {
    const typescript = path('../support/typescript.mjs');
    const service = path('../support/partner-service.ts');
    this.child = spawn(process.execPath, ['--import', typescript, service, databaseUrl], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.stdin.on('error', () => undefined);
    createInterface(this.child.stdout).on('line', (line) => this.answer(line));
    this.ended = once(this.child.stdout, 'close').then(() => {
      this.hasEnded = true;
      for (const waiting of this.waiting.values()) for (const resolve of waiting) resolve(undefined);
      return undefined;
    });
  }

  /** Undefined when the process ended first. */
  send(order: Order): Promise<Reply | undefined> {
    if (this.hasEnded) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.waiting.set(order.key, [...(this.waiting.get(order.key) ?? []), resolve]);
      this.child.stdin.write(`${JSON.stringify(order)}\n`);
    });
  }

  killSoon(): void {
    this.child.kill('SIGKILL');
  }

  async kill(): Promise<void> {
    this.killSoon();
    await this.ended;
  }

  private answer(line: string): void {
    // A line that the kill cut off is no answer.
    if (!line.endsWith('.')) return;
    const reply = JSON.parse(line.slice(0, -1)) as Reply;
    const [resolve, ...others] = this.waiting.get(reply.key) ?? [];
    this.waiting.set(reply.key, others);
    resolve?.(reply);
  }
}
