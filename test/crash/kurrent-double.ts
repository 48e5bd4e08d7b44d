import { fileURLToPath } from 'node:url';
import { KurrentDouble, type Fate } from '../support/kurrentdb-double/kurrentdb-double.js';
import { SimulatedWorld } from '../support/simulated-world.js';

// The double of KurrentDB in a process of its own, for services that are killed while they talk to it. The double itself is never killed:
// it keeps everything in memory. An acknowledged record exists as long as it runs, as on a cluster with a quorum.

/** An append that is stopped on its way: it never arrives, or it is written without an answer. */
export interface AppendPoint {
  readonly append: 'lost' | 'written';
  /** Number of appends that pass before the stop. */
  readonly after: number;
}

/** Kill these processes in the same turn of the event loop in which the append arrives. */
export interface Strike extends AppendPoint {
  readonly pids: readonly number[];
}

/** Time that the client loses with each lost answer. */
const DEADLINE_MS = 2_000;
const LOST_ANSWERS_SHARE = 0.03;
const DROP_EVERY_MS = 2_000;
const DROP_SHARE = 0.25;

async function serve(seed: number): Promise<void> {
  const chance = new SimulatedWorld(seed);
  const double = await KurrentDouble.start();
  let armed: { strike: Strike; left: number } | undefined;
  double.fate = (): Fate => {
    if (armed && (armed.left -= 1) < 0) {
      const { pids, append } = armed.strike;
      armed = undefined;
      for (const pid of pids) kill(pid);
      process.send?.({ struck: true });
      return append === 'lost' ? 'lost-in-silence' : 'written-in-silence';
    }
    return chance.chance(LOST_ANSWERS_SHARE)
      ? chance.pick(['written-in-silence', 'written-and-cut', 'lost-and-cut'])
      : 'answer';
  };
  setInterval(() => chance.chance(DROP_SHARE) && double.dropSubscriptions(), DROP_EVERY_MS);
  process.on('message', ({ strike }: { strike?: Strike }) => {
    armed = strike && { strike, left: strike.after };
  });
  // The parent process is gone.
  process.on('disconnect', () => process.exit());
  process.send?.({ url: double.url('crash').replace(/defaultDeadline=\d+/, `defaultDeadline=${DEADLINE_MS}`) });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has ended by itself since the look.
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await serve(Number(process.argv[2]));
