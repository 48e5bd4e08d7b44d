import { Schedule } from './schedule.js';

/** SIMULATION_SCHEDULES=10000 makes a longer run. */
const SCHEDULES = Number(process.env['SIMULATION_SCHEDULES'] ?? 50);
/** SIMULATION_SEED repeats the run of a seed that failed. */
const given = process.env['SIMULATION_SEED'];
const first = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);

describe('the ledger and its rows, in random orders of events', () => {
  it(
    `executes every command once, counts every event once and answers every read correctly (${SCHEDULES} schedules from seed ${first})`,
    async () => {
      for (let seed = first; seed < first + (given === undefined ? SCHEDULES : 1); seed += 1) {
        const schedule = new Schedule(seed);
        try {
          await schedule.run();
        } catch (error) {
          const complaint = schedule.complaints[0] ?? (error instanceof Error ? error.stack : error);
          const again = `SIMULATION_SEED=${seed} npm test -- test/ledger/ledger.simulation.spec.ts`;
          throw new Error(`${complaint}\nThe same again: ${again}`, { cause: error });
        }
      }
    },
    60_000 + SCHEDULES * 1_000,
  );
});
