import { AGGREGATES } from '../../src/aggregates.js';
import { PROJECTIONS } from '../../src/projections.js';
import { EventReader } from '../../src/ledger/event-reader.js';
import { eventsProjection } from '../../src/ledger/projector/events.projection.js';
import { openInstance } from '../ledger/instance.js';
import { startBenchDatabase, type BenchDatabase } from './database.js';
import { fillLedger } from './filled-ledger.js';
import { history } from './history.js';
import { growthOfReads } from './growth-of-reads.js';
import { compared, secondsOf, type BenchOptions, type BenchRow } from './measure.js';

/**
 * Rows 7 to 9: the cost of a long history. Row 7 rebuilds the read models from all events, beside reading these events. Rows 8 and 9
 * request the report and a proof at the full length, beside the same programme after its first ten thousand events.
 */
const SHORT_EVENTS = 10_000;
/** The projector reads as many events at a time. */
const READ_EVENTS = 1_000;
const POLL_MS = 20;

export async function run(options: BenchOptions): Promise<BenchRow[]> {
  const { events, only, say } = options;
  const server = await startBenchDatabase();
  try {
    const filling = await secondsOf(() => fillLedger(server.pool, history(events)));
    say(`${events} events were written in ${Math.round(filling)} s`);
    const rows: BenchRow[] = [];
    if (only.has(7)) rows.push(await rebuild(server, options));
    if (!only.has(8) && !only.has(9)) return rows;
    const short = await server.another('short');
    await fillLedger(short.pool, history(SHORT_EVENTS));
    return [...rows, ...(await growthOfReads(server, short, options))];
  } finally {
    await server.stop();
  }
}

/** Rebuilds all read models concurrently, as after a new version of the program: beside the old rows, then instead of them. */
async function rebuild(database: BenchDatabase, { events, rounds, say }: BenchOptions): Promise<BenchRow> {
  const figures: number[] = [];
  const besides: number[] = [];
  // No warm-up round: each round takes a minute, and its first seconds are enough.
  for (let round = 1; round <= rounds; round += 1) {
    const reading = events / (await secondsOf(() => readAll(database)));
    await database.pool.query('update projections set version = 0');
    const building = events / (await secondsOf(() => buildAll(database)));
    say(`round ${round}: ${Math.round(building)} events/s, reading ${Math.round(reading)}`);
    besides.push(reading);
    figures.push(building);
  }
  const what = `rebuild of all read models from ${events} events`;
  const details = { events, batch: READ_EVENTS };
  const beside = 'reading the same events in order';
  return compared({ row: 7, what, beside, unit: 'events/s', aim: 0.3, details }, figures, besides);
}

async function readAll(database: BenchDatabase): Promise<void> {
  const { store, stop } = openInstance(database.url, { aggregates: AGGREGATES, projections: [] });
  const reader = new EventReader(AGGREGATES);
  let position = 0;
  for (;;) {
    const stored = await store.readAll(position, READ_EVENTS);
    if (stored.length === 0) break;
    for (const event of stored) position = reader.read(event).position;
  }
  await stop();
}

async function buildAll(database: BenchDatabase): Promise<void> {
  const projections = [eventsProjection(AGGREGATES), ...PROJECTIONS];
  const { projector, errors, stop } = openInstance(database.url, { aggregates: AGGREGATES, projections });
  await projector.start();
  try {
    while (!(await isBuilt(database, projections.length))) {
      if (errors.length > 0) throw new Error(errors.join('\n'));
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    await stop();
  }
}

/** True when all read models are served in the version of this program, up to the last event. */
async function isBuilt({ pool }: BenchDatabase, count: number): Promise<boolean> {
  const { rows } = await pool.query<{ done: number }>(
    `select count(*)::int as done from projections where version > 0 and not building
     and position = (select position from ledger_head)`,
  );
  return rows[0]?.done === count;
}
