import { EventEmitter } from 'node:events';
import type { LeaderSession } from '../../src/ledger/leadership.js';
import type { Line } from './simulated-line.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { SimulatedWorld } from './simulated-world.js';

/** One session, of which the database and its owner may believe different things. */
export class SimulatedSession extends EventEmitter implements LeaderSession {
  private isOver = false;

  constructor(
    readonly owner: SimulatedProcess,
    private readonly leave: () => void,
  ) {
    super();
  }

  get isOpen(): boolean {
    return !this.isOver && !this.owner.isDead;
  }

  /** The database ends it. */
  end(): void {
    this.isOver = true;
  }

  /** Its owner ends it; the database will notice. */
  release(): void {
    this.isOver = true;
    this.leave();
    this.emit('end');
  }

  query(): never {
    throw new Error('There is no SQL here.');
  }
}

/** How soon either side of a connection learns that the other is gone. */
const NOTICED_MS_MAX = 3_000;

/** Who may lead, as the database has it: whoever holds the lock, for as long as its session lives. */
export class SimulatedLeadership {
  private leading: SimulatedSession | undefined;
  /** Sessions that the database has ended, of which their owners have not heard. */
  private readonly unaware = new Set<SimulatedSession>();

  constructor(private readonly world: SimulatedWorld) {}

  /** What the projector of one instance asks for. */
  async lead(owner: SimulatedProcess, line: Line): Promise<LeaderSession | undefined> {
    const session = new SimulatedSession(owner, () => this.leave(session));
    try {
      return (await line.call(() => this.take(session))) ? session : undefined;
    } catch (error) {
      session.release();
      throw error;
    }
  }

  /** The database ends the session of whoever leads, who learns of it at once, or while somebody else leads already. */
  end(): void {
    const session = this.leading;
    this.leading = undefined;
    if (!session) return;
    session.end();
    this.unaware.add(session);
    const noticedMs = this.world.chance(0.3) ? 0 : this.world.integer(1, NOTICED_MS_MAX);
    if (noticedMs === 0) this.notice(session);
    else session.owner.later(noticedMs, () => this.notice(session));
  }

  /** The database crashes. With the connections of whoever leads, those break of whoever still believes to. */
  crash(): void {
    this.leading?.end();
    for (const session of [...this.unaware, ...(this.leading ? [this.leading] : [])]) this.notice(session);
    this.leading = undefined;
  }

  /** The connection of whoever leads breaks: it knows, and the database does not know yet. */
  disconnect(): void {
    this.leading?.release();
  }

  /** Of whoever leads, if anybody does. */
  get leader(): SimulatedProcess | undefined {
    return this.leading?.owner;
  }

  /** A process was killed: if it leads, the database will notice that its session is gone. */
  vanish(owner: SimulatedProcess): void {
    if (this.leading?.owner === owner) this.leave(this.leading);
  }

  private notice(session: SimulatedSession): void {
    this.unaware.delete(session);
    session.emit('end');
  }

  private take(session: SimulatedSession): boolean {
    if (this.leading) return false;
    this.leading = session;
    // A request that arrives late, of somebody who is no longer there.
    if (!session.isOpen) this.leave(session);
    return true;
  }

  private leave(session: SimulatedSession): void {
    this.world.later(this.world.integer(0, NOTICED_MS_MAX), () => {
      if (this.leading === session) this.leading = undefined;
    });
  }
}
