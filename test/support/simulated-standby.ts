import { Checkpoints } from '../../src/ledger/projector/projection-copies.js';
import type { ServedRows } from '../../src/ledger/projector/projection-store.js';
import { connectionLost, type Line } from './simulated-line.js';
import type { KeptCopies, RowServer, SimulatedRows } from './simulated-rows.js';
import type { SimulatedWorld } from './simulated-world.js';

/** Follows the database: applies its transactions in their order, each as a whole, some time after they were on its disk. */
class SimulatedStandby implements RowServer {
  isUp = true;
  private shown: KeptCopies;
  private readonly received: KeptCopies[] = [];
  private heldUntil = 0;

  constructor(
    readonly name: string,
    private readonly world: SimulatedWorld,
    rows: SimulatedRows,
    private readonly lagMsMax: () => number,
  ) {
    this.shown = rows.replicate((copies) => this.receive(copies));
  }

  get kept(): KeptCopies {
    return this.shown;
  }

  /** It applies nothing for a while, as during a long read on it. */
  hold(ms: number): void {
    this.heldUntil = Math.max(this.heldUntil, this.world.now() + ms);
  }

  private receive(copies: KeptCopies): void {
    this.received.push(copies);
    this.world.later(this.world.integer(0, this.lagMsMax()), () => this.advance());
  }

  /** Applies the next transaction in order. */
  private advance(): void {
    const waitMs = this.heldUntil - this.world.now();
    if (waitMs > 0) this.world.later(waitMs, () => this.advance());
    else this.shown = this.received.shift() ?? this.shown;
  }
}

const HOLD_MS_MAX = 7_000;
const REPLACED_MS_MAX = 3_000;

/** The servers that may be asked for rows: the standbys of a database, or the database itself where there is none. */
export class SimulatedStandbys {
  private standbys: SimulatedStandby[] = [];
  private made = 0;

  constructor(
    private readonly world: SimulatedWorld,
    private readonly rows: SimulatedRows,
    count: number,
    /** Longest time from the disk of the primary until a transaction is visible, if nothing delays it. */
    public lagMsMax: number,
  ) {
    for (let left = count; left > 0; left -= 1) this.add();
  }

  get count(): number {
    return this.standbys.length;
  }

  /** Chooses a server like `target_session_attrs=prefer-standby`. */
  choose(): RowServer {
    const [first, ...others] = this.standbys;
    return first ? this.world.pick([first, ...others]) : this.rows;
  }

  hold(): void {
    const server = this.choose();
    if (server instanceof SimulatedStandby) server.hold(this.world.integer(1, HOLD_MS_MAX));
  }

  /** One standby is gone, with all connections to it. After a while there is a new one, which has to catch up. */
  async replace(): Promise<void> {
    const gone = this.choose();
    if (!(gone instanceof SimulatedStandby)) return;
    gone.isUp = false;
    this.standbys = this.standbys.filter((standby) => standby !== gone);
    await this.world.sleep(this.world.integer(0, REPLACED_MS_MAX));
    this.add().hold(this.world.integer(0, REPLACED_MS_MAX));
  }

  private add(): SimulatedStandby {
    const name = `standby ${(this.made += 1)}`;
    const standby = new SimulatedStandby(name, this.world, this.rows, () => this.lagMsMax);
    this.standbys.push(standby);
    return standby;
  }
}

/** Enough that they are at several servers after one standby was replaced. */
const CONNECTIONS = 3;

/**
 * The connections over which one instance reads. Each stays with its server until the server is gone. An idle connection notices that
 * immediately.
 */
export class SimulatedReadPool implements ServedRows {
  private readonly servers: (RowServer | undefined)[] = new Array<undefined>(CONNECTIONS).fill(undefined);

  constructor(
    private readonly world: SimulatedWorld,
    private readonly choose: () => RowServer,
    private readonly line: Line,
  ) {}

  /** One statement. It sees one moment of one server. */
  async ask<T>(statement: (server: RowServer) => T): Promise<T> {
    const place = this.world.integer(0, CONNECTIONS - 1);
    const known = this.servers[place];
    const server = known?.isUp ? known : this.choose();
    this.servers[place] = server;
    return this.line.call(() => {
      if (!server.isUp) throw connectionLost();
      return statement(server);
    });
  }

  checkpoints(): Promise<Checkpoints> {
    return this.ask(({ kept }) => new Checkpoints([...kept.values()]));
  }
}
