import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventsProjection } from '../../src/ledger/projector/events.projection.js';
import { AGGREGATES } from '../../src/aggregates.js';
import { createPool } from '../../src/platform/database/database.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { PROJECTIONS } from '../../src/projections.js';
import { openInstance } from '../ledger/instance.js';
import { databaseOf } from '../support/database.js';
import { startBenchDatabase } from './database.js';
import { fillLedger } from './filled-ledger.js';
import { history } from './history.js';
import { secondsOf } from './measure.js';

/**
 * Size of a ledger on disk, table by table, and the time for a dump, its restore and the views. The dump needs a server of the same
 * version as the installed `pg_dump`: `BENCH_DATABASE_URL` names an empty database on such a server, and its user must be able to make
 * another database. Without the setting the embedded PostgreSQL is measured, and no dump is made.
 *
 *   BENCH_EVENTS=250000 node --import ./test/support/typescript.mjs test/bench/storage.bench.ts
 */
const EVENTS = Number(process.env['BENCH_EVENTS'] ?? 250_000);
const GIVEN_URL = process.env['BENCH_DATABASE_URL'];
const SILENT = { info: () => undefined, warn: () => undefined, debug: () => undefined };
/** Dump, restore and the views of a million events take less time on a slow disk. */
const STEP_MS_MAX = 1_800_000;
const run = promisify(execFile);
const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** One answer for every command of the history, as long as the stored answer to a command of one event. */
const ANSWERS = `
  insert into commands (command_id, fingerprint, position, recorded_at, outcome)
  select (envelope::json ->> 'commandId')::uuid, encode(sha256(envelope::bytea), 'hex'), max(position), max(recorded_at),
    json_build_object('answer', json_build_object('id', gen_random_uuid(), 'stream', max(stream), 'revision', max(revision),
      'position', max(position), 'recordedAt', max(recorded_at)))
  from events group by 1, 2 on conflict do nothing`;

/** Bytes of every table with its indexes. */
const TABLES = `
  select relname as name, pg_total_relation_size(oid)::bigint as bytes from pg_class
  where relkind = 'r' and relnamespace = 'public'::regnamespace order by 2 desc`;

async function measure(url: string): Promise<Record<string, unknown>> {
  const pool = createPool({ databaseUrl: url, log: SILENT });
  const seconds: Record<string, number> = {};
  const timed = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    seconds[what] = await secondsOf(work);
    say(`${what}: ${seconds[what]} s`);
  };
  try {
    await timed('fill', () => fillLedger(pool, history(EVENTS)));
    await pool.query('set statement_timeout = 0');
    await timed('answers', () => unbounded(url, ANSWERS));
    await timed('views', () => buildViews(url));
    await unbounded(url, 'vacuum analyze');
    const { rows } = await pool.query<{ name: string; bytes: number }>(TABLES);
    const logOnly = new Set(['events', 'log_tiles', 'log_checkpoints', 'commands']);
    const sum = (wanted: (name: string) => boolean): number =>
      rows.filter(({ name }) => wanted(name)).reduce((total, { bytes }) => total + bytes, 0);
    const { rows: texts } = await pool.query<{ bytes: number }>(
      'select sum(octet_length(envelope))::bigint as bytes from events',
    );
    const mbPerMillion = (bytes: number): number => Math.round(bytes / EVENTS);
    const dump = GIVEN_URL === undefined ? {} : await dumpAndRestore(url, timed);
    return {
      events: EVENTS,
      envelopeMbPerMillion: mbPerMillion(texts[0]?.bytes ?? 0),
      mbPerMillion: {
        events: mbPerMillion(sum((name) => name === 'events')),
        log: mbPerMillion(sum((name) => name.startsWith('log_'))),
        commands: mbPerMillion(sum((name) => name === 'commands')),
        views: mbPerMillion(sum((name) => !logOnly.has(name))),
        all: mbPerMillion(sum(() => true)),
      },
      ...dump,
      seconds,
      largest: rows.slice(0, 12),
    };
  } finally {
    await pool.end();
  }
}

/** Runs a statement that takes longer than the limit of a request. */
async function unbounded(url: string, statement: string): Promise<void> {
  const pool = createPool({ databaseUrl: url, connectionsMax: 1, log: SILENT });
  try {
    await pool.query('set statement_timeout = 0');
    await pool.query({ text: statement, query_timeout: STEP_MS_MAX } as never);
  } finally {
    await pool.end();
  }
}

async function buildViews(url: string): Promise<void> {
  const projections = [eventsProjection(AGGREGATES), ...PROJECTIONS];
  const instance = openInstance(url, { aggregates: AGGREGATES, projections });
  try {
    await instance.projector.start();
    for (;;) {
      const status = await instance.projector.status();
      const failed = status.find(({ failure }) => failure);
      if (failed) throw new Error(JSON.stringify(failed));
      if (status.every(({ position }) => position === EVENTS)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    await instance.stop();
  }
}

async function dumpAndRestore(
  url: string,
  timed: (what: string, work: () => Promise<unknown>) => Promise<void>,
): Promise<{ dumpMbPerMillion: number }> {
  const path = join(tmpdir(), `ppp-ledger-bench-${randomUUID()}.dump`);
  const copy = `restored_${randomUUID().slice(0, 8)}`;
  try {
    await timed('dump', () => run('pg_dump', ['--format=custom', `--file=${path}`, url]));
    await unbounded(url, `create database ${copy} template template0`);
    await timed('restore', () => run('pg_restore', ['--no-owner', `--dbname=${databaseOf(url, copy)}`, path]));
    return { dumpMbPerMillion: Math.round((await stat(path)).size / EVENTS) };
  } finally {
    await rm(path, { force: true });
    await unbounded(url, `drop database if exists ${copy} with (force)`);
  }
}

async function main(): Promise<void> {
  const server = GIVEN_URL === undefined ? await startBenchDatabase() : undefined;
  try {
    const url = GIVEN_URL ?? server?.url ?? '';
    await migrate(url, { log: SILENT });
    process.stdout.write(`${JSON.stringify(await measure(url), null, 2)}\n`);
  } finally {
    await server?.stop();
  }
}

await main();
