import type { Pool } from 'pg';
import { signCheckpoint } from '../../src/tlog/checkpoint.js';
import { LogStore } from '../../src/log/log-store.queries.js';
import { leafHash } from '../../src/tlog/merkle.js';
import { signingKey } from '../../src/tlog/note-key.js';
import { TileBuilder } from '../../src/tlog/tile-builder.js';
import type { HistoricEvent } from './history.js';

/** Seed of the key that signs the log of a filled ledger; the service must get the same seed and origin. */
export const LOG_SEED = Buffer.alloc(32, 9);
export const LOG_ORIGIN = 'ledger.example.eu/log';

const ROWS_PER_STATEMENT = 5_000;
/** Longest time to fill a batch or to make an index. */
const STATEMENT_MS_MAX = 300_000;

/**
 * Writes a history, and the transparency log over it, into an empty ledger: faster than the ledger itself would, and with the same
 * bytes at the end. It makes the indexes afterwards, as a restore does.
 */
export async function fillLedger(pool: Pool, events: Iterable<HistoricEvent>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(`set synchronous_commit = off; set statement_timeout = ${STATEMENT_MS_MAX};
      set maintenance_work_mem = '512MB'; drop index events_stream_revision; drop index events_id`);
    const builder = new TileBuilder();
    let rows: HistoricEvent[] = [];
    let writing: Promise<unknown> = Promise.resolve();
    for (const event of events) {
      builder.append(leafHash(Buffer.from(event.envelope)));
      rows.push(event);
      if (rows.length < ROWS_PER_STATEMENT) continue;
      await writing;
      writing = client.query(insertion(rows));
      rows = [];
    }
    await writing;
    await client.query(insertion(rows));
    await client.query(`update ledger_head set (position, recorded_at) =
      (select position, recorded_at from events order by position desc limit 1)`);
    await client.query({
      text: `create unique index events_stream_revision on events (stream, revision);
             create unique index events_id on events (id); analyze events; reset all`,
      // The limit of the pool is for a request.
      query_timeout: STATEMENT_MS_MAX,
    } as never);
    await signLog(pool, builder);
  } finally {
    client.release(true);
  }
}

const insertion = (rows: readonly HistoricEvent[]) => ({
  name: 'fill-events',
  text: `insert into events (position, stream, revision, id, type, recorded_at, envelope)
         select * from unnest($1::bigint[], $2::text[], $3::integer[], $4::uuid[], $5::text[], $6::timestamptz[], $7::text[])`,
  values: [
    rows.map(({ position }) => position),
    rows.map(({ stream }) => stream),
    rows.map(({ revision }) => revision),
    rows.map(({ id }) => id),
    rows.map(({ type }) => type),
    rows.map(({ recordedAt }) => recordedAt),
    rows.map(({ envelope }) => envelope),
  ],
});

async function signLog(pool: Pool, builder: TileBuilder): Promise<void> {
  const { size } = builder;
  const root = builder.root();
  const note = signCheckpoint({ origin: LOG_ORIGIN, size, root }, signingKey(LOG_ORIGIN, LOG_SEED));
  await new LogStore(pool).asWriter(async (writer) => {
    await writer.putTiles([...builder.takeFullTiles(), ...builder.partialTiles()]);
    await writer.advance({ size, root, note });
  });
}
