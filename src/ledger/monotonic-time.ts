import { setTimeout as sleep } from 'node:timers/promises';

/** Time for measuring. The clock of the system can be set and then jumps; this time never jumps, so that a limit on waiting holds. */
export interface MonotonicTime {
  /** Milliseconds since a fixed moment. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Calls `happen` after that time. The returned function calls it off. */
  later(ms: number, happen: () => void): () => void;
}

export const monotonicTime: MonotonicTime = {
  now: () => performance.now(),
  sleep: async (ms) => {
    await sleep(ms);
  },
  later: (ms, happen) => {
    const timer = setTimeout(happen, ms);
    return () => clearTimeout(timer);
  },
};
