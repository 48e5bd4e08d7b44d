import type { CommandContext } from '../../src/ledger/command-context.js';
import { readEvent } from '../../src/ledger/event.js';
import { SimulatedLeadership, SimulatedRows } from '../support/simulated-rows.js';
import { SimulatedLog, type Faults } from '../support/simulated-store.js';
import { SimulatedWorld } from '../support/simulated-world.js';
import { account } from './accounts.js';
import { idOf } from './batches.js';
import { History } from './history.js';
import { composeCall, sendCall, type SentCall } from './sent-call.js';
import { compose, contextFor, sendUnder, type Reply, type Sent } from './sent.js';
import { startInstance, type SimulatedInstance } from './simulated-instance.js';
import { RowsWatch, UNLUCKY, VIEWS } from './views.js';

const CALM: Faults = { lost: 0, unanswered: 0, late: 0 };
/** Ten seconds of trying, an attempt on the way, a load before it; in simulated time. */
const ANSWER_MS_MAX = 15_000;
/** Rows are this much behind at most, where nothing goes wrong. */
const LAG_MS_MAX = 3_000;
/** After this nothing that is late arrives any more, and everybody knows whose session is over. */
const REST_MS = 8_000;
/** Nobody who is served at all waits for longer. */
const RUN_MS_MAX = 600_000;

/** One run of everything that may happen to the write side and to the rows, in the order that its seed gives. */
export class Schedule {
  readonly world: SimulatedWorld;
  readonly log = new SimulatedLog();
  readonly rows = new SimulatedRows((...step) => this.watch.see(...step));
  readonly leadership: SimulatedLeadership;
  readonly mending = { isMended: false };
  readonly faults: { readonly log: Faults; readonly rows: Faults };
  readonly batchEventsMax: number;
  readonly sent: Sent[] = [];
  readonly calls: SentCall[] = [];
  readonly complaints: string[] = [];
  private readonly watch = new RowsWatch(this.mending, this.log.events, (complaint) => this.note(complaint));
  private readonly instances: SimulatedInstance[] = [];
  private readonly accounts: readonly [string, ...string[]];
  /** What the projectors have said, with the name of the projection. */
  private readonly said: { readonly message: string; readonly projection: unknown }[] = [];
  /** Somebody interferes with leaders, programs or the database, although every line is sound. */
  private isDisturbed = false;
  private version = 1;

  constructor(seed: number) {
    this.world = new SimulatedWorld(seed);
    const { world } = this;
    this.leadership = new SimulatedLeadership(world);
    const rate = (max: number): number => (world.chance(0.5) ? 0 : world.random() * max);
    const faults = (): Faults => ({ lost: rate(0.3), unanswered: rate(0.3), late: rate(0.2) });
    this.faults = world.chance(0.3)
      ? { log: CALM, rows: CALM }
      : { log: faults(), rows: { ...faults(), slow: rate(0.2) } };
    this.batchEventsMax = world.pick([2, 5, 20, 1_000]);
    this.accounts = [
      idOf('account 0'),
      ...Array.from({ length: world.integer(1, 5) }, (_, n) => idOf(`account ${n + 1}`)),
    ];
    for (let count = world.integer(1, 3); count > 0; count -= 1) this.instances.push(startInstance(this, this.version));
  }

  get isCalm(): boolean {
    return Object.values(this.faults).every((faults) => Object.values(faults).every((rate) => rate === 0));
  }

  /** @throws Error when anything hangs. */
  async run(): Promise<void> {
    const { world } = this;
    await world.run(this.load(), RUN_MS_MAX);
    await world.run(this.comeToRest(), RUN_MS_MAX);
    this.history().check(this.sent, (complaint) => this.fail(complaint), this.calls);
    if (this.complaints.length > 0) throw new Error(this.complaints[0]);
  }

  /** What a projector logs. */
  readonly heard = (fields: { readonly projection?: unknown; readonly err?: unknown }, message: string): void => {
    const { projection, err } = fields;
    this.said.push({ message, projection });
    if (message.includes('other rows were served')) this.note(`${String(projection)}: ${message}`);
    const isExpected = !this.isCalm || this.isDisturbed || String(projection).startsWith('cautious');
    if (err !== undefined && !isExpected) this.note(`${message} ${String(err)}`);
  };

  private anyInstance(): SimulatedInstance {
    return this.instances[this.world.integer(0, this.instances.length - 1)] ?? this.fail('no instance');
  }

  private async load(): Promise<void> {
    const { world } = this;
    const busyMs = world.pick([5, 50, 500, 5_000]);
    const work: Promise<void>[] = this.instances.map((instance) => this.startProjector(instance));
    const soon = (act: () => Promise<void>, times = 1): void => {
      for (let left = times; left > 0; left -= 1) work.push(this.soon(busyMs, act));
    };
    for (let left = world.integer(1, world.pick([6, 15, 40])); left > 0; left -= 1) {
      const sent = compose(world, `command ${left}`, this.accounts);
      this.sent.push(sent);
      soon(() => this.insist(() => this.send(sent)), this.copies());
    }
    for (let left = world.integer(0, 3); left > 0; left -= 1) {
      const call = composeCall(world, `call ${left}`, this.accounts);
      this.calls.push(call);
      soon(() => this.insist(() => this.sendCall(call)), this.copies());
      for (const sent of call.alone) soon(() => this.insist(() => this.send(sent)));
    }
    soon(() => this.readOne(), world.integer(0, 15));
    soon(() => this.waitForRows(), world.integer(0, 10));
    soon(() => this.rebuild(world.pick(VIEWS)), world.chance(0.4) ? world.integer(1, 3) : 0);
    if (!this.isCalm && world.chance(0.3)) soon(() => this.breakDown());
    if (world.chance(0.5)) this.disturb(soon);
    await Promise.all(work);
  }

  /** Leaders lose their session, the database crashes, another version of the program takes the place of this one. */
  private disturb(soon: (act: () => Promise<void>, times?: number) => void): void {
    const { world, leadership } = this;
    this.isDisturbed = true;
    soon(async () => leadership.end(), world.integer(0, 4));
    soon(async () => leadership.disconnect(), world.integer(0, 2));
    if (world.chance(0.3)) soon(async () => this.crash(), world.integer(1, 2));
    if (world.chance(0.4)) soon(() => this.deploy());
  }

  private copies(): number {
    return this.world.chance(0.2) ? this.world.integer(2, 3) : 1;
  }

  private async soon(withinMs: number, act: () => Promise<void>): Promise<void> {
    await this.world.sleep(this.world.integer(0, withinMs));
    await act();
  }

  /** Sends something to one instance or another until there is a final answer, as an ordinary client does. */
  private async insist(send: () => Promise<boolean>): Promise<void> {
    while (!(await send())) await this.world.sleep(this.world.integer(1, 2_000));
  }

  /** True when there is no reason to send it again. */
  private async send(sent: Sent, { ledger } = this.anyInstance()): Promise<boolean> {
    const { refusal } = await this.sendUnder(contextFor(sent), sent, ledger, ANSWER_MS_MAX);
    return refusal === undefined || refusal.kind === 'stale';
  }

  private async sendUnder(
    context: CommandContext,
    sent: Sent,
    ledger: SimulatedInstance['ledger'],
    answerMsMax: number,
  ): Promise<Reply> {
    const askedAt = this.world.now();
    const revisionBefore = this.revisionOf(sent.on);
    const wasDone = this.log.outcomes.has(idOf(sent.key));
    const reply = await sendUnder(context, sent, ledger);
    const { refusal } = reply;
    this.requireInTime(sent.key, askedAt, answerMsMax);
    if (refusal?.kind === 'unavailable' && refusal.code !== 'shutting-down' && this.isCalm && !this.isDisturbed) {
      this.fail(`${sent.key} was turned away by a store in good order: ${refusal.message}`);
    }
    if (refusal?.kind === 'stale') {
      if (wasDone) this.fail(`${sent.key} had been carried out, but was turned away for its If-Match.`);
      const actual = Number(refusal.facts['actual']);
      if (actual < revisionBefore || actual > this.revisionOf(sent.on)) {
        this.fail(`${sent.key} heard of revision ${actual}, which was never durable while it was asking.`);
      }
    }
    return reply;
  }

  /** Now and then one of its commands is left out, to come with the next attempt. */
  private async sendCall(call: SentCall, { ledger } = this.anyInstance(), isWhole = false): Promise<boolean> {
    const { world } = this;
    const askedAt = world.now();
    // Those in order may have to wait for each other's attempts.
    const answerMsMax = ANSWER_MS_MAX * (1 + call.commands.length);
    const missing = isWhole || world.chance(0.8) ? undefined : world.integer(0, call.commands.length - 1);
    const send = (sent: Sent, context: CommandContext): Promise<Reply> =>
      this.sendUnder(context, sent, ledger, answerMsMax);
    const isDone = await sendCall(call, { ledger, world, missing, send });
    this.requireInTime(call.key, askedAt, answerMsMax);
    return isDone;
  }

  private requireInTime(key: string, askedAt: number, answerMsMax: number): void {
    const tookMs = this.world.now() - askedAt;
    if (tookMs > answerMsMax) this.fail(`${key} was answered after ${tookMs} ms.`);
  }

  private async readOne(): Promise<void> {
    const { world } = this;
    const id = world.pick(this.accounts);
    const before = this.revisionOf(id);
    const maxAgeMs = world.pick([0, 0, 1, 5]);
    await world.sleep(maxAgeMs);
    const read = await this.anyInstance()
      .ledger.read(account, id, maxAgeMs)
      .catch(() => undefined);
    if (!read) return;
    if (read.revision < before || read.revision > this.revisionOf(id)) {
      this.fail(`A read answered revision ${read.revision}, which was not the last one at any time that it may show.`);
    }
    this.history().checkState(id, read, (complaint) => this.fail(complaint));
  }

  /** Somebody wants to read rows that reflect a position. */
  private async waitForRows(): Promise<void> {
    const { world, watch } = this;
    const { projector } = this.anyInstance();
    const name = world.pick(VIEWS);
    const position = world.integer(0, this.log.events.length);
    const timeoutMs = world.pick([20, 500, LAG_MS_MAX]);
    const { crashes } = watch;
    const error: unknown = await projector.reached(name, position, timeoutMs).catch((caught: unknown) => caught);
    const { position: served = 0 } = this.rows.kept.get(name) ?? {};
    if (error === undefined && served < position && watch.crashes === crashes) {
      this.fail(`${name} was said to have reached ${position}, but is at ${served}.`);
    }
    const isDue = this.isCalm && !this.isDisturbed && name !== 'cautious' && timeoutMs === LAG_MS_MAX;
    if (error !== undefined && isDue) this.fail(`${name} did not reach ${position}: ${String(error)}`);
  }

  /** Whoever asked may hear that something stood in the way; the rows are built all the same. */
  private async rebuild(name: string): Promise<void> {
    await this.anyInstance()
      .projector.rebuild(name)
      .catch(() => undefined);
  }

  private async startProjector({ projector }: SimulatedInstance): Promise<void> {
    const isStarted = (): Promise<boolean> =>
      projector.start().then(
        () => true,
        () => false,
      );
    while (!(await isStarted())) await this.world.sleep(500);
  }

  /** The database is out of reach of everybody, for less or for longer than they are ready to wait. */
  private async breakDown(): Promise<void> {
    const until = this.world.now() + this.world.pick([100, 3_000, 12_000, 30_000]);
    for (const { lines } of this.instances) for (const line of lines) line.downUntil = until;
  }

  /** The database dies and is back at once, with the whole history, but perhaps without the last rows. */
  private crash(): void {
    for (const { lines } of this.instances) for (const line of lines) line.cut();
    this.leadership.end(true);
    this.rows.crash(this.world);
  }

  /** One instance after the other is replaced by one that makes other rows of the same events. */
  private async deploy(): Promise<void> {
    this.version = 2;
    for (const [index, old] of this.instances.entries()) {
      const instance = startInstance(this, this.version);
      await this.startProjector(instance);
      this.instances[index] = instance;
      await this.world.sleep(this.world.integer(0, 500));
      await this.stop(old);
    }
  }

  private async stop({ ledger, projector }: SimulatedInstance): Promise<void> {
    await ledger.close();
    await projector.stop();
  }

  /** Everything is in order again: what was not answered is sent once more, states are compared, and all instances close. */
  private async comeToRest(): Promise<void> {
    const { world } = this;
    for (const line of this.instances.flatMap(({ lines }) => lines)) {
      line.faults = CALM;
      line.downUntil = 0;
    }
    await world.sleep(REST_MS);
    await this.checkStates();
    for (const sent of this.sent) await this.send(sent);
    for (const call of this.calls) await this.sendCall(call, this.anyInstance(), true);
    await this.checkRows();
    await Promise.all(this.instances.map((instance, index) => this.closeWithWork(instance, index)));
  }

  private async checkStates(): Promise<void> {
    const history = this.history();
    for (const { ledger } of this.instances) {
      for (const id of this.accounts) {
        history.checkState(id, await ledger.read(account, id, Infinity), (complaint) => this.fail(complaint));
        const fresh = await ledger.read(account, id);
        history.checkState(id, fresh, (complaint) => this.fail(complaint));
        const kept = await ledger.read(account, id, Infinity);
        if (fresh.revision !== this.revisionOf(id) || kept.revision !== fresh.revision) {
          this.fail(`A fresh read of ${id} is not up to date, or was forgotten.`);
        }
      }
    }
  }

  /** Every projection is at the head, but for the one that an event has stopped; and that one is, once it is mended. */
  private async checkRows(): Promise<void> {
    const head = this.log.events.length;
    const unlucky = this.log.events.find((event) => (readEvent(event).data as { amount: number }).amount === UNLUCKY);
    const { projector } = this.anyInstance();
    for (const name of VIEWS) {
      await this.requireReached(name, name === 'cautious' && unlucky ? unlucky.position - 1 : head);
    }
    // An event that it cannot take is tried once a second.
    await this.world.sleep(LAG_MS_MAX);
    for (const { name, position, failure } of await projector.status()) {
      const isStopped = name === 'cautious' && unlucky !== undefined;
      if (position !== (isStopped ? unlucky.position - 1 : head)) this.fail(`${name} rests at ${position} of ${head}.`);
      if ((failure !== undefined) !== isStopped)
        this.fail(`${name} at ${position} is said to be: ${failure ?? 'well'}.`);
    }
    this.mending.isMended = true;
    for (const name of VIEWS) {
      await this.requireReached(name, head);
      const heardBefore = this.said.length;
      await projector.rebuild(name);
      const isSame = this.said
        .slice(heardBefore)
        .some(({ projection, message }) => projection === name && message.endsWith('with the same rows.'));
      if (!isSame) this.fail(`${name} was built anew, but nobody said that its rows are the same.`);
    }
    for (const { name, version, position, failure } of this.rows.kept.values()) {
      if (position !== head || failure !== null) this.fail(`${name} ends at ${position} of ${head}: ${failure}`);
      if (name === 'accounts' && version !== this.version) this.fail(`${name} ends in version ${version}.`);
    }
  }

  private async requireReached(name: string, position: number): Promise<void> {
    for (const { projector } of this.instances) {
      await projector
        .reached(name, position, LAG_MS_MAX)
        .catch((error: unknown) => this.fail(`${name}: ${String(error)}`));
    }
  }

  private async closeWithWork(instance: SimulatedInstance, index: number): Promise<void> {
    let open = 0;
    const work = Array.from({ length: 3 }, async (_, copy) => {
      const sent = compose(this.world, `last ${index} ${copy}`, this.accounts);
      this.sent.push(sent);
      open += 1;
      await this.send(sent, instance);
      open -= 1;
    });
    await this.world.sleep(this.world.integer(0, 5));
    await instance.ledger.close();
    // Whoever was answered hears of it in the turns that follow.
    await this.world.sleep(1);
    if (open > 0) this.fail(`close() left ${open} commands without an answer.`);
    await Promise.all(work);
    await instance.projector.stop();
  }

  private history(): History {
    return new History(this.log.events, this.log.outcomes);
  }

  private revisionOf(id: string): number {
    return (this.log.streams.get(`account-${id}`)?.length ?? 0) - 1;
  }

  /** For what is found in the middle of something that must not fail of it. */
  private note(complaint: string): void {
    this.complaints.push(complaint);
  }

  fail(complaint: string): never {
    this.note(complaint);
    throw new Error(complaint);
  }
}
