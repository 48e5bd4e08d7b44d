import { setTimeout as sleep } from 'node:timers/promises';

/** Time that only measures. Unlike the clock on the wall it never jumps, so a bound on waiting holds whatever that does. */
export interface MonotonicTime {
  /** Milliseconds since some moment. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Lets something happen after that time, unless it is called off: by calling what is returned. */
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
