import type { Pool, PoolClient } from 'pg';
import type { AppendChecks, CheckedHead } from '../append-checks.js';
import { stampEvent } from '../event.js';
import type { AppendBatch, SealedContent, StoredOutcome } from '../event-store.js';
import { formatInstant, parseInstant } from '../time.js';
import { EngineUnusable } from './engine-unusable.js';
import type { LogPlace } from './kurrent-log.js';
import type { ReadBatch, ReadCommand } from './record.js';

/**
 * Checks a database that is to be the engine itself.
 * @throws EngineUnusable if the events of the database are a copy
 */
export async function requireOwnEvents(pool: Pool): Promise<void> {
  const head = await new SequencedCopy(pool).head();
  if (!head) return;
  throw new EngineUnusable(
    `The database is the copy of the ledger "${head.ledger}" on KurrentDB: set EVENT_STORE_URL, or bring the ledger back with ` +
      '"ppp-ledger copy".',
  );
}

/** Progress of the copy. */
export interface CopyHead extends CheckedHead {
  readonly ledger: string;
  /** The last turn that was copied; -1 if none. */
  readonly turn: number;
  /** The batch of that turn. */
  readonly turnBatch: string | undefined;
  readonly place: LogPlace | undefined;
}

/** Result of comparing a batch with the copy. */
export interface Comparison {
  /** The batch was compared with all turns up to this one, and with none after it. */
  readonly turn: number;
  readonly position: number;
  readonly recordedAt: string;
  readonly stale: readonly string[];
  readonly duplicates: readonly StoredOutcome[];
  /** Events of the batch that another command has written already: a bug, or a collision of ids. */
  readonly repeated: readonly string[];
}

export interface SequencedBatch {
  readonly firstPosition: number;
  readonly recordedAt: string;
}

/** The copy of the log in PostgreSQL. All views are made from it. */
export class SequencedCopy {
  constructor(private readonly pool: Pool) {}

  /** Undefined if the database is no copy. */
  async head(client: Pool | PoolClient = this.pool): Promise<CopyHead | undefined> {
    const { rows } = await client.query<HeadRow>({
      name: 'copy-head',
      text: `select ledger, turn, sequenced.batch as "turnBatch", commit_position::text as commit, prepare_position::text as prepare,
               position, recorded_at, h.batch, check_value
             from sequenced, ledger_head h`,
    });
    const [row] = rows;
    if (!row) return undefined;
    const { commit, prepare } = row;
    return {
      ledger: row.ledger,
      turn: row.turn,
      turnBatch: row.turnBatch ?? undefined,
      place: commit !== null && prepare !== null ? { commit: BigInt(commit), prepare: BigInt(prepare) } : undefined,
      position: row.position,
      recordedAt: row.recorded_at,
      batch: row.batch,
      checkValue: row.check_value,
    };
  }

  /**
   * Makes an empty database the copy of a ledger, or finds that it is the copy already.
   * @returns the obstacle, if there is one
   */
  async adopt(ledger: string): Promise<string | undefined> {
    await this.pool.query(
      `insert into sequenced (ledger, turn)
       select $1, -1 from ledger_head where position = 0 and not exists (select from commands)
       on conflict do nothing`,
      [ledger],
    );
    const head = await this.head();
    if (!head)
      return 'it holds events of its own. Move them with "ppp-ledger copy", or set DATABASE_URL to an empty database';
    if (head.ledger !== ledger) return `it is the copy of the ledger "${head.ledger}", not of "${ledger}"`;
    return undefined;
  }

  async turn(): Promise<number> {
    const { rows } = await this.pool.query<{ turn: number }>({ name: 'copy-turn', text: 'select turn from sequenced' });
    const [row] = rows;
    if (!row) throw new Error('The database is not the copy of a ledger on KurrentDB any more.');
    return row.turn;
  }

  /** The obstacle of the copy that an instance has noted; undefined if there is none. */
  async failure(): Promise<string | undefined> {
    const { rows } = await this.pool.query<{ failure: string | null }>({
      name: 'copy-failure',
      text: 'select failure from sequenced',
    });
    return rows[0]?.failure ?? undefined;
  }

  async fail(reason: string | undefined): Promise<void> {
    await this.pool.query('update sequenced set failure = $1 where failure is distinct from $1', [reason ?? null]);
  }

  /** Reads from one snapshot, so that the whole answer was true after one turn. */
  async compare({ expected, commands }: AppendBatch): Promise<Comparison> {
    const { rows } = await this.pool.query<ComparisonRow>({
      name: 'copy-compare',
      text: `select turn, position, recorded_at,
               (select array_agg(x.stream) from unnest($1::text[], $2::integer[]) as x (stream, revision)
                where x.revision <> coalesce((select max(e.revision) from events e where e.stream = x.stream), -1)) as stale,
               (select json_agg(json_build_object('commandId', command_id, 'fingerprint', fingerprint, 'position', position,
                  'recordedAt', to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'outcome', outcome))
                from commands where command_id = any ($3::uuid[])) as duplicates,
               (select array_agg(id::text) from events where id = any ($4::uuid[])) as repeated
             from sequenced, ledger_head`,
      values: [
        [...expected.keys()],
        [...expected.values()],
        commands.map(({ commandId }) => commandId),
        commands.flatMap(({ events }) => events.map(({ id }) => id)),
      ],
    });
    const [row] = rows;
    if (!row) throw new Error('The database is not the copy of a ledger on KurrentDB any more.');
    const { turn, position, recorded_at: recordedAt, stale, duplicates, repeated } = row;
    const known = (duplicates ?? []).map((outcome) => ({ ...outcome, recordedAt: canonical(outcome.recordedAt) }));
    return { turn, position, recordedAt, stale: stale ?? [], duplicates: known, repeated: repeated ?? [] };
  }

  /** Stores sealed content where the sequencer and the erasure find it. */
  async stage(batch: string, contents: readonly SealedContent[]): Promise<void> {
    if (contents.length === 0) return;
    await this.pool.query({
      name: 'stage-contents',
      text: `insert into staged_contents (batch, event_id, subject, wrapped_key, ciphertext)
             select $1, x."eventId", x.subject, decode(x."wrappedKey", 'base64'), decode(x.ciphertext, 'base64')
             from jsonb_to_recordset($2) as x ("eventId" uuid, subject uuid, "wrappedKey" text, ciphertext text)`,
      values: [batch, JSON.stringify(contents)],
    });
  }

  /** Deletes the contents of a batch that was refused and will never be sequenced. */
  async unstage(batch: string): Promise<void> {
    await this.pool.query({
      name: 'unstage-contents',
      text: 'delete from staged_contents where batch = $1',
      values: [batch],
    });
  }

  /** Position and time of a batch that was sequenced recently. */
  async sequenced(batch: string): Promise<SequencedBatch | undefined> {
    const { rows } = await this.pool.query<SequencedBatch>({
      name: 'sequenced-batch',
      text: `select first_position as "firstPosition", recorded_at as "recordedAt" from sequenced_batches where batch = $1`,
      values: [batch],
    });
    return rows[0];
  }
}

/**
 * Writes complete batches after the head, with their check values, and moves the head.
 * @returns the new head; undefined, and nothing is written, if the copy has moved meanwhile
 */
export async function writeBatches(
  client: PoolClient,
  head: CopyHead,
  batches: readonly ReadBatch[],
  checks: AppendChecks,
): Promise<CopyHead | undefined> {
  const last = batches.at(-1);
  if (!last) return head;
  const placed = placedAfter(head, batches);
  const checked = checkedAfter(head, placed, checks);
  const { rows: answers } = await client.query<{ written: boolean }>({
    name: 'sequence-batches',
    // The second function runs after the first one, and in its transaction.
    text: `with sequenced as materialized (
             select sequence_batches($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19) as written
           )
           select written, case when written then check_sequenced($20,$7,$21,$8,$22,$23,$24) end from sequenced`,
    values: [
      ...[head.turn, last.turn, last.commit, last.prepare, head.position],
      ...rowsOf(batches, placed),
      head.batch,
      placed.map(({ commands }) => commands.reduce((sum, { command }) => sum + command.events.length, 0)),
      JSON.stringify(placed.map(({ commands }) => commands.map(({ command }) => command.commandId))),
      checked.map(({ checkValue }) => checkValue),
      checks.keyId,
    ],
  });
  if (answers[0]?.written !== true) return undefined;
  const { commit, prepare } = last;
  const { ledger } = head;
  return { ...(checked.at(-1) ?? head), ledger, turn: last.turn, turnBatch: last.id, place: { commit, prepare } };
}

/** A batch with its positions. */
export interface PlacedBatch {
  readonly firstPosition: number;
  /** Position of the last event up to the end of the batch; of an earlier batch, if this one has no event. */
  readonly position: number;
  readonly recordedAt: string;
  readonly commands: readonly { readonly command: ReadCommand; readonly position: number }[];
}

/**
 * Assigns positions in the order of turns, commands and events, and stamps that never go back. `append_batch` does exactly the same
 * where PostgreSQL is the engine, so that both engines have the same bytes.
 */
export function place(after: Pick<CopyHead, 'position' | 'recordedAt'>, batch: ReadBatch): PlacedBatch {
  let { position } = after;
  const commands = batch.commands.map((command) => ({ command, position: (position += command.events.length) }));
  const stampMs = Math.max(parseInstant(after.recordedAt), parseInstant(batch.stamp));
  return { firstPosition: after.position + 1, position, recordedAt: formatInstant(stampMs), commands };
}

function placedAfter(head: CopyHead, batches: readonly ReadBatch[]): readonly PlacedBatch[] {
  let last: Pick<CopyHead, 'position' | 'recordedAt'> = head;
  return batches.map((batch) => (last = place(last, batch)) as PlacedBatch);
}

/** The head after each of the batches. */
function checkedAfter(
  head: CheckedHead,
  placed: readonly PlacedBatch[],
  checks: AppendChecks,
): readonly (CheckedHead & { readonly checkValue: Buffer })[] {
  let after = head;
  return placed.map(({ position, recordedAt, commands }) => {
    const events = commands.flatMap(({ command }) =>
      command.events.map((event) => ({ ...event, envelope: stampEvent(event, recordedAt) })),
    );
    const answered = commands.map(({ command, position: at }) => ({ ...command, position: at }));
    const checkValue = checks.valueOf({ kind: 'appended', after, recordedAt, events, commands: answered });
    const next = { batch: after.batch + 1, checkValue, position, recordedAt };
    after = next;
    return next;
  });
}

function rowsOf(batches: readonly ReadBatch[], placed: readonly PlacedBatch[]): unknown[] {
  const commands = placed.flatMap(({ commands: own, recordedAt }) => own.map((each) => ({ ...each, recordedAt })));
  const events = commands.flatMap(({ command, recordedAt }) => command.events.map((event) => ({ event, recordedAt })));
  return [
    batches.map(({ id }) => id),
    placed.map(({ firstPosition }) => firstPosition),
    placed.map(({ recordedAt }) => recordedAt),
    events.map(({ event }) => event.stream),
    events.map(({ event }) => event.revision),
    events.map(({ event }) => event.id),
    events.map(({ event }) => event.type),
    events.map(({ recordedAt }) => recordedAt),
    events.map(({ event, recordedAt }) => stampEvent(event, recordedAt)),
    commands.map(({ command }) => command.commandId),
    commands.map(({ command }) => command.fingerprint),
    commands.map(({ position }) => position),
    commands.map(({ recordedAt }) => recordedAt),
    commands.map(({ command }) => command.outcome),
  ];
}

/** Deletes staged contents of attempts that were never sequenced. The caller has read the log to its end. */
export async function purgeStaged(client: PoolClient, olderThanMs: number): Promise<void> {
  await client.query(`delete from staged_contents where staged_at < now() - $1 * interval '1 millisecond'`, [
    olderThanMs,
  ]);
}

interface HeadRow {
  ledger: string;
  turn: number;
  turnBatch: string | null;
  commit: string | null;
  prepare: string | null;
  position: number;
  recorded_at: string;
  batch: number;
  check_value: Buffer | null;
}

interface ComparisonRow {
  turn: number;
  position: number;
  recorded_at: string;
  stale: string[] | null;
  duplicates: StoredOutcome[] | null;
  repeated: string[] | null;
}

/** PostgreSQL always writes milliseconds; the canonical text of an instant omits zero milliseconds. */
const canonical = (instant: string): string => formatInstant(parseInstant(instant));
