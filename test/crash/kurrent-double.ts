import { fileURLToPath } from 'node:url';
import { KurrentDouble, type Fate } from '../support/kurrentdb-double/kurrentdb-double.js';
import { SimulatedWorld } from '../support/simulated-world.js';

// The double of KurrentDB as a process of its own, for services that are killed while they talk to it. It is no server that could
// be killed itself: it keeps everything in memory. What it acknowledged is there as long as it runs, as with a quorum that holds.

/** An append that is met on its way: it never arrives, or is written and nobody answers. */
export interface AppendPoint {
  readonly append: 'lost' | 'written';
  /** How many pass before it. */
  readonly after: number;
}

/** Kill these processes in the very turn in which the append arrives. */
export interface Strike extends AppendPoint {
  readonly pids: readonly number[];
}

/** Every answer that is lost costs its sender this long. */
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
  // Whoever started it is gone.
  process.on('disconnect', () => process.exit());
  process.send?.({ url: double.url('crash').replace(/defaultDeadline=\d+/, `defaultDeadline=${DEADLINE_MS}`) });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself since somebody looked.
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await serve(Number(process.argv[2]));
