import type { Pool, PoolClient } from 'pg';
import type { RecordedEvent } from './event.js';
import { Rows, type Projection, type Row, type RowRef } from './projection.js';

/** Rows in one statement; a batch with more is written in several. */
const ROWS_PER_STATEMENT_MAX = 5_000;

/** Suffix of the tables in which a new version is built beside the served one. */
const BUILDING = '__building';

/** How long a switch waits for those who read. Everybody who wants to read waits behind it, so it rather tries again. */
const SWITCH_LOCK_MS_MAX = 100;
const LOCK_NOT_AVAILABLE = '55P03';

export interface Checkpoint {
  readonly name: string;
  readonly version: number;
  readonly position: number;
  /** Why it does not go on; null while it does. */
  readonly failure: string | null;
}

/** The checkpoints of all projections, as they were at one moment. */
export class Checkpoints {
  private readonly byName: ReadonlyMap<string, Checkpoint>;

  constructor(rows: readonly Checkpoint[]) {
    this.byName = new Map(rows.map((row) => [row.name, row]));
  }

  /** The rows that are read. */
  served({ name }: Projection): Checkpoint | undefined {
    return this.byName.get(name);
  }

  /** The rows that are being built beside them. */
  building({ name }: Projection): Checkpoint | undefined {
    return this.byName.get(name + BUILDING);
  }
}

/** A projection's rows, those served or those being built, and how far they have come. */
export interface Lane {
  readonly projection: Projection;
  readonly name: string;
  readonly suffix: string;
  readonly types: ReadonlySet<string>;
  readonly from: number;
}

export function laneOf(projection: Projection, { name, position }: Checkpoint): Lane {
  const suffix = name === projection.name ? '' : BUILDING;
  return { projection, name, suffix, types: new Set(projection.types), from: position };
}

/** The SQL of projections: checkpoints, loading and storing of rows, building a new version beside the old one. */
export class ProjectionStore {
  private readonly columns = new Map<string, readonly string[]>();

  constructor(private readonly pool: Pool) {}

  /** `session`: the one to ask in, if it matters which. */
  async checkpoints(session: Pool | PoolClient = this.pool): Promise<Checkpoints> {
    const { rows } = await session.query<Checkpoint>('select name, version, position, failure from projections');
    return new Checkpoints(rows);
  }

  async register({ name, version }: Projection): Promise<void> {
    await this.pool.query('insert into projections (name, version) values ($1, $2) on conflict do nothing', [
      name,
      version,
    ]);
  }

  /**
   * Moves lanes that stand at the same place up to the position `to`, in one transaction: their rows and checkpoints change
   * together or not at all. Gives the lanes that have moved; somebody else was faster with the others.
   * @throws ProjectionFailure when one of them cannot apply an event; none has moved then.
   */
  async apply(lanes: readonly Lane[], to: number, events: readonly RecordedEvent[]): Promise<readonly Lane[]> {
    return this.inTransaction(async (client) => {
      const { rows } = await client.query<{ name: string }>({
        name: 'move-checkpoints',
        text: `update projections p set position = $3, failure = null from unnest($1::text[], $4::int[]) as x (name, version)
               where p.name = x.name and p.version = x.version and p.position = $2 returning p.name`,
        values: [lanes.map(({ name }) => name), lanes[0]?.from, to, lanes.map(({ projection }) => projection.version)],
      });
      const names = new Set(rows.map(({ name }) => name));
      const moved = lanes.filter(({ name }) => names.has(name));
      for (const lane of moved) {
        const mine = events.filter(({ type }) => lane.types.has(type));
        if (mine.length > 0) await this.applyRows(client, lane, mine);
      }
      return moved;
    });
  }

  /** Notes why a projection does not go on, for all instances to see, until it does. True when that is news. */
  async fail(name: string, failure: string): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      'update projections set failure = $2 where name = $1 and failure is distinct from $2',
      [name, failure],
    );
    return rowCount === 1;
  }

  /** Empty tables beside the served ones, for a version that starts from the beginning. */
  async startBuilding(projection: Projection): Promise<void> {
    await this.inTransaction(async (client) => {
      // The checkpoint before the tables, here and everywhere: whoever takes them the other way round meets a deadlock.
      await client.query(
        `insert into projections (name, version, position, building) values ($1, $2, 0, true)
         on conflict (name) do update set version = excluded.version, position = 0, failure = null`,
        [projection.name + BUILDING, projection.version],
      );
      for (const table of projection.tables) {
        await client.query(`drop table if exists ${table}${BUILDING}`);
        await client.query(`create table ${table}${BUILDING} (like ${table} including all)`);
      }
      return true;
    });
  }

  /**
   * Puts the built tables in the place of the served ones. Readers see the old rows before and the new ones after. False
   * when it has to be tried again: somebody else was faster, or is reading for longer than readers can be kept waiting.
   */
  async switchToBuilt(projection: Projection, position: number): Promise<boolean> {
    try {
      return await this.inTransaction((client) => this.exchange(client, projection, position));
    } catch (error) {
      if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) return false;
      throw error;
    }
  }

  private async exchange(client: PoolClient, projection: Projection, position: number): Promise<boolean> {
    await client.query(`set local lock_timeout = ${SWITCH_LOCK_MS_MAX}`);
    const { rowCount } = await client.query('delete from projections where name = $1 and position = $2', [
      projection.name + BUILDING,
      position,
    ]);
    if (rowCount !== 1) return false;
    await client.query('update projections set version = $2, position = $3, failure = null where name = $1', [
      projection.name,
      projection.version,
      position,
    ]);
    for (const table of projection.tables) {
      await client.query(`drop table ${table}`);
      await client.query(`alter table ${table}${BUILDING} rename to ${table}`);
      this.columns.delete(table);
    }
    return true;
  }

  private async applyRows(client: PoolClient, lane: Lane, events: readonly RecordedEvent[]): Promise<void> {
    const { projection, suffix } = lane;
    const touched = touchedIds(projection, events);
    const rows = new Rows(touched);
    for (const [table, ids] of touched) {
      const loaded = await client.query<Row>(`select * from ${table}${suffix} where id = any ($1)`, [[...ids]]);
      for (const row of loaded.rows) rows.load(table, row);
    }
    for (const event of events) {
      try {
        projection.apply(event, rows);
      } catch (error) {
        throw new ProjectionFailure(projection.name, event, error);
      }
    }
    for (const [table, changed] of rows.changes()) {
      for (let start = 0; start < changed.length; start += ROWS_PER_STATEMENT_MAX) {
        await this.upsert(client, table, suffix, changed.slice(start, start + ROWS_PER_STATEMENT_MAX));
      }
    }
  }

  private async upsert(client: PoolClient, table: string, suffix: string, rows: readonly Row[]): Promise<void> {
    const columns = await this.columnsOf(client, table);
    const list = columns.join(', ');
    const updates = columns.filter((column) => column !== 'id').map((column) => `${column} = excluded.${column}`);
    await client.query(
      `insert into ${table}${suffix} (${list})
       select ${list} from jsonb_populate_recordset(null::${table}, $1::jsonb)
       on conflict (id) do update set ${updates.join(', ')}`,
      [JSON.stringify(rows)],
    );
  }

  private async columnsOf(client: PoolClient, table: string): Promise<readonly string[]> {
    const known = this.columns.get(table);
    if (known) return known;
    const { rows } = await client.query<{ name: string }>(
      `select attname as name from pg_attribute
       where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
      [table],
    );
    const columns = rows.map((row) => `"${row.name}"`);
    this.columns.set(table, columns);
    return columns;
  }

  /** `work` gives false when there turned out to be nothing to keep. */
  private async inTransaction<Done>(work: (client: PoolClient) => Promise<Done>): Promise<Done> {
    const client = await this.pool.connect();
    try {
      // Rows can be derived again, so a crash may take the last of them: their commit need not wait for the disk.
      await client.query('begin; set local synchronous_commit = off');
      const done = await work(client);
      await client.query(done === false ? 'rollback' : 'commit');
      client.release();
      return done;
    } catch (error) {
      await client.query('rollback').then(
        () => client.release(),
        (broken: Error) => client.release(broken),
      );
      throw error;
    }
  }
}

/** An event that a projection could not apply: it stops there, visibly, until the program is mended. */
export class ProjectionFailure extends Error {
  constructor(
    readonly projection: string,
    readonly event: RecordedEvent,
    override readonly cause: unknown,
  ) {
    super(`Projection ${projection} stopped at position ${event.position} (${event.type}): ${String(cause)}`);
  }
}

function touchedIds(projection: Projection, events: readonly RecordedEvent[]): Map<string, Set<string>> {
  const touched = new Map<string, Set<string>>();
  for (const event of events) {
    for (const { table, id } of touchesOf(projection, event)) {
      let ids = touched.get(table);
      if (!ids) touched.set(table, (ids = new Set()));
      ids.add(id);
    }
  }
  return touched;
}

function touchesOf(projection: Projection, event: RecordedEvent): readonly RowRef[] {
  try {
    return projection.touches(event);
  } catch (error) {
    throw new ProjectionFailure(projection.name, event, error);
  }
}
