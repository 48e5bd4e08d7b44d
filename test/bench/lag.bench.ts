import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AGGREGATES } from '../../src/aggregates.js';
import { PROJECTIONS } from '../../src/projections.js';
import { eventsProjection } from '../../src/ledger/projector/events.projection.js';
import { registerPartner } from '../../src/partners/partner.decisions.js';
import { partner } from '../../src/partners/partner.js';
import { contextOf } from '../ledger/accounts.js';
import { openInstance, type Instance } from '../ledger/instance.js';
import { startBenchDatabase, type BenchServer } from './database.js';
import { median, percentile, rounded, type BenchOptions, type BenchRow } from './measure.js';

/**
 * Row 12: how far the read models are behind while commands arrive at a steady rate, whatever the answers, through the path of commands.
 * The time of a command counts from its planned start, so that a stall counts for all commands that it delays.
 */
const PER_SECOND = 1_000;
const SECONDS = 10;
const TICK_MS = 5;
const LAG_MS_MAX = 250;
/** A command that no read model shows after this time counts as lost. */
const SETTLE_MS_MAX = 30_000;
const BODY = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' } as const;

interface Sent {
  readonly dueAt: number;
  answeredAt: number;
  position: number;
  shownAt: number;
}

interface Round {
  readonly shownMs: number[];
  readonly behindAnswerMs: number[];
}

export async function run({ rounds, say }: BenchOptions): Promise<BenchRow[]> {
  const server = await startBenchDatabase();
  const projections = [eventsProjection(AGGREGATES), ...PROJECTIONS];
  const instance = openInstance(server.url, { aggregates: AGGREGATES, projections });
  try {
    await instance.projector.start();
    const measured: Round[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const one = await steady(instance, server);
      say(`round ${round}: p99 ${Math.round(percentile(one.shownMs, 0.99))} ms`);
      if (round > 0) measured.push(one);
    }
    return [rowOf(measured)];
  } finally {
    await instance.stop();
    await server.stop();
  }
}

async function steady(instance: Instance, server: BenchServer): Promise<Round> {
  const sent: Sent[] = [];
  const answers: Promise<void>[] = [];
  const watching = new AbortController();
  const watched = watch(server, sent, watching.signal);
  const began = performance.now();
  while (sent.length < PER_SECOND * SECONDS) {
    const due = Math.floor(((performance.now() - began) * PER_SECOND) / 1_000);
    while (sent.length < Math.min(due, PER_SECOND * SECONDS)) {
      const one = { dueAt: began + (sent.length * 1_000) / PER_SECOND, answeredAt: 0, position: Infinity, shownAt: 0 };
      sent.push(one);
      answers.push(send(instance, one));
    }
    await sleep(TICK_MS);
  }
  await Promise.all(answers);
  const deadline = performance.now() + SETTLE_MS_MAX;
  while (sent.some(({ shownAt }) => shownAt === 0)) {
    if (performance.now() > deadline) throw new Error(`The read models were not there within ${SETTLE_MS_MAX} ms.`);
    await sleep(TICK_MS);
  }
  watching.abort();
  await watched;
  return {
    shownMs: sent.map(({ dueAt, shownAt }) => shownAt - dueAt),
    behindAnswerMs: sent.map(({ answeredAt, shownAt }) => Math.max(0, shownAt - answeredAt)),
  };
}

async function send({ ledger }: Instance, one: Sent): Promise<void> {
  const answer = await ledger.execute(contextOf(randomUUID()), (tx) => {
    tx.create(partner, tx.newId());
    tx.append(partner, tx.newId(), registerPartner(BODY, tx.now));
  });
  one.answeredAt = performance.now();
  one.position = answer.position;
}

/** Notes for each command when the slowest read model showed it. */
async function watch({ pool }: BenchServer, sent: readonly Sent[], stopped: AbortSignal): Promise<void> {
  let open: Sent[] = [];
  let seen = 0;
  while (!stopped.aborted) {
    const { rows } = await pool.query<{ position: number }>('select min(position) as position from projections');
    const now = performance.now();
    open.push(...sent.slice(seen));
    seen = sent.length;
    const [{ position = 0 } = {}] = rows;
    for (const one of open) if (one.position <= position) one.shownAt = now;
    open = open.filter(({ shownAt }) => shownAt === 0);
    await sleep(TICK_MS);
  }
}

function rowOf(measured: readonly Round[]): BenchRow {
  const p99 = (of: (round: Round) => readonly number[]) => measured.map((round) => percentile(of(round), 0.99));
  const figure = median(p99(({ shownMs }) => shownMs));
  return {
    row: 12,
    what: `p99 from when a command was due until all read models show it, ${PER_SECOND} commands/s`,
    beside: '',
    figure,
    base: null,
    unit: 'ms',
    ratio: null,
    aim: `<= ${LAG_MS_MAX} ms`,
    met: figure <= LAG_MS_MAX,
    details: {
      secondsARound: SECONDS,
      p99Ms: p99(({ shownMs }) => shownMs).map(rounded),
      p50Ms: measured.map(({ shownMs }) => rounded(median(shownMs))),
      p99BehindAnswerMs: p99(({ behindAnswerMs }) => behindAnswerMs).map(rounded),
    },
  };
}
