import { SimulatedLeadership } from '../support/simulated-leadership.js';
import type { Faults } from '../support/simulated-line.js';
import { SimulatedRows } from '../support/simulated-rows.js';
import { SimulatedStandbys } from '../support/simulated-standby.js';
import { SimulatedLog } from '../support/simulated-store.js';
import type { SimulatedWorld } from '../support/simulated-world.js';
import { idOf } from './batches.js';
import { History } from './history.js';
import { startInstance, type InstanceFaults, type SimulatedInstance, type Surroundings } from './simulated-instance.js';
import { RowsWatch, type VIEWS } from './views.js';

export const CALM: Faults = { lost: 0, unanswered: 0, late: 0 };
/** Longest time that rows are behind when there is no fault. */
export const LAG_MS_MAX = 3_000;
/** After this time every write is on the disk, also one that did not wait for it: three times the default of `wal_writer_delay`. */
const UNWRITTEN_MS_MAX = 600;

/** All instances of the service, the parts that they share, and the faults that were found in them. */
export class SimulatedService implements Surroundings {
  readonly log = new SimulatedLog();
  readonly leadership: SimulatedLeadership;
  readonly rows: SimulatedRows;
  readonly standbys: SimulatedStandbys | undefined;
  readonly mending = { isMended: false };
  readonly faults: InstanceFaults;
  readonly batchEventsMax: number;
  readonly accounts: readonly [string, ...string[]];
  readonly instances: SimulatedInstance[] = [];
  readonly complaints: string[] = [];
  readonly watch = new RowsWatch(this.mending, this.log.events, (complaint) => this.note(complaint));
  /** Messages that the projectors have logged, with the name of the projection. */
  readonly logged: { readonly message: string; readonly projection: unknown }[] = [];
  /** A schedule disturbs leaders, programs or the database, although every line works. */
  isDisturbed = false;
  /** Version of the programs that are started from now on. */
  version = 1;

  constructor(readonly world: SimulatedWorld) {
    this.leadership = new SimulatedLeadership(world);
    this.rows = new SimulatedRows({
      seen: (...step) => this.watch.see(...step),
      soon: (bring) => void world.later(world.integer(0, UNWRITTEN_MS_MAX), bring),
    });
    this.standbys = world.chance(0.5)
      ? new SimulatedStandbys(world, this.rows, world.integer(1, 2), world.pick([0, 20, 500, 3_000]))
      : undefined;
    const rate = (max: number): number => (world.chance(0.5) ? 0 : world.random() * max);
    const faults = (): Faults => ({ lost: rate(0.3), unanswered: rate(0.3), late: rate(0.2) });
    // A caller that waits for a position looks fifty times a second, and gets the error of the first look that fails.
    const reads = world.chance(0.7) ? CALM : { lost: rate(0.02), unanswered: rate(0.02), late: 0, slow: rate(0.02) };
    this.faults = world.chance(0.3)
      ? { log: CALM, rows: CALM, reads: CALM }
      : { log: faults(), rows: { ...faults(), slow: rate(0.2) }, reads };
    this.batchEventsMax = world.pick([2, 5, 20, 1_000]);
    const others = Array.from({ length: world.integer(1, 5) }, (_, n) => idOf(`account ${n + 1}`));
    this.accounts = [idOf('account 0'), ...others];
    for (let count = world.integer(1, 3); count > 0; count -= 1) this.instances.push(startInstance(this, this.version));
  }

  /** Every request arrives, and so does every answer. */
  get isCalm(): boolean {
    return Object.values(this.faults).every((faults) => Object.values(faults).every((rate) => rate === 0));
  }

  /** Nothing delays the rows after their events, except an event that one of the views cannot apply. */
  isPrompt(name: (typeof VIEWS)[number]): boolean {
    return this.isCalm && !this.isDisturbed && name !== 'cautious' && (this.standbys?.lagMsMax ?? 0) <= LAG_MS_MAX / 6;
  }

  anyInstance(): SimulatedInstance {
    return this.instances[this.world.integer(0, this.instances.length - 1)] ?? this.fail('no instance');
  }

  /** Starts one more instance. It takes part once its projector has started. */
  async start(): Promise<SimulatedInstance> {
    const instance = startInstance(this, this.version);
    await this.startProjector(instance);
    return instance;
  }

  async startProjector({ process, projector }: SimulatedInstance): Promise<void> {
    const isStarted = (): Promise<boolean> =>
      projector.start().then(
        () => true,
        () => false,
      );
    while (!process.isDead && !(await process.serve(isStarted))) await this.world.sleep(500);
  }

  /** Kills an instance like `kill -9`. False when it was dead already. */
  kill({ process }: SimulatedInstance): boolean {
    if (process.isDead) return false;
    process.kill();
    this.leadership.vanish(process);
    return true;
  }

  async stop({ process, ledger, projector }: SimulatedInstance): Promise<void> {
    await process.serve(async () => {
      await ledger.close();
      await projector.stop();
    });
  }

  history(): History {
    return new History(this.log.events, this.log.outcomes);
  }

  revisionOf(id: string): number {
    return (this.log.streams.get(`account-${id}`)?.length ?? 0) - 1;
  }

  /** Receives the log messages of a projector. */
  readonly onMessage = (fields: { readonly projection?: unknown; readonly err?: unknown }, message: string): void => {
    const { projection, err } = fields;
    this.logged.push({ message, projection });
    if (message.includes('other rows were served')) this.note(`${String(projection)}: ${message}`);
    const isExpected = !this.isCalm || this.isDisturbed || String(projection).startsWith('cautious');
    if (err !== undefined && !isExpected) this.note(`${message} ${String(err)}`);
  };

  /** Notes a complaint at a place in the code that must not throw. */
  note(complaint: string): void {
    this.complaints.push(complaint);
  }

  readonly fail = (complaint: string): never => {
    this.note(complaint);
    throw new Error(complaint);
  };
}
