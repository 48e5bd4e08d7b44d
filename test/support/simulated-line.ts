import type { SimulatedProcess } from './simulated-process.js';

/** What lies between an instance and its database. */
export interface Line {
  /** Carries a request there and its answer back, or loses either. */
  call<T>(request: () => T, sort?: 'read' | 'write'): Promise<T>;
}

export const SOUND: Line = { call: async (request) => request() };

/** How often what goes wrong, out of 1. */
export interface Faults {
  /** The request never arrives. */
  readonly lost: number;
  /** The request is carried out, but its answer is lost. */
  readonly unanswered: number;
  /** The request counts as lost, and is carried out later all the same. */
  readonly late: number;
  /** The request takes so long to arrive that others go on meanwhile. */
  readonly slow?: number;
}

const LATENCY_MS_MAX = 8;
const LATE_MS_MAX = 4_000;
const SLOW_MS_MAX = 3_000;
/** There and back. */
export const CALL_MS_MAX = SLOW_MS_MAX + LATENCY_MS_MAX;
/** A request that is on its way when its process is killed: out of 1, how often it never arrives. */
const LOST_WITH_ITS_PROCESS = 0.5;

/** A line on which requests take their time and get lost, as the seed of its world has it. */
export class UnreliableLine implements Line {
  /** Until then nothing gets through. */
  downUntil = 0;
  private cuts = 0;
  private awaited: { left: number; readonly tell: () => void } | undefined;

  constructor(
    private readonly process: SimulatedProcess,
    public faults: Faults,
  ) {}

  /** Breaks every connection: no request on its way arrives, and no answer. */
  cut(): void {
    this.cuts += 1;
  }

  /** Resolves when so many further requests have been sent that write something. */
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
    // Nobody waits for it any more.
  }
}

export const connectionLost = (): Error =>
  Object.assign(new Error('Connection terminated unexpectedly'), { code: '08006' });
