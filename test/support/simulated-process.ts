import type { MonotonicTime } from '../../src/ledger/monotonic-time.js';
import type { SimulatedWorld } from './simulated-world.js';

/** Longest time of an answer on its way to the caller. */
export const ANSWER_WAY_MS_MAX = 8;

/**
 * A process that may be killed at any moment: its work under way never continues, nothing reaches it any more, and its callers see a
 * broken connection.
 */
export class SimulatedProcess implements MonotonicTime {
  private isKilled = false;
  private breakConnections: () => void = () => undefined;
  private readonly broken = new Promise<undefined>((resolve) => {
    this.breakConnections = () => resolve(undefined);
  });

  constructor(readonly world: SimulatedWorld) {}

  get isDead(): boolean {
    return this.isKilled;
  }

  kill(): void {
    this.isKilled = true;
    this.breakConnections();
  }

  now(): number {
    return this.world.now();
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.later(ms, resolve));
  }

  later(ms: number, happen: () => void): () => void {
    return this.world.later(ms, () => {
      if (!this.isKilled) happen();
    });
  }

  /** Passes on news from outside, unless the process is dead by then. */
  hear<T>(news: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      news.then(
        (value) => {
          if (!this.isKilled) resolve(value);
        },
        (error: unknown) => {
          if (!this.isKilled) reject(error);
        },
      );
    });
  }

  /** Does work for an outside caller. The caller gets undefined when the connection breaks, whatever the outcome of the work. */
  async serve<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.isKilled) return undefined;
    return Promise.race([this.answerTo(work), this.broken]);
  }

  private async answerTo<T>(work: () => Promise<T>): Promise<T> {
    const answer = await work();
    if (this.world.chance(0.2)) await this.sleep(this.world.integer(1, ANSWER_WAY_MS_MAX));
    return answer;
  }
}
