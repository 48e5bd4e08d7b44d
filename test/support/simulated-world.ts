import type { MonotonicTime } from '../../src/ledger/monotonic-time.js';

/** A planned action, unless it is cancelled. */
interface Item {
  readonly at: number;
  readonly sequence: number;
  happen: (() => void) | undefined;
}

/** Turns of the event loop to wait for effects of the last action, when no action is left. */
const QUIET_TURNS_MAX = 50;

/**
 * Time and chance under control: nothing takes real time, and a seed decides what happens when, so that a run can be repeated
 * exactly.
 */
export class SimulatedWorld implements MonotonicTime {
  private at = 0;
  private state: number;
  private sequence = 0;
  /** A heap: no item is due before the item at half of its index. */
  private readonly agenda: Item[] = [];

  constructor(readonly seed: number) {
    this.state = seed >>> 0;
  }

  now(): number {
    return this.at;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.later(ms, resolve));
  }

  later(ms: number, happen: () => void): () => void {
    const item: Item = { at: this.at + ms, sequence: (this.sequence += 1), happen };
    this.put(item);
    return () => (item.happen = undefined);
  }

  /** A random number from 0 to below 1 (mulberry32). */
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
   * Runs the planned actions, in their order, until `work` is settled.
   * @throws Error when no action is left, or `withinMs` have passed, and `work` has not settled: in the real world it would hang for
   *   ever.
   */
  async run<T>(work: Promise<T>, withinMs = Infinity): Promise<T> {
    const until = this.at + withinMs;
    let settled = false;
    const end = (): void => {
      settled = true;
    };
    work.then(end, end);
    for (let idle = 0; ;) {
      await quiet();
      if (settled) return work;
      const next = this.takeNext();
      if (next) {
        idle = 0;
        this.at = next.at;
        next.happen?.();
      } else idle += 1;
      if (idle > QUIET_TURNS_MAX) {
        throw new Error(`Nothing is left to happen after ${this.at} ms, but the work has not ended.`);
      }
      if (this.at > until) throw new Error(`After ${withinMs} ms the work has not ended.`);
    }
  }

  private put(item: Item): void {
    const { agenda } = this;
    let place = agenda.length;
    for (;;) {
      const above = (place - 1) >> 1;
      const parent = agenda[above];
      if (place === 0 || !parent || isBefore(parent, item)) break;
      agenda[place] = parent;
      place = above;
    }
    agenda[place] = item;
  }

  private takeNext(): Item | undefined {
    for (;;) {
      const first = this.takeFirst();
      if (!first || first.happen) return first;
    }
  }

  private takeFirst(): Item | undefined {
    const { agenda } = this;
    const [first] = agenda;
    const last = agenda.pop();
    if (!last || last === first) return first;
    let place = 0;
    for (;;) {
      const [left, right] = [agenda[place * 2 + 1], agenda[place * 2 + 2]];
      const next = right && left && isBefore(right, left) ? right : left;
      if (!next || isBefore(last, next)) break;
      agenda[place] = next;
      place = place * 2 + (next === left ? 1 : 2);
    }
    agenda[place] = last;
    return first;
  }
}

const isBefore = (one: Item, other: Item): boolean =>
  one.at < other.at || (one.at === other.at && one.sequence < other.sequence);

/** Two turns of the event loop: afterwards all immediate effects of the last action have happened. */
async function quiet(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
