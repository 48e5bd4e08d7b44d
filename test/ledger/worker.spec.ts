import { Notifier } from '../../src/ledger/notifier.js';
import {
  CAUSES_LOGGED_MAX,
  RETRY_MS_MAX,
  RETRY_MS_MIN,
  Worker,
  type Next,
  type Run,
  type WorkerOptions,
} from '../../src/ledger/worker.js';
import { SimulatedWorld } from '../support/simulated-world.js';

const POLL_MS = 1_000;
const PACE_MS = 50;
const STAND_BY_MS = 700;
/** Longer than any wait of a worker. */
const LONG_MS = 100_000;
/** The largest jitter: each pause has its full length. */
const FULL = 1 - Number.EPSILON;

interface Logged {
  readonly at: number;
  readonly message: string;
  readonly reason: string | undefined;
  readonly fields: object;
}

/** A worker on simulated time, and the times of its steps. */
class Watched {
  readonly world = new SimulatedWorld(1);
  readonly notifier = new Notifier(this.world);
  readonly progress = new Notifier(this.world);
  readonly steps: number[] = [];
  readonly logged: Logged[] = [];
  readonly worker: Worker;

  /** @param step gets the number of the step, from 1 */
  constructor(step: (number: number, run: Run) => Next | Promise<Next>, options: Partial<WorkerOptions> = {}) {
    const log = (fields: object, message: string): void => {
      const { err } = fields as { err?: Error };
      this.logged.push({ at: this.world.now(), message, reason: err?.message, fields });
    };
    this.worker = new Worker({
      step: (run) => {
        this.steps.push(this.world.now());
        return step(this.steps.length, run);
      },
      log: { info: log, error: log },
      messages: { failed: 'It fails.', recovered: 'It works.' },
      fields: { part: 'test' },
      notifier: this.notifier,
      progress: this.progress,
      pollMs: POLL_MS,
      paceMs: PACE_MS,
      standByMs: STAND_BY_MS,
      time: this.world,
      random: () => FULL,
      ...options,
    });
  }

  /** Lets the worker run for so long, while `act` runs. Stops it afterwards. */
  async during(ms: number, act: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const work = async (): Promise<void> => {
      this.worker.start();
      await Promise.all([this.world.sleep(ms), act()]);
      await this.worker.stop();
    };
    await this.world.run(work());
  }

  get reasons(): readonly (string | undefined)[] {
    return this.logged.map(({ reason, message }) => reason ?? message);
  }
}

const failing = (reason: string): never => {
  throw new Error(reason);
};

describe('a worker', () => {
  it('takes the next step immediately while more work is known', async () => {
    const watched = new Watched((number) => (number < 4 ? 'continue' : 'idle'));
    await watched.during(10);
    expect(watched.steps).toEqual([0, 0, 0, 0]);
  });

  it('looks again after the poll interval when nothing is notified', async () => {
    const watched = new Watched(() => 'idle');
    await watched.during(2 * POLL_MS + 1);
    expect(watched.steps).toEqual([0, POLL_MS, 2 * POLL_MS]);
  });

  it('is woken by a notification', async () => {
    const watched = new Watched(() => 'idle');
    await watched.during(POLL_MS - 1, async () => {
      await watched.world.sleep(7);
      watched.notifier.notify();
    });
    expect(watched.steps).toEqual([0, 7]);
  });

  it('loses no notification that arrives during a step', async () => {
    const watched: Watched = new Watched(async (number): Promise<Next> => {
      if (number > 1) return 'idle';
      await watched.world.sleep(10);
      watched.notifier.notify();
      await watched.world.sleep(10);
      return 'idle';
    });
    await watched.during(POLL_MS - 1);
    expect(watched.steps).toEqual([0, 20]);
  });

  it('lets work gather after a small batch, whatever is notified meanwhile', async () => {
    const watched = new Watched((number) => (number === 1 ? 'pace' : 'idle'));
    await watched.during(POLL_MS - 1, async () => {
      await watched.world.sleep(10);
      watched.notifier.notify();
    });
    // The notification came before the second step, which sees the work that it was about.
    expect(watched.steps).toEqual([0, PACE_MS]);
  });

  it('ends the pause after a small batch when a caller asks it to hurry, also during the step', async () => {
    const watched: Watched = new Watched((number) => {
      if (number === 2) watched.worker.hurry();
      return number < 3 ? 'pace' : 'idle';
    });
    await watched.during(POLL_MS - 1, async () => {
      await watched.world.sleep(10);
      watched.worker.hurry();
    });
    expect(watched.steps).toEqual([0, 10, 10]);
  });

  it('ignores notifications while another instance does the work', async () => {
    const watched = new Watched((number) => (number === 1 ? 'stand-by' : 'idle'));
    await watched.during(POLL_MS, async () => {
      await watched.world.sleep(10);
      watched.notifier.notify();
    });
    expect(watched.steps).toEqual([0, STAND_BY_MS]);
  });

  it('notifies of steps that did something, and of no others', async () => {
    const nexts: readonly Next[] = ['continue', 'pace', 'stand-by', 'idle'];
    const watched = new Watched((number) => nexts[number - 1] ?? 'idle');
    await watched.during(STAND_BY_MS + PACE_MS + 1);
    expect(watched.steps).toHaveLength(4);
    expect(watched.progress.count).toBe(2);
  });
});

describe('a worker whose step fails', () => {
  it('retries with a pause that doubles up to its limit, and from the beginning after a success', async () => {
    const watched = new Watched((number) => (number === 10 ? 'continue' : failing('out of reach')));
    await watched.during(40_000);
    const pauses = watched.steps.slice(1).map((at, index) => at - (watched.steps[index] ?? 0));
    const doubled = [1, 2, 4, 8, 16, 32].map((factor) => factor * RETRY_MS_MIN);
    const limited = [RETRY_MS_MAX, RETRY_MS_MAX, RETRY_MS_MAX];
    expect(pauses.slice(0, 12).map(Math.round)).toEqual([...doubled, ...limited, 0, RETRY_MS_MIN, 2 * RETRY_MS_MIN]);
  });

  it('pauses for half of the full length with the smallest jitter', async () => {
    const watched = new Watched(() => failing('out of reach'), { random: () => 0 });
    await watched.during(RETRY_MS_MIN);
    expect(watched.steps).toEqual([0, RETRY_MS_MIN / 2]);
  });

  it('does not retry at each notification', async () => {
    const watched = new Watched(() => failing('out of reach'));
    await watched.during(RETRY_MS_MIN / 2, async () => {
      for (let left = 10; left > 0; left -= 1) {
        await watched.world.sleep(1);
        watched.notifier.notify();
      }
    });
    expect(watched.steps).toEqual([0]);
  });

  it('logs a lasting error once, a changed cause once more, and the recovery once', async () => {
    const watched = new Watched((number) => {
      if (number <= 5) failing('out of reach');
      if (number <= 8) failing(number % 2 === 0 ? 'out of memory' : 'out of reach');
      return 'idle';
    });
    await watched.during(LONG_MS);
    expect(watched.reasons).toEqual(['out of reach', 'out of memory', 'It works.']);
    expect(watched.logged.map(({ fields }) => fields)).toEqual([
      { part: 'test', err: new Error('out of reach') },
      { part: 'test', err: new Error('out of memory') },
      { part: 'test', failures: 8 },
    ]);
  });

  it('logs the same error again after a recovery', async () => {
    const watched = new Watched((number) =>
      number === 2 ? 'continue' : number < 4 ? failing('out of reach') : 'idle',
    );
    await watched.during(LONG_MS);
    expect(watched.reasons).toEqual(['out of reach', 'It works.', 'out of reach', 'It works.']);
  });

  it('does not fill the log with an error whose text differs at each retry', async () => {
    const watched = new Watched((number) => failing(`request ${number} failed`));
    await watched.during(LONG_MS);
    expect(watched.steps.length).toBeGreaterThan(CAUSES_LOGGED_MAX);
    expect(watched.logged).toHaveLength(CAUSES_LOGGED_MAX);
  });

  it('reports the failure while it lasts, and notifies the callers that wait for progress', async () => {
    const watched = new Watched((number) => (number < 3 ? failing('out of reach') : 'idle'));
    const seen: unknown[] = [];
    await watched.during(POLL_MS, async () => {
      const { count } = watched.progress;
      await watched.progress.wait(LONG_MS, undefined, count);
      seen.push(watched.worker.status());
      while (watched.steps.length < 3) await watched.world.sleep(1);
      await watched.world.sleep(1);
      seen.push(watched.worker.status());
    });
    expect(seen).toEqual([{ failure: 'out of reach' }, {}]);
  });

  it('reports no failure while another instance does the work, and logs neither a recovery nor the same error again', async () => {
    const watched = new Watched((number) => (number % 2 === 1 ? failing('out of reach') : 'stand-by'));
    const seen: unknown[] = [];
    await watched.during(10_000, async () => {
      await watched.world.sleep(RETRY_MS_MIN + 1);
      seen.push(watched.steps.length, watched.worker.failure);
    });
    expect(seen).toEqual([2, undefined]);
    expect(watched.steps.length).toBeGreaterThan(4);
    expect(watched.reasons).toEqual(['out of reach']);
  });

  it('logs the same error again, and retries soon, when it has stood by for a minute without a failure', async () => {
    // Fails, stands by for 59 or for 61 s, and fails again.
    for (const [seconds, logged] of [
      [59, 1],
      [61, 2],
    ] as const) {
      const stood = Math.ceil((seconds * 1_000) / STAND_BY_MS);
      const fails = (number: number): boolean => number === 1 || number === stood + 2;
      const watched = new Watched((number) => (fails(number) ? failing('out of reach') : 'stand-by'));
      await watched.during(seconds * 1_000 + 5_000);
      expect(watched.reasons.filter((reason) => reason === 'out of reach')).toHaveLength(logged);
    }
  });

  it('recovers in the middle of a step that lasts as long as a connection', async () => {
    const watched: Watched = new Watched(async (number, { works, stopping }): Promise<Next> => {
      if (number === 1) failing('out of reach');
      works();
      works();
      await new Notifier(watched.world).wait(LONG_MS, stopping);
      return 'stand-by';
    });
    await watched.during(POLL_MS);
    expect(watched.steps).toHaveLength(2);
    expect(watched.reasons).toEqual(['out of reach', 'It works.']);
  });

  it('names the causes of an error that has no text of its own', async () => {
    const watched = new Watched(() => {
      throw new AggregateError([new Error('refused by ::1'), new Error('refused by 127.0.0.1')], '');
    });
    await watched.during(1, async () => {
      await watched.progress.wait(LONG_MS);
    });
    expect(watched.worker.failure).toBe('refused by ::1; refused by 127.0.0.1');
  });
});

describe('a worker that is stopped', () => {
  const timeToStop = async (watched: Watched, afterMs: number): Promise<number> => {
    const work = async (): Promise<number> => {
      watched.worker.start();
      await watched.world.sleep(afterMs);
      const from = watched.world.now();
      await watched.worker.stop();
      return watched.world.now() - from;
    };
    return watched.world.run(work());
  };

  it.each<Next>(['pace', 'idle', 'stand-by'])('ends its wait after "%s" immediately', async (next) => {
    const watched = new Watched(() => next);
    expect(await timeToStop(watched, 1)).toBe(0);
    expect(watched.steps).toEqual([0]);
  });

  it('ends its wait for a retry immediately', async () => {
    const watched = new Watched(() => failing('out of reach'));
    expect(await timeToStop(watched, 1)).toBe(0);
    expect(watched.steps).toEqual([0]);
  });

  it('waits for the step under way, and takes no other', async () => {
    let isDone = false;
    const watched: Watched = new Watched(async (): Promise<Next> => {
      await watched.world.sleep(20);
      isDone = true;
      return 'continue';
    });
    expect(await timeToStop(watched, 5)).toBe(15);
    expect(isDone).toBe(true);
    expect(watched.steps).toEqual([0]);
  });

  it('ends a step that waits for something outside', async () => {
    const watched: Watched = new Watched(async (_number, { stopping }): Promise<Next> => {
      await new Notifier(watched.world).wait(LONG_MS, stopping);
      return 'continue';
    });
    expect(await timeToStop(watched, 5)).toBe(0);
  });

  it('need not have been started, and is started once', async () => {
    const watched = new Watched(() => 'idle');
    await watched.worker.stop();
    const twice = new Watched(() => 'idle');
    twice.worker.start();
    await twice.during(1);
    expect([watched.steps, twice.steps]).toEqual([[], [0]]);
  });
});
