import type { Pool, PoolClient, QueryConfig } from 'pg';
import type { AppendChecks, CheckedEvent, CheckedHead } from '../append-checks.js';
import { stampEvent, type DraftEvent, type StoredEvent } from '../event.js';
import { checkContinuity, type AppendBatch, type AppendResult, type EventStore } from '../event-store.js';
import type { ClockStatus, StoredOutcome } from '../event-store.js';
import { formatInstant, parseInstant, type EpochMs } from '../time.js';
import type { ClockCheck, ClockFault } from './clock-check.js';
import { commit } from './commit.js';

/** An append that takes longer counts as lost and is sent again: its caller waits for at most ten seconds. */
const APPEND_MS_MAX = 5_000;

/**
 * The event log in PostgreSQL. A whole batch is one function call: one round trip and one commit. Two more round trips are needed where
 * another instance has written since.
 */
export class PostgresEventStore implements EventStore {
  /** Where this instance has seen the history end, so that it can place and check the next batch without asking. */
  private seen: CheckedHead | undefined;

  constructor(
    private readonly pool: Pool,
    private readonly checks: AppendChecks,
    private readonly clock: () => EpochMs = Date.now,
    private readonly clockCheck?: ClockCheck,
  ) {}

  async append(batch: AppendBatch): Promise<AppendResult> {
    checkContinuity(batch);
    const stamp = formatInstant(this.clock());
    this.seen ??= await this.readHead();
    const attempt = await this.attempt(this.pool, batch, stamp, this.seen);
    // Another instance has written since: place the batch again under the lock, so that nobody can overtake it twice.
    return attempt ? this.take(attempt) : this.appendLocked(batch, stamp);
  }

  /** Remembers a durable batch. */
  private take({ result, head }: Attempt): AppendResult {
    if (head) {
      this.seen = head;
      this.checks.acknowledge(head);
    }
    return result;
  }

  /** @returns undefined, and nothing is written, if the head is another one */
  private async attempt(
    session: Pool | PoolClient,
    batch: AppendBatch,
    stamp: string,
    from: CheckedHead,
  ): Promise<Attempt | undefined> {
    const recordedAt = later(stamp, from.recordedAt);
    const events = batch.commands.flatMap((command) => command.events).map((event) => stamped(event, recordedAt));
    let position = from.position;
    const commands = batch.commands.map(({ commandId, fingerprint, outcome, events: own }) => {
      position += own.length;
      return { commandId, fingerprint, outcome, position };
    });
    const checkValue =
      commands.length > 0
        ? this.checks.valueOf({ kind: 'appended', after: from, recordedAt, events, commands })
        : from.checkValue;
    const { rows } = await session.query<AppendRow>({
      name: 'append-checked',
      text: APPEND,
      values: [
        stamp,
        ...(this.clockCheck?.parameters ?? [null, null]),
        ...appendParameters(batch, events),
        ...[from.batch, from.checkValue, from.position, recordedAt, this.checks.keyId, checkValue],
      ],
      query_timeout: APPEND_MS_MAX,
    } as QueryConfig);
    const [row] = rows;
    if (!row) throw new Error('append_checked returned no row.');
    const { fault, database_clock: databaseClock, last_stamp: lastStamp } = row;
    if (fault === 'other-key') throw new Error(OTHER_KEY);
    this.clockCheck?.judge({ stamp, databaseClock, lastStamp, fault });
    const { first_position: firstPosition, stale, duplicates } = row;
    if (firstPosition !== null) {
      const head = commands.length > 0 ? { batch: from.batch + 1, checkValue, position, recordedAt } : undefined;
      return { result: { ok: true, firstPosition, recordedAt }, head };
    }
    if (stale === null && duplicates === null) return undefined;
    return { result: { ok: false, stale: stale ?? [], duplicates: await this.outcomesOf(duplicates ?? []) } };
  }

  private async appendLocked(batch: AppendBatch, stamp: string): Promise<AppendResult> {
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      const attempt = await this.attempt(client, batch, stamp, await this.lockHead(client));
      if (!attempt) throw new Error('The head of the ledger has moved under its lock.');
      await commit(client);
      client.release();
      return this.take(attempt);
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  private async lockHead(client: PoolClient): Promise<CheckedHead> {
    const { acknowledged } = this.checks;
    const { rows } = await client.query<CheckedHead & { known: Buffer | null }>({
      name: 'lock-head',
      text: `select (l.head).batch, (l.head).check_value as "checkValue", (l.head).position,
               (l.head).recorded_at as "recordedAt", l.known_value as known
             from lock_head($1) l`,
      values: [acknowledged?.batch ?? 0],
      query_timeout: APPEND_MS_MAX,
    } as QueryConfig);
    const [row] = rows;
    if (!row) throw new Error('lock_head returned no row.');
    const { known, ...head } = row;
    if (acknowledged) this.checks.compare(acknowledged, known);
    return head;
  }

  private async readHead(): Promise<CheckedHead> {
    const { rows } = await this.pool.query<CheckedHead>(
      'select batch, check_value as "checkValue", position, recorded_at as "recordedAt" from ledger_head',
    );
    const [head] = rows;
    if (!head) throw new Error('The ledger has lost its head row.');
    return head;
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

const APPEND = `select a.first_position, a.stale, a.duplicates, a.fault, a.database_clock, (a.head).recorded_at as last_stamp
  from append_checked($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21) a`;

const OTHER_KEY =
  'The batches of this ledger are checked with another append-key than the one of this instance. Copy the file from the DATA_DIR of an ' +
  'instance that works, and start this one again.';

interface Attempt {
  readonly result: AppendResult;
  /** The head after a batch that was written. */
  readonly head?: CheckedHead | undefined;
}

interface AppendRow {
  /** Null if nothing was written. */
  first_position: number | null;
  stale: string[] | null;
  duplicates: string[] | null;
  fault: ClockFault | 'other-key' | null;
  database_clock: string;
  last_stamp: string;
}

/** Both are canonical texts. A stamp never goes back. */
const later = (one: string, other: string): string => (parseInstant(one) >= parseInstant(other) ? one : other);

const stamped = (event: DraftEvent, recordedAt: string): CheckedEvent => {
  const { stream, revision, id, type } = event;
  return { stream, revision, id, type, envelope: stampEvent(event, recordedAt) };
};

/** Columns instead of rows: the statement has the same parameters for each size of the batch. */
function appendParameters({ expected, commands }: AppendBatch, events: readonly CheckedEvent[]): unknown[] {
  const sealed = commands.flatMap((command) => command.sealed);
  let last = 0;
  return [
    [...expected.keys()],
    [...expected.values()],
    events.map(({ stream }) => stream),
    events.map(({ revision }) => revision),
    events.map(({ id }) => id),
    events.map(({ type }) => type),
    events.map(({ envelope }) => envelope),
    commands.map((command) => command.commandId),
    commands.map((command) => command.fingerprint),
    commands.map((command) => (last += command.events.length)),
    commands.map((command) => command.outcome),
    sealed.length > 0 ? JSON.stringify(sealed) : null,
  ];
}
