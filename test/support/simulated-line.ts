import type { SimulatedProcess } from './simulated-process.js';

/** The connection between an instance and its database. */
export interface Line {
  /** Delivers a request and its answer, or loses either. */
  call<T>(request: () => T, sort?: 'read' | 'write'): Promise<T>;
}

export const SOUND: Line = { call: async (request) => request() };

/** The rate of each fault, out of 1. */
export interface Faults {
  /** The request never arrives. */
  readonly lost: number;
  /** The request is executed, but its answer is lost. */
  readonly unanswered: number;
  /** The request counts as lost, and is executed later nevertheless. */
  readonly late: number;
  /** The request arrives so late that other requests overtake it. */
  readonly slow?: number;
}

const LATENCY_MS_MAX = 8;
const LATE_MS_MAX = 4_000;
const SLOW_MS_MAX = 3_000;
/** Longest time for a request and its answer. */
export const CALL_MS_MAX = SLOW_MS_MAX + LATENCY_MS_MAX;
/** A request that is on its way when its process is killed: out of 1, how often it never arrives. */
const LOST_WITH_ITS_PROCESS = 0.5;

/** A line that delays and loses requests, as the seed of its world decides. */
export class UnreliableLine implements Line {
  /** Until then the line delivers nothing. */
  downUntil = 0;
  private cuts = 0;
  private awaited: { left: number; readonly tell: () => void } | undefined;

  constructor(
    private readonly process: SimulatedProcess,
    public faults: Faults,
  ) {}

  /** Breaks every connection: no request and no answer on its way arrives. */
  cut(): void {
    this.cuts += 1;
  }

  /** Resolves when so many further writing requests have been sent. */
  writing(count: number): Promise<void> {
    return new Promise((tell) => (this.awaited = { left: count, tell }));
  }

  call<T>(request: () => T, sort: 'read' | 'write' = 'read'): Promise<T> {
    if (sort === 'write' && this.awaited && (this.awaited.left -= 1) === 0) this.awaited.tell();
    return this.process.hear(this.process.isDead ? new Promise<T>(() => undefined) : this.carry(request));
  }

  private async carry<T>(request: () => T): Promise<T> {
    const { process, faults, cuts } = this;
    const { world } = process;
    await world.sleep(world.integer(0, world.chance(faults.slow ?? 0) ? SLOW_MS_MAX : LATENCY_MS_MAX));
    const lost = process.isDead ? LOST_WITH_ITS_PROCESS : faults.lost;
    if (this.isBroken(cuts) || world.chance(lost)) throw connectionLost();
    if (world.chance(faults.late)) {
      world.later(world.integer(1, LATE_MS_MAX), () => void attempt(request));
      throw connectionLost();
    }
    const answer = request();
    await world.sleep(world.integer(0, LATENCY_MS_MAX));
    if (this.isBroken(cuts) || world.chance(faults.unanswered)) throw connectionLost();
    return answer;
  }

  private isBroken(cutsBefore: number): boolean {
    return this.cuts !== cutsBefore || this.process.now() < this.downUntil;
  }
}

function attempt(request: () => unknown): void {
  try {
    request();
  } catch {
    // No caller waits for it any more.
  }
}

export const connectionLost = (): Error =>
  Object.assign(new Error('Connection terminated unexpectedly'), { code: '08006' });
