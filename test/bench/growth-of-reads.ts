import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.js';
import { PublishedLog } from '../../src/log/published-log.js';
import { Config } from '../../src/platform/config.js';
import { AppendChecks } from '../../src/ledger/append-checks.js';
import { Projector } from '../../src/ledger/projector/projector.js';
import { createLog } from '../../src/platform/logging.js';
import { formatInstant, parseInstant } from '../../src/ledger/time.js';
import { ReportFollower } from '../../src/transparency/states/report-follower.worker.js';
import { Reports, type AsOf } from '../../src/transparency/states/reports.service.js';
import type { BenchDatabase } from './database.js';
import { LOG_ORIGIN, LOG_SEED } from './filled-ledger.js';
import { median, percentile, rounded, secondsOf, seededRandom, type BenchOptions, type BenchRow } from './measure.js';

const READS_A_ROUND = { live: 50, past: 50, proof: 200 };
/** Events whose proofs are requested. */
const EVENTS_PROVED = 500;
const PAST_MS_MAX = 50;
const PROOF_MS_MAX = 2;
const LIVE_TIMES_MAX = 1.5;
const PROOF_TIMES_MAX = 2;
const POLL_MS = 50;

/** The service on a filled ledger, without its port. */
interface Reading {
  readonly app: NestFastifyApplication;
  readonly eventIds: readonly string[];
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Milliseconds of single reads, and their median round by round. */
interface Times {
  readonly all: number[];
  readonly medians: number[];
}

/** Rows 8 and 9: the equal-access report and proofs, with a short and with a long ledger. */
export async function growthOfReads(
  long: BenchDatabase,
  short: BenchDatabase,
  { rounds, seed, events, say }: BenchOptions,
): Promise<BenchRow[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ppp-ledger-bench-'));
  const random = seededRandom(seed);
  const opened: Reading[] = [];
  const open = async (database: BenchDatabase, name: string): Promise<Reading> => {
    const reading = await openReading(database, join(dataDir, name), random);
    opened.push(reading);
    return reading;
  };
  try {
    const few = await open(short, 'short');
    let many = few;
    const seconds = await secondsOf(async () => (many = await open(long, 'long')));
    say(`the reports have followed ${events} events in ${Math.round(seconds)} s`);
    const times = await timesOf(rounds, {
      liveMany: () => live(many),
      liveFew: () => live(few),
      pastMany: () => past(many, random),
      pastFew: () => past(few, random),
      proofMany: () => proof(many, random),
      proofFew: () => proof(few, random),
    });
    return rowsOf(times, events);
  } finally {
    for (const { app } of opened) await app.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function openReading({ url, pool }: BenchDatabase, dataDir: string, random: () => number): Promise<Reading> {
  const config = new Config({
    DATABASE_URL: url,
    DATA_DIR: dataDir,
    OPERATOR_KEY: 'operator-key-of-the-benchmark-0123456789',
    LOG_ORIGIN,
  });
  const appendChecks = new AppendChecks(Buffer.alloc(32, 5));
  const keys = { wrappingKey: Buffer.alloc(32, 7), appendChecks, logSigningKey: LOG_SEED };
  const app = await createApp({ config, pool, readPool: pool, ...keys, log: createLog('error'), clock: Date.now });
  await app.init();
  const { rows } = await pool.query<{ head: number; first: string; last: string }>(
    `select max(position) as head, min(recorded_at) as first, max(recorded_at) as last from events`,
  );
  const { head = 0, first = '', last = '' } = rows[0] ?? {};
  await followed(app, head);
  const positions = Array.from({ length: EVENTS_PROVED }, () => 1 + Math.floor(random() * head));
  const ids = await pool.query<{ id: string }>('select id from events where position = any ($1)', [positions]);
  return { app, eventIds: ids.rows.map(({ id }) => id), firstMs: parseInstant(first), lastMs: parseInstant(last) };
}

/** Waits until reports and views are at the end of the history: then no other work runs. */
async function followed(app: NestFastifyApplication, head: number): Promise<void> {
  for (;;) {
    const status = [app.get(ReportFollower).status(), ...(await app.get(Projector).status())];
    const failure = status.find((one) => one.failure !== undefined)?.failure;
    if (failure !== undefined) throw new Error(failure);
    if (status.every(({ position }) => position === head)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

let asked = 0;

/** Each request has a key of its own, so that no answer comes from memory. */
function report({ app }: Reading, asOf: AsOf): Promise<unknown> {
  const reports = app.get(Reports);
  return reports.answer(asOf, {
    name: `bench ${(asked += 1)}`,
    render: (state, root) => reports.method.text(state, root, { kind: 'equal-access' }),
  });
}

const live = (reading: Reading): Promise<unknown> => report(reading, {});

function past(reading: Reading, random: () => number): Promise<unknown> {
  const { firstMs, lastMs } = reading;
  return report(reading, { asOf: formatInstant(firstMs + Math.floor(random() * (lastMs - firstMs))) });
}

function proof({ app, eventIds }: Reading, random: () => number): Promise<unknown> {
  return app.get(PublishedLog).receipt(eventIds[Math.floor(random() * eventIds.length)] ?? '');
}

async function timesOf<Name extends string>(
  rounds: number,
  asks: Readonly<Record<Name, () => Promise<unknown>>>,
): Promise<Record<Name, Times>> {
  const names = Object.keys(asks) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, { all: [], medians: [] }])) as unknown as Record<
    Name,
    Times
  >;
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const measured: number[] = [];
      const reads = READS_A_ROUND[name.replace(/Many|Few/, '') as keyof typeof READS_A_ROUND];
      for (let read = 0; read < reads; read += 1) measured.push(1_000 * (await secondsOf(asks[name])));
      if (round === 0) continue;
      times[name].all.push(...measured);
      times[name].medians.push(median(measured));
    }
  }
  return times;
}

type ReadName = 'liveMany' | 'liveFew' | 'pastMany' | 'pastFew' | 'proofMany' | 'proofFew';

function rowsOf(times: Record<ReadName, Times>, events: number): BenchRow[] {
  const beside = 'the same at 10000';
  const at = `at ${events} events`;
  const [live, past, proof] = [
    ratioOf(times.liveMany, times.liveFew),
    ratioOf(times.pastMany, times.pastFew),
    ratioOf(times.proofMany, times.proofFew),
  ];
  const pastP99 = percentile(times.pastMany.all, 0.99);
  return [
    {
      row: 8,
      what: `equal-access report, live, ${at}`,
      beside,
      unit: 'ms',
      ...live,
      aim: `<= ${LIVE_TIMES_MAX}`,
      met: live.ratio <= LIVE_TIMES_MAX,
    },
    {
      row: 8,
      what: `equal-access report as of a random past moment, p99, ${at}`,
      beside,
      unit: 'ms',
      ...past,
      figure: pastP99,
      base: percentile(times.pastFew.all, 0.99),
      ratio: pastP99 / percentile(times.pastFew.all, 0.99),
      aim: `<= ${PAST_MS_MAX} ms`,
      met: pastP99 <= PAST_MS_MAX,
    },
    {
      row: 9,
      what: `proof of one event ${at}`,
      beside,
      unit: 'ms',
      ...proof,
      aim: `<= ${PROOF_TIMES_MAX}, < ${PROOF_MS_MAX} ms`,
      met: proof.ratio <= PROOF_TIMES_MAX && proof.figure < PROOF_MS_MAX,
    },
  ];
}

function ratioOf(many: Times, few: Times): Pick<BenchRow, 'figure' | 'base' | 'details'> & { readonly ratio: number } {
  const [figure, base] = [median(many.medians), median(few.medians)];
  const spread = ({ all, medians }: Times) => ({
    medians: medians.map(rounded),
    p99: rounded(percentile(all, 0.99)),
    max: rounded(percentile(all, 1)),
  });
  return {
    figure,
    base,
    ratio: figure / base,
    details: { reads: many.all.length, many: spread(many), few: spread(few) },
  };
}
