import type { Comparisons } from './comparisons.js';
import type { LeaderSession } from '../leadership.js';
import type { ReadAhead } from './read-ahead.js';

/**
 * The time in which this instance leads: one session, and all knowledge that ends with the session. Another server may take over, or the
 * same server may come back after a crash, and have fewer rows than before. A batch that is still under way then writes into a term
 * that nobody reads any more.
 */
export class LeaderTerm {
  /** How far this instance has moved the rows, by name of the copy. A server that crashes may lose the last of them. */
  readonly positions = new Map<string, number>();
  private hasEnded = false;
  private isReleased = false;

  constructor(
    readonly session: LeaderSession,
    readonly log: ReadAhead,
    readonly comparisons: Comparisons,
  ) {
    session.once('end', () => {
      this.hasEnded = true;
    });
  }

  /** The session has ended: the positions may be ahead of the rows. */
  get isOver(): boolean {
    return this.hasEnded;
  }

  /** The lock is released with its session, so that a broken connection cannot keep the lock. */
  end(): void {
    this.hasEnded = true;
    if (this.isReleased) return;
    this.isReleased = true;
    this.session.release(true);
  }
}
