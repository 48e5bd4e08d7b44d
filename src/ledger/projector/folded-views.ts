import type { Pool, PoolClient } from 'pg';
import { isCausedByContent } from '../event-store.js';
import type { EventReader } from '../event-reader.js';
import type { RecordedEvent, StoredEvent } from '../event.js';
import { commit } from '../postgres/commit.js';
import { Checkpoints, type CheckpointStatus } from './projection-copies.js';
import { ProjectionFailure, RowWriter, type WrittenCopy } from './projection-rows.js';
import { Statements, type Column } from './projection-statements.js';
import type { Projection } from './projection.js';
import { CHECK_MS_MAX, idAt, orderOf, rowPages, type RowTexts } from './row-pages.js';
import { ViewDigest } from './view-digest.js';

/** Suffix of the temporary tables that hold the rows which the events give. */
const FOLDED = '__folded';
/** Events of one read, where the views are ahead of the events that were folded before. */
const EVENTS_PER_READ = 500;
/** Most differences of a view that are described; all are counted. */
export const DIFFERENCES_MAX = 10;

/** A row that is served otherwise than the events give it. */
export interface RowDifference {
  readonly table: string;
  readonly id: string;
  /** The first column that differs; undefined if the whole row is missing or too many. */
  readonly column?: string;
  /** The value that the events give, as PostgreSQL writes it; null is SQL null, undefined: no row. */
  readonly expected?: string | null;
  readonly found?: string | null;
}

/** A view, compared row by row with the rows that the events give at the position of the view. */
export interface ComparedView {
  readonly name: string;
  readonly version: number;
  /** The checkpoint of the view. */
  readonly position: number;
  /** Rows that the events give, and their digest (`ViewDigest`), hexadecimal. */
  readonly rows: number;
  readonly sha256: string;
  readonly differentRows: number;
  /** The first of the different rows. */
  readonly differences: readonly RowDifference[];
}

/** A view that could not be compared, and why. */
export interface UncomparedView {
  readonly name: string;
  readonly obstacle: string;
}

interface Folding extends WrittenCopy {
  /** Position of the last event that was folded, and of the last one that may be before the comparison. */
  position: number;
  readonly until: number;
  /** Why the view cannot be compared. */
  obstacle?: string;
}

/**
 * Folds every view a second time, into temporary tables of a session of its own, and compares these rows with the served ones. The role
 * needs to read the tables, and `TEMPORARY` on the database, which PostgreSQL gives to everybody unless it was revoked; nothing that is
 * served is written. Temporary tables and not a second schema: no other session sees them, they need no right to create, and they vanish with
 * the session. A standby cannot have any.
 *
 * The events are read and parsed once for all views. The memory does not grow with the history: the rows are in the temporary tables, and
 * are compared page by page. A transaction that holds back the clean-up of old rows (`vacuum`) is open during the comparison only.
 */
export class FoldedViews {
  private readonly rows = new RowWriter();
  private readonly statements: Statements;

  private constructor(
    private readonly client: PoolClient,
    private readonly reader: EventReader,
    private readonly foldings: readonly Folding[],
    private readonly rest: () => Promise<void>,
  ) {
    this.statements = new Statements(client);
  }

  /**
   * @param projections all views, with the projections that know the events
   * @param rest awaited between two batches; it rejects to end the work
   */
  static async begin(
    pool: Pool,
    reader: EventReader,
    projections: readonly Projection[],
    rest: () => Promise<void> = () => Promise.resolve(),
  ): Promise<FoldedViews> {
    const client = await pool.connect();
    try {
      await client.query(`set statement_timeout = ${CHECK_MS_MAX}`);
      const checkpoints = await checkpointsOf(client);
      for (const table of projections.flatMap(({ tables }) => tables)) {
        const like = `like ${table} including defaults including generated`;
        await client.query(`create temporary table ${table}${FOLDED} (${like}, primary key (id))`);
      }
      // Nothing analyses temporary tables: a plan that was made for few rows would read all of many.
      await client.query('set enable_seqscan = off');
      const foldings = projections.map((projection) => ({
        projection,
        suffix: FOLDED,
        types: new Set(projection.types),
        position: 0,
        until: checkpoints.served(projection)?.position ?? 0,
        ...obstacleOf(projection, checkpoints.served(projection)),
      }));
      return new FoldedViews(client, reader, foldings, rest);
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  /** Ends the session, and with it the temporary tables. */
  end(): void {
    this.client.release(true);
  }

  /** Folds the next events, up to the positions that the views had at the beginning: a view must not pass its comparison. */
  async fold(events: readonly RecordedEvent[]): Promise<void> {
    const last = events.at(-1)?.position;
    if (last === undefined) return;
    await this.client.query('begin; set local synchronous_commit = off');
    try {
      for (const folding of this.foldings) await this.advance(folding, events, Math.min(last, folding.until));
      await commit(this.client);
    } catch (error) {
      await this.client.query('rollback').catch(() => undefined);
      throw error;
    }
  }

  /** Folds the next events as they are stored. A view is not compared beyond an event that this program does not know. */
  foldStored(stored: readonly StoredEvent[]): Promise<void> {
    return this.fold(this.read(stored, this.foldings));
  }

  /** Compares each view with the rows that the events give at its position. All views are read as of the same moment. */
  async compare(): Promise<readonly (ComparedView | UncomparedView)[]> {
    const { client } = this;
    // A rebuilt table that takes the place of a served one would be empty at that moment: the locks come first.
    await client.query('begin; set transaction isolation level repeatable read');
    try {
      const tables = this.foldings.flatMap(({ projection }) => projection.tables);
      await client.query(`lock table ${tables.join(', ')} in access share mode`);
      const checkpoints = await checkpointsOf(client);
      await this.catchUp(checkpoints);
      await client.query('set local enable_seqscan = on');
      const compared: (ComparedView | UncomparedView)[] = [];
      for (const folding of this.foldings) {
        compared.push(await this.compareOne(folding, checkpoints.served(folding.projection)));
      }
      await commit(client);
      return compared;
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw error;
    }
  }

  private async advance(folding: Folding, events: readonly RecordedEvent[], to: number): Promise<void> {
    const due = events.filter(({ position }) => position > folding.position && position <= to);
    const last = due.at(-1)?.position;
    if (last === undefined || folding.obstacle !== undefined) return;
    await this.client.query('savepoint view');
    try {
      await this.rows.apply(this.statements, folding, due);
    } catch (error) {
      // An event that no decision made may not fit into a row. The other views are compared all the same.
      if (!(error instanceof ProjectionFailure || isCausedByContent(error))) throw error;
      await this.client.query('rollback to savepoint view');
      folding.obstacle = error instanceof Error ? error.message : String(error);
    }
    folding.position = last;
  }

  /** The views may have moved since the beginning. */
  private async catchUp(checkpoints: Checkpoints): Promise<void> {
    for (;;) {
      const behind = this.foldings.filter(
        ({ projection, position, obstacle }) =>
          obstacle === undefined && position < (checkpoints.served(projection)?.position ?? 0),
      );
      if (behind.length === 0) return;
      const { rows } = await this.client.query<StoredEvent>({
        name: 'events-of-views',
        text: 'select position, envelope from events where position > $1 order by position limit $2',
        values: [Math.min(...behind.map(({ position }) => position)), EVENTS_PER_READ],
      });
      if (rows.length === 0) return;
      const events = this.read(rows, behind);
      for (const folding of behind) {
        await this.advance(folding, events, checkpoints.served(folding.projection)?.position ?? 0);
      }
      await this.rest();
    }
  }

  /** The events before the first one that this program does not know. No view can be compared beyond that event. */
  private read(stored: readonly StoredEvent[], foldings: readonly Folding[]): readonly RecordedEvent[] {
    const events: RecordedEvent[] = [];
    for (const event of stored) {
      try {
        events.push(this.reader.read(event));
      } catch (error) {
        for (const folding of foldings) folding.obstacle ??= error instanceof Error ? error.message : String(error);
        break;
      }
    }
    return events;
  }

  private async compareOne(
    { projection, position, obstacle }: Folding,
    served: CheckpointStatus | undefined,
  ): Promise<ComparedView | UncomparedView> {
    const { name, version } = projection;
    const { obstacle: problem = obstacle } = obstacleOf(projection, served);
    if (problem !== undefined) return { name, obstacle: problem };
    const at = served?.position ?? 0;
    const digest = new ViewDigest();
    const differences = new Differences();
    if (at !== position) {
      const [expected, found] = [String(position), String(at)];
      differences.add({ table: 'projections', id: name, column: 'position', expected, found });
    }
    for (const table of projection.tables) await this.compareTable(table, digest, differences);
    const { count: differentRows, first } = differences;
    return {
      name,
      version,
      position: at,
      rows: digest.rows,
      sha256: digest.sha256(),
      differentRows,
      differences: first,
    };
  }

  private async compareTable(table: string, digest: ViewDigest, differences: Differences): Promise<void> {
    const columns = await this.rows.columnsOf(this.statements, table);
    const [at, order] = [idAt(columns), orderOf(columns)];
    const given = rowPages(this.client, 'rows_given', { name: table + FOLDED, columns }, this.rest);
    const served = rowPages(this.client, 'rows_served', { name: table, columns }, this.rest);
    let [expected, found] = [await next(given), await next(served)];
    while (expected !== undefined || found !== undefined) {
      const side = sideOf(expected?.[at], found?.[at], order);
      if (side <= 0 && expected !== undefined) digest.add(table, columns, expected);
      if (side !== 0)
        differences.add({ table, ...rowOf(at, side < 0 ? expected : undefined, side > 0 ? found : undefined) });
      else differences.addColumn(table, columns, expected, found);
      if (side <= 0) expected = await next(given);
      if (side >= 0) found = await next(served);
    }
  }
}

/** Rows of another version are made by other rules. */
const obstacleOf = ({ version }: Projection, served: CheckpointStatus | undefined): Pick<Folding, 'obstacle'> =>
  served === undefined || served.version === version
    ? {}
    : { obstacle: `Its rows are of version ${served.version}, and this program makes version ${version}.` };

async function checkpointsOf(client: PoolClient): Promise<Checkpoints> {
  const { rows } = await client.query<CheckpointStatus>('select name, version, position, failure from projections');
  return new Checkpoints(rows);
}

const next = async (rows: AsyncGenerator<RowTexts>): Promise<RowTexts | undefined> => {
  const { done, value } = await rows.next();
  return done === true ? undefined : (value as RowTexts);
};

/** Negative: only the events give the row; positive: it is only served. */
function sideOf(
  given: string | null | undefined,
  served: string | null | undefined,
  order: (one: string, other: string) => number,
): number {
  if (typeof given !== 'string') return 1;
  return typeof served === 'string' ? order(given, served) : -1;
}

function rowOf(at: number, expected: RowTexts | undefined, found: RowTexts | undefined): Omit<RowDifference, 'table'> {
  const id = (expected ?? found)?.[at] ?? '';
  return {
    id,
    ...(expected && { expected: expected.map(String).join(' | ') }),
    ...(found && { found: found.map(String).join(' | ') }),
  };
}

/** Counts the different rows, and keeps the first of them. */
class Differences {
  readonly first: RowDifference[] = [];
  count = 0;

  add(difference: RowDifference): void {
    this.count += 1;
    if (this.first.length < DIFFERENCES_MAX) this.first.push(difference);
  }

  addColumn(table: string, columns: readonly Column[], expected: RowTexts = [], found: RowTexts = []): void {
    const at = columns.findIndex((_column, index) => expected[index] !== found[index]);
    if (at < 0) return;
    const difference = { column: columns[at]?.key ?? '', expected: expected[at] ?? null, found: found[at] ?? null };
    this.add({ table, id: expected[idAt(columns)] ?? '', ...difference });
  }
}
