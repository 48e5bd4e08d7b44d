import type { Pool } from 'pg';
import { stampEvent, type StoredEvent } from '../event.js';
import type { AppendBatch, AppendResult, EventStore, StoredOutcome } from '../event-store.js';
import { formatInstant, type EpochMs } from '../time.js';

/** Attempts to be given a time stamp that is not before the last one; the second normally succeeds. */
const STAMP_ATTEMPTS_MAX = 10;

/** The event log in PostgreSQL: one function call, so one round trip and one commit, for a whole batch. */
export class PostgresEventStore implements EventStore {
  /**
   * How far this clock is behind the latest one that wrote, in ms. Instances whose clocks differ thereby follow the
   * fastest, and `recordedAt` never goes back along positions.
   */
  private clockLagMs = 0;

  constructor(
    private readonly pool: Pool,
    private readonly clock: () => EpochMs = Date.now,
  ) {}

  async append(batch: AppendBatch): Promise<AppendResult> {
    for (let attempt = 1; attempt <= STAMP_ATTEMPTS_MAX; attempt += 1) {
      const stamp = this.clock() + this.clockLagMs;
      const recordedAt = formatInstant(stamp);
      const { rows } = await this.pool.query<AppendRow>({
        name: 'append-batch',
        text: 'select * from append_batch($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)',
        values: appendParameters(batch, recordedAt),
      });
      const [row] = rows;
      if (!row) throw new Error('append_batch returned no row.');
      if (row.first_position !== null) return { ok: true, firstPosition: row.first_position, recordedAt };
      if (row.stale !== null || row.duplicates !== null) {
        return { ok: false, stale: row.stale ?? [], duplicates: await this.outcomesOf(row.duplicates ?? []) };
      }
      this.clockLagMs += Math.max(1, Date.parse(row.head_recorded_at) - stamp);
    }
    throw new Error('The clock of this instance cannot keep up with the clocks of the others.');
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
    const { rows } = await this.pool.query<StoredEvent>('select position, envelope from events where id = $1', [id]);
    return rows[0];
  }

  async head(): Promise<number> {
    const { rows } = await this.pool.query<{ position: number }>('select position from ledger_head');
    return rows[0]?.position ?? 0;
  }

  async positionAt(recordedAt: string): Promise<number> {
    // `recorded_at` grows with the position, so the answer is found by halving instead of with another index.
    let low = 0;
    let high = await this.head();
    const wanted = Date.parse(recordedAt);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const { rows } = await this.pool.query<{ recorded_at: string }>({
        name: 'recorded-at',
        text: 'select recorded_at from events where position = $1',
        values: [middle],
      });
      const [row] = rows;
      if (!row) throw new Error(`Position ${middle} is missing from the log.`);
      if (Date.parse(row.recorded_at) <= wanted) low = middle;
      else high = middle - 1;
    }
    return low;
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
  head_recorded_at: string;
  stale: string[] | null;
  duplicates: string[] | null;
}

/** Columns instead of rows: the statement has the same thirteen parameters whatever the size of the batch. */
function appendParameters({ expected, commands }: AppendBatch, recordedAt: string): unknown[] {
  const events = commands.flatMap((command) => command.events);
  const sealed = commands.flatMap((command) => command.sealed);
  let last = 0;
  return [
    recordedAt,
    [...expected.keys()],
    [...expected.values()],
    events.map((event) => event.stream),
    events.map((event) => event.revision),
    events.map((event) => event.id),
    events.map((event) => event.type),
    events.map((event) => stampEvent(event, recordedAt)),
    commands.map((command) => command.commandId),
    commands.map((command) => command.fingerprint),
    commands.map((command) => (last += command.events.length)),
    commands.map((command) => command.outcome),
    sealed.length > 0 ? JSON.stringify(sealed) : null,
  ];
}
