import { EventReader } from '../../src/ledger/event-reader.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { LedgerSignal } from '../../src/ledger/signal.js';
import { Vault } from '../../src/ledger/vault.js';
import { SimulatedLog, SimulatedStore, UnreliableLine, type Faults } from '../support/simulated-store.js';
import { SimulatedWorld } from '../support/simulated-world.js';
import { account } from './accounts.js';
import { idOf } from './batches.js';
import { History } from './history.js';
import { compose, send, type Sent } from './sent.js';

const START = Date.parse('2026-11-24T05:38:00Z');
const CALM: Faults = { lost: 0, unanswered: 0, late: 0 };
/** Ten seconds of trying, an attempt on the way, a load before it; in simulated time. */
const ANSWER_MS_MAX = 15_000;
const vault = new Vault(Buffer.alloc(32, 7));

/** One run of everything that may happen to the write side, in the order that its seed gives. */
export class Schedule {
  readonly world: SimulatedWorld;
  readonly log = new SimulatedLog();
  readonly sent: Sent[] = [];
  readonly complaints: string[] = [];
  private readonly instances: { ledger: Ledger; line: UnreliableLine }[] = [];
  private readonly accounts: readonly [string, ...string[]];
  private readonly faults: Faults;

  constructor(seed: number) {
    this.world = new SimulatedWorld(seed);
    const { world } = this;
    const rate = (max: number): number => (world.chance(0.5) ? 0 : world.random() * max);
    this.faults = world.chance(0.3) ? CALM : { lost: rate(0.3), unanswered: rate(0.3), late: rate(0.2) };
    this.accounts = [
      idOf('account 0'),
      ...Array.from({ length: world.integer(1, 5) }, (_, n) => idOf(`account ${n + 1}`)),
    ];
    for (let count = world.integer(1, 3); count > 0; count -= 1) this.startInstance();
  }

  get isCalm(): boolean {
    return Object.values(this.faults).every((rate) => rate === 0);
  }

  /** @throws Error when anything hangs. */
  async run(): Promise<void> {
    const { world } = this;
    await world.run(this.load());
    await world.run(this.comeToRest());
    this.history().check(this.sent, (complaint) => this.fail(complaint));
  }

  private startInstance(): void {
    const { world, log, faults } = this;
    const line = new UnreliableLine(world, faults);
    const ahead = world.integer(-2_000, 2_000);
    const clock = (): number => START + world.now() + ahead;
    const reader = new EventReader([account]);
    const store = new SimulatedStore(log, clock, line);
    this.instances.push({ line, ledger: new Ledger(store, reader, vault, new LedgerSignal(), { clock, time: world }) });
  }

  private anyLedger(): Ledger {
    return this.instances[this.world.integer(0, this.instances.length - 1)]?.ledger ?? this.fail('no instance');
  }

  private async load(): Promise<void> {
    const { world } = this;
    const busyMs = world.pick([5, 50, 500, 5_000]);
    const work: Promise<void>[] = [];
    for (let left = world.integer(1, world.pick([6, 15, 40])); left > 0; left -= 1) {
      const sent = compose(world, `command ${left}`, this.accounts);
      this.sent.push(sent);
      const copies = world.chance(0.2) ? world.integer(2, 3) : 1;
      for (let copy = 0; copy < copies; copy += 1) work.push(this.soon(busyMs, () => this.insist(sent)));
    }
    for (let left = world.integer(0, 15); left > 0; left -= 1) work.push(this.soon(busyMs, () => this.readOne()));
    if (!this.isCalm && world.chance(0.3)) work.push(this.soon(busyMs, () => this.breakDown()));
    await Promise.all(work);
  }

  private async soon(withinMs: number, act: () => Promise<void>): Promise<void> {
    await this.world.sleep(this.world.integer(0, withinMs));
    await act();
  }

  /** Sends a command to one instance or another until it has a final answer, as an ordinary client does. */
  private async insist(sent: Sent): Promise<void> {
    while (!(await this.send(sent, this.anyLedger()))) await this.world.sleep(this.world.integer(1, 2_000));
  }

  /** True when there is no reason to send it again. */
  private async send(sent: Sent, ledger: Ledger): Promise<boolean> {
    const askedAt = this.world.now();
    const revisionBefore = this.revisionOf(sent.on);
    const wasDone = this.log.outcomes.has(idOf(sent.key));
    const refusal = await send(sent, ledger);
    const tookMs = this.world.now() - askedAt;
    if (tookMs > ANSWER_MS_MAX) this.fail(`${sent.key} was answered after ${tookMs} ms.`);
    if (refusal?.kind === 'unavailable' && this.isCalm) {
      this.fail(`${sent.key} was turned away by a store in good order: ${refusal.message}`);
    }
    if (refusal?.kind === 'stale') {
      if (wasDone) this.fail(`${sent.key} had been carried out, but was turned away for its If-Match.`);
      const actual = Number(refusal.facts['actual']);
      if (actual < revisionBefore || actual > this.revisionOf(sent.on)) {
        this.fail(`${sent.key} heard of revision ${actual}, which was never durable while it was asking.`);
      }
      return true;
    }
    return refusal === undefined;
  }

  private async readOne(): Promise<void> {
    const { world } = this;
    const id = world.pick(this.accounts);
    const before = this.revisionOf(id);
    const maxAgeMs = world.pick([0, 0, 1, 5]);
    await world.sleep(maxAgeMs);
    const read = await this.anyLedger()
      .read(account, id, maxAgeMs)
      .catch(() => undefined);
    if (!read) return;
    if (read.revision < before || read.revision > this.revisionOf(id)) {
      this.fail(`A read answered revision ${read.revision}, which was not the last one at any time that it may show.`);
    }
    this.history().checkState(id, read, (complaint) => this.fail(complaint));
  }

  /** The database is out of reach of everybody, for less or for longer than they are ready to wait. */
  private async breakDown(): Promise<void> {
    const until = this.world.now() + this.world.pick([100, 3_000, 12_000, 30_000]);
    for (const { line } of this.instances) line.downUntil = until;
  }

  /** Everything is in order again: what was not answered is sent once more, states are compared, and all instances close. */
  private async comeToRest(): Promise<void> {
    const { world } = this;
    for (const { line } of this.instances) {
      line.faults = CALM;
      line.downUntil = 0;
    }
    await world.sleep(60_000);
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
    for (const sent of this.sent) await this.send(sent, this.anyLedger());
    await Promise.all(this.instances.map(({ ledger }, index) => this.closeWithWork(ledger, index)));
  }

  private async closeWithWork(ledger: Ledger, index: number): Promise<void> {
    let open = 0;
    const work = Array.from({ length: 3 }, async (_, copy) => {
      const sent = compose(this.world, `last ${index} ${copy}`, this.accounts);
      this.sent.push(sent);
      open += 1;
      await this.send(sent, ledger);
      open -= 1;
    });
    await this.world.sleep(this.world.integer(0, 5));
    await ledger.close();
    // Whoever was answered hears of it in the turns that follow.
    await this.world.sleep(1);
    if (open > 0) this.fail(`close() left ${open} commands without an answer.`);
    await Promise.all(work);
  }

  private history(): History {
    return new History(this.log.events, this.log.outcomes);
  }

  private revisionOf(id: string): number {
    return (this.log.streams.get(`account-${id}`)?.length ?? 0) - 1;
  }

  fail(complaint: string): never {
    this.complaints.push(complaint);
    throw new Error(complaint);
  }
}
