import type { MonotonicTime } from '../../src/ledger/monotonic-time.js';

/**
 * Time and chance under control: nothing takes real time, and a seed decides what happens when, so that a run can be
 * repeated exactly.
 */
export class SimulatedWorld implements MonotonicTime {
  private at = 0;
  private state: number;
  private sequence = 0;
  private readonly agenda: { readonly at: number; readonly sequence: number; readonly happen: () => void }[] = [];

  constructor(readonly seed: number) {
    this.state = seed >>> 0;
  }

  now(): number {
    return this.at;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.later(ms, resolve));
  }

  later(ms: number, happen: () => void): void {
    this.agenda.push({ at: this.at + ms, sequence: (this.sequence += 1), happen });
  }

  /** From 0 to below 1 (mulberry32). */
  random(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.random() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.integer(0, from.length - 1)] ?? from[0];
  }

  /**
   * Lets things happen, in their order, until `work` is settled.
   * @throws Error when nothing is left to happen and the work has still not ended: in the real world it would hang for ever.
   */
  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const end = (): void => {
      settled = true;
    };
    work.then(end, end);
    for (;;) {
      await quiet();
      if (settled) return work;
      const next = this.takeNext();
      if (!next) throw new Error(`Nothing is left to happen after ${this.at} ms, but the work has not ended.`);
      this.at = Math.max(this.at, next.at);
      next.happen();
    }
  }

  private takeNext(): { readonly at: number; readonly happen: () => void } | undefined {
    let first = 0;
    for (const [index, { at, sequence }] of this.agenda.entries()) {
      const best = this.agenda[first];
      if (best && (at < best.at || (at === best.at && sequence < best.sequence))) first = index;
    }
    return this.agenda.splice(first, 1)[0];
  }
}

/** Two turns of the event loop: all that follows at once from what has happened has then followed. */
async function quiet(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
