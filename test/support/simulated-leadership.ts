import { EventEmitter } from 'node:events';
import type { LeaderSession } from '../../src/ledger/leadership.js';
import type { Line } from './simulated-line.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { SimulatedWorld } from './simulated-world.js';

/** One session. The database and its owner may disagree whether it is open. */
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

  /** The database ends the session. */
  end(): void {
    this.isOver = true;
  }

  /** The owner ends the session; the database notices later. */
  release(): void {
    this.isOver = true;
    this.leave();
    this.emit('end');
  }

  query(): never {
    throw new Error('There is no SQL here.');
  }
}

/** Longest time until one side of a connection notices that the other side is gone. */
const NOTICED_MS_MAX = 3_000;

/** The leader according to the database: the process that holds the lock, as long as its session is open. */
export class SimulatedLeadership {
  private leading: SimulatedSession | undefined;
  /** Sessions that the database has ended, and whose owners do not know it yet. */
  private readonly unaware = new Set<SimulatedSession>();

  constructor(private readonly world: SimulatedWorld) {}

  /** The request of the projector of one instance for leadership. */
  async lead(owner: SimulatedProcess, line: Line): Promise<LeaderSession | undefined> {
    const session = new SimulatedSession(owner, () => this.leave(session));
    try {
      return (await line.call(() => this.take(session))) ? session : undefined;
    } catch (error) {
      session.release();
      throw error;
    }
  }

  /** The database ends the session of the leader. The leader learns of it immediately, or while another process leads already. */
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

  /** The database crashes. This breaks the connections of the leader and of every process that still believes that it leads. */
  crash(): void {
    this.leading?.end();
    for (const session of [...this.unaware, ...(this.leading ? [this.leading] : [])]) this.notice(session);
    this.leading = undefined;
  }

  /** The connection of the leader breaks: the leader knows it, and the database does not know it yet. */
  disconnect(): void {
    this.leading?.release();
  }

  /** The process that leads, if there is one. */
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
    // A request arrives late, after its process has ended.
    if (!session.isOpen) this.leave(session);
    return true;
  }

  private leave(session: SimulatedSession): void {
    this.world.later(this.world.integer(0, NOTICED_MS_MAX), () => {
      if (this.leading === session) this.leading = undefined;
    });
  }
}
