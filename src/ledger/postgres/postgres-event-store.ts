import type { Pool, QueryConfig } from 'pg';
import type { StoredEvent } from '../event.js';
import { checkContinuity, type AppendBatch, type AppendResult, type EventStore } from '../event-store.js';
import type { ClockStatus, StoredOutcome } from '../event-store.js';
import { formatInstant, parseInstant, type EpochMs } from '../time.js';
import type { ClockCheck, ClockFault } from './clock-check.js';

/** An append that takes longer counts as lost and is sent again: its caller waits for at most ten seconds. */
const APPEND_MS_MAX = 5_000;

/** The event log in PostgreSQL. A whole batch is one function call: one round trip and one commit. */
export class PostgresEventStore implements EventStore {
  constructor(
    private readonly pool: Pool,
    private readonly clock: () => EpochMs = Date.now,
    private readonly clockCheck?: ClockCheck,
  ) {}

  async append(batch: AppendBatch): Promise<AppendResult> {
    checkContinuity(batch);
    const stamp = formatInstant(this.clock());
    const { rows } = await this.pool.query<AppendRow>({
      name: 'append-batch',
      text: 'select * from append_batch_in_time($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)',
      values: [stamp, ...(this.clockCheck?.parameters ?? [null, null]), ...appendParameters(batch)],
      query_timeout: APPEND_MS_MAX,
    } as QueryConfig);
    const [row] = rows;
    if (!row) throw new Error('append_batch_in_time returned no row.');
    const { fault, database_clock: databaseClock, last_stamp: lastStamp } = row;
    this.clockCheck?.judge({ stamp, databaseClock, lastStamp, fault });
    const { first_position: firstPosition, stamped_at: recordedAt, stale, duplicates } = row;
    if (firstPosition !== null && recordedAt !== null) return { ok: true, firstPosition, recordedAt };
    return { ok: false, stale: stale ?? [], duplicates: await this.outcomesOf(duplicates ?? []) };
  }

  clocks(): Promise<ClockStatus | undefined> {
    return this.clockCheck?.status() ?? Promise.resolve(undefined);
  }

  async readStream(stream: string, fromRevision: number, limit: number): Promise<readonly StoredEvent[]> {
    const { rows } = await this.pool.query<StoredEvent>({
      name: 'read-stream',
      text: 'select position, envelope from events where stream = $1 and revision >= $2 order by revision limit $3',
      values: [stream, fromRevision, limit],
    });
    return rows;
  }

  async readAll(afterPosition: number, limit: number): Promise<readonly StoredEvent[]> {
    const { rows } = await this.pool.query<StoredEvent>({
      name: 'read-all',
      text: 'select position, envelope from events where position > $1 order by position limit $2',
      values: [afterPosition, limit],
    });
    return rows;
  }

  async readEvent(id: string): Promise<StoredEvent | undefined> {
    const { rows } = await this.pool.query<StoredEvent>({
      name: 'read-event',
      text: 'select position, envelope from events where id = $1',
      values: [id],
    });
    return rows[0];
  }

  async head(): Promise<number> {
    const { rows } = await this.pool.query<{ position: number }>('select position from ledger_head');
    return rows[0]?.position ?? 0;
  }

  async positionAt(recordedAt: string): Promise<number> {
    // `recorded_at` grows with the position, so that a binary search replaces another index. If a position is missing from the
    // log, the search ends without a result. `offset 0` keeps the planner from reading an event several times.
    const { rows } = await this.pool.query<{ position: number }>({
      name: 'position-at',
      text: `with recursive halving (low, high) as (
               select 0::bigint, position from ledger_head
               union all
               select case when is_past then middle else low end, case when is_past then high else middle - 1 end
               from (
                 select low, high, middle, (
                   select e.recorded_at <= to_timestamp($1::double precision / 1000) from events e where e.position = middle
                 ) as is_past
                 from halving cross join lateral (select (low + high + 1) / 2 as middle) m
                 where low < high offset 0
               ) looked
               where is_past is not null
             )
             select low as position from halving where low = high`,
      values: [parseInstant(recordedAt)],
    });
    const [row] = rows;
    if (!row) throw new Error('A position is missing from the log.');
    return row.position;
  }

  async outcomeOf(commandId: string): Promise<StoredOutcome | undefined> {
    return (await this.outcomesOf([commandId]))[0];
  }

  private async outcomesOf(commandIds: readonly string[]): Promise<StoredOutcome[]> {
    if (commandIds.length === 0) return [];
    const { rows } = await this.pool.query<StoredOutcome>({
      name: 'outcomes-of',
      text: `select command_id as "commandId", fingerprint, position, recorded_at as "recordedAt", outcome
             from commands where command_id = any ($1)`,
      values: [commandIds],
    });
    return rows;
  }
}

interface AppendRow {
  first_position: number | null;
  stamped_at: string | null;
  stale: string[] | null;
  duplicates: string[] | null;
  fault: ClockFault | null;
  database_clock: string;
  last_stamp: string;
}

/** Columns instead of rows: the statement has the same parameters for each size of the batch. */
function appendParameters({ expected, commands }: AppendBatch): unknown[] {
  const events = commands.flatMap((command) => command.events);
  const sealed = commands.flatMap((command) => command.sealed);
  let last = 0;
  return [
    [...expected.keys()],
    [...expected.values()],
    events.map((event) => event.stream),
    events.map((event) => event.revision),
    events.map((event) => event.id),
    events.map((event) => event.type),
    events.map((event) => event.beforeStamp),
    events.map((event) => event.afterStamp),
    commands.map((command) => command.commandId),
    commands.map((command) => command.fingerprint),
    commands.map((command) => (last += command.events.length)),
    commands.map((command) => command.outcome),
    sealed.length > 0 ? JSON.stringify(sealed) : null,
  ];
}
