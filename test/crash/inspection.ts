import type { Pool } from 'pg';
import { openCheckpoint } from '../../src/tlog/checkpoint.js';
import { EMPTY_ROOT, hashesEqual, leafHash, nodeHash, type Hash } from '../../src/tlog/merkle.js';
import type { VerifierKey } from '../../src/tlog/note-key.js';
import { EventReader } from '../../src/ledger/event-reader.js';
import type { RecordedEvent, StoredEvent } from '../../src/ledger/event.js';
import { Rows, type Projection, type Row } from '../../src/ledger/projector/projection.js';
import { AGGREGATES } from '../../src/aggregates.js';
import { PROJECTIONS } from '../../src/projections.js';
import type { Heard } from './load.js';

const PAGE = 5_000;
/** So often all data are compared from the beginning; the other checks compare only new data. */
const WHOLE_EVERY = 20;

/** A checkpoint, and when a client saw it. */
export interface SeenCheckpoint {
  readonly note: string;
}

interface StoredCommand {
  readonly command_id: string;
  readonly position: number;
  readonly outcome: string;
}

/**
 * The facts that must hold after every kill. It reads the database without the service, and shares no code with the writers, except the
 * pure functions that give events their meaning. It remembers the facts of earlier checks, because history only grows.
 */
export class Inspection {
  private readonly reader = new EventReader(AGGREGATES);
  private readonly leaves: Hash[] = [];
  /** Root of the first n events, by n. */
  private readonly roots: Hash[] = [EMPTY_ROOT];
  private readonly revisions = new Map<string, number>();
  private readonly ranges = new Map<string, { readonly first: number; readonly last: number }>();
  private readonly models = PROJECTIONS.map((projection) => new Model(projection));
  private readonly checked = new Set<string>();
  private peaks: { readonly hash: Hash; readonly width: number }[] = [];
  private recordedAt = 0;
  private lastSize = 0;
  private rounds = 0;
  readonly checkpointSizes = new Set<number>();

  constructor(
    private readonly origin: string,
    private readonly key: VerifierKey,
  ) {}

  get events(): number {
    return this.leaves.length;
  }

  /** @throws Error that names the data that were lost, doubled or changed. */
  async check(pool: Pool, heard: ReadonlyMap<string, Heard>, seen: readonly SeenCheckpoint[]): Promise<void> {
    this.rounds += 1;
    const isWhole = this.rounds % WHOLE_EVERY === 0;
    if (isWhole) await this.checkOldEvents(pool);
    const fresh = await this.readNewEvents(pool);
    await this.checkCommands(pool, heard);
    for (const { note } of seen) this.checkCheckpoint(note);
    for (const model of this.models) await model.check(pool, fresh, isWhole);
  }

  /** Positions without a gap, streams without a gap, time that does not go back. */
  private async readNewEvents(pool: Pool): Promise<readonly RecordedEvent[]> {
    const fresh: RecordedEvent[] = [];
    for (;;) {
      const { rows } = await pool.query<StoredEvent>(
        'select position, envelope from events where position > $1 order by position limit $2',
        [this.leaves.length, PAGE],
      );
      for (const stored of rows) fresh.push(this.take(stored));
      if (rows.length < PAGE) break;
    }
    const { rows } = await pool.query<{ position: number; events: number }>(
      'select position, (select count(*) from events) as events from ledger_head',
    );
    const [head] = rows;
    if (head?.position !== this.events || head.events !== this.events) {
      fail(
        `the head stands at ${head?.position}, there are ${head?.events} events, of which ${this.events} are in order`,
      );
    }
    return fresh;
  }

  private take(stored: StoredEvent): RecordedEvent {
    const event = this.reader.read(stored);
    if (event.position !== this.events + 1) fail(`position ${this.events + 1} is missing`);
    const revision = (this.revisions.get(event.stream) ?? -1) + 1;
    if (event.revision !== revision) fail(`${event.stream} has no revision ${revision}`);
    this.revisions.set(event.stream, revision);
    if (Date.parse(event.recordedAt) < this.recordedAt) fail(`time goes back at position ${event.position}`);
    this.recordedAt = Date.parse(event.recordedAt);
    const range = this.ranges.get(event.commandId);
    if (range && range.last !== event.position - 1) fail(`the events of command ${event.commandId} are torn apart`);
    this.ranges.set(event.commandId, { first: range?.first ?? event.position, last: event.position });
    this.grow(leafHash(Buffer.from(stored.envelope)));
    return event;
  }

  private grow(leaf: Hash): void {
    this.leaves.push(leaf);
    let peak = { hash: leaf, width: 1 };
    for (let last = this.peaks.at(-1); last?.width === peak.width; last = this.peaks.at(-1)) {
      this.peaks.pop();
      peak = { hash: nodeHash(last.hash, peak.hash), width: 2 * peak.width };
    }
    this.peaks.push(peak);
    const [first = peak, ...others] = this.peaks.toReversed();
    this.roots.push(others.reduce((root, { hash }) => nodeHash(hash, root), first.hash));
  }

  private async checkOldEvents(pool: Pool): Promise<void> {
    for (let from = 0; from < this.events; from += PAGE) {
      const { rows } = await pool.query<StoredEvent>(
        'select position, envelope from events where position > $1 and position <= $2 order by position',
        [from, Math.min(from + PAGE, this.events)],
      );
      for (const [index, { position, envelope }] of rows.entries()) {
        const leaf = this.leaves[from + index];
        if (position !== from + index + 1 || !leaf || !hashesEqual(leaf, leafHash(Buffer.from(envelope)))) {
          fail(`the event at position ${from + index + 1} is not the one that was there`);
        }
      }
    }
  }

  /** Every answered command is recorded once, with its answer, and there is no recorded command that nobody sent. */
  private async checkCommands(pool: Pool, heard: ReadonlyMap<string, Heard>): Promise<void> {
    const fresh = [...heard.values()].filter(({ commandId }) => !this.checked.has(commandId));
    const { rows } = await pool.query<StoredCommand>(
      'select command_id, position, outcome from commands where command_id = any ($1)',
      [fresh.map(({ commandId }) => commandId)],
    );
    const stored = new Map(rows.map((row) => [row.command_id, row]));
    for (const one of fresh) {
      this.checkCommand(one, stored.get(one.commandId));
      this.checked.add(one.commandId);
    }
    const counts = await pool.query<{ commands: number; orphans: number }>(
      `select (select count(*) from commands) as commands,
        (select count(distinct envelope::json ->> 'commandId') from events e
          where not exists (select from commands c where c.command_id = (e.envelope::json ->> 'commandId')::uuid)
            and position > $1) as orphans`,
      [Math.max(0, this.events - PAGE)],
    );
    const [count] = counts.rows;
    if (count?.commands !== heard.size) fail(`${heard.size} commands were sent, and ${count?.commands} are recorded`);
    if (count.orphans > 0) fail(`${count.orphans} commands have events but are not recorded`);
    const known = new Set([...heard.values()].map(({ commandId }) => commandId));
    for (const commandId of this.ranges.keys()) if (!known.has(commandId)) fail(`nobody sent ${commandId}`);
  }

  private checkCommand({ commandId, path, status, text }: Heard, stored: StoredCommand | undefined): void {
    if (!stored) fail(`${path}, ${commandId}, was answered ${status} and is not recorded`);
    const range = this.ranges.get(commandId);
    const outcome = JSON.parse(stored.outcome) as { answer?: object; refusal?: { code: string } };
    const body = JSON.parse(text) as { position?: number; code?: string };
    if (status >= 300) {
      if (outcome.refusal?.code !== body.code) fail(`${commandId} was refused for ${body.code}, which is not recorded`);
      if (range) fail(`${commandId} was refused, and has events`);
      return;
    }
    if (!outcome.answer || !range) fail(`${path}, ${commandId}, was answered ${status} and has no events`);
    if (range.last - range.first + 1 !== eventsOf(path)) {
      fail(`${path}, ${commandId}, has the events ${range.first} to ${range.last}`);
    }
    if (stored.position !== body.position || range.last !== body.position) {
      fail(`${commandId} was answered at ${body.position}, and stands at ${range.last}, said to be ${stored.position}`);
    }
  }

  /** The log has signed it, it is no older than the checkpoint seen before, and it belongs to this history. */
  private checkCheckpoint(note: string): void {
    const { size, root } = openCheckpoint(note, this.origin, [this.key]).checkpoint;
    if (size < this.lastSize) fail(`a checkpoint of size ${size} was served after one of size ${this.lastSize}`);
    this.lastSize = size;
    this.checkpointSizes.add(size);
    const own = this.roots[size];
    if (!own) fail(`a checkpoint of size ${size} was served, and there are ${this.events} events`);
    if (!hashesEqual(own, root)) fail(`the checkpoint of size ${size} is not of this history`);
  }
}

/** The rows of one projection, folded without the service. */
class Model {
  private readonly rows = new Map<string, Map<string, Row>>();
  private readonly columns = new Map<string, string>();

  constructor(private readonly projection: Projection) {}

  async check(pool: Pool, fresh: readonly RecordedEvent[], isWhole: boolean): Promise<void> {
    const changed = this.fold(fresh.filter(({ type }) => this.projection.types.includes(type)));
    for (const table of this.projection.tables) {
      const all = this.rows.get(table) ?? new Map<string, Row>();
      const ids = isWhole ? [...all.keys()] : [...(changed.get(table) ?? [])];
      await this.compare(
        pool,
        table,
        ids.map((id) => all.get(id) ?? {}),
        all.size,
      );
    }
  }

  private fold(events: readonly RecordedEvent[]): ReadonlyMap<string, ReadonlySet<string>> {
    const rows = new Rows();
    for (const event of events) {
      for (const { table, id } of this.projection.touches(event)) {
        const known = this.rows.get(table)?.get(id);
        if (known && !rows.has(table, id)) rows.load(table, known);
      }
      this.projection.apply(event, rows);
    }
    const changed = new Map<string, Set<string>>();
    for (const [table, list] of rows.changes()) {
      const all = this.rows.get(table) ?? new Map<string, Row>();
      this.rows.set(table, all);
      for (const row of list) all.set(String(row['id']), row);
      changed.set(table, new Set(list.map((row) => String(row['id']))));
    }
    return changed;
  }

  private async compare(pool: Pool, table: string, rows: readonly Row[], count: number): Promise<void> {
    const counted = await pool.query<{ count: number }>(`select count(*) from ${table}`);
    if (counted.rows[0]?.count !== count) {
      fail(`${table} has ${counted.rows[0]?.count} rows, and a replay gives ${count}`);
    }
    const columns = await this.columnsOf(pool, table);
    for (let start = 0; start < rows.length; start += PAGE) {
      const page = rows.slice(start, start + PAGE);
      const { rows: different } = await pool.query<{ row: string }>(
        `with folded as (select ${columns} from jsonb_populate_recordset(null::${table}, $1::jsonb)),
              kept as (select ${columns} from ${table} where id::text = any ($2::text[]))
         select r::text as row from
           ((select * from folded except select * from kept) union all (select * from kept except select * from folded)) r`,
        [JSON.stringify(page), page.map((row) => String(row['id']))],
      );
      if (different.length > 0)
        fail(
          `${table} and a replay differ: ${different
            .slice(0, 4)
            .map(({ row }) => row)
            .join(' / ')}`,
        );
    }
  }

  private async columnsOf(pool: Pool, table: string): Promise<string> {
    const known = this.columns.get(table);
    if (known !== undefined) return known;
    const { rows } = await pool.query<{ columns: string }>(
      `select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute
       where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
      [table],
    );
    const columns = rows[0]?.columns ?? '*';
    this.columns.set(table, columns);
    return columns;
  }
}

/** Number of events that a command of the load records: a signature records one of the commitment and one of its fund. */
/** A signature is booked to its layer, and a grant to its call. */
const eventsOf = (path: string): number => (path.endsWith('/signature') || path.endsWith('/decision') ? 2 : 1);

function fail(complaint: string): never {
  throw new Error(`Broken: ${complaint}.`);
}
