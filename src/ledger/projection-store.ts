import type { Pool, PoolClient } from 'pg';
import type { RecordedEvent } from './event.js';
import { Rows, type Projection, type Row } from './projection.js';

/** Rows in one statement; a batch with more is written in several. */
const ROWS_PER_STATEMENT_MAX = 5_000;

/** Suffix of the tables in which a new version is built beside the served one. */
const BUILDING = '__building';

export interface Checkpoint {
  readonly version: number;
  readonly position: number;
}

/** The SQL of projections: checkpoints, loading and storing of rows, building a new version beside the old one. */
export class ProjectionStore {
  private readonly columns = new Map<string, readonly string[]>();

  constructor(private readonly pool: Pool) {}

  /** Served and building checkpoints of a projection. */
  async checkpoints({ name }: Projection): Promise<{ served?: Checkpoint; building?: Checkpoint }> {
    const { rows } = await this.pool.query<Checkpoint & { name: string }>(
      'select name, version, position from projections where name = any ($1)',
      [[name, name + BUILDING]],
    );
    const find = (wanted: string) => rows.find((row) => row.name === wanted);
    const served = find(name);
    const building = find(name + BUILDING);
    return { ...(served && { served }), ...(building && { building }) };
  }

  async register({ name, version }: Projection): Promise<void> {
    await this.pool.query('insert into projections (name, version) values ($1, $2) on conflict do nothing', [
      name,
      version,
    ]);
  }

  /** Applies a batch: rows and checkpoint change together or not at all. False when somebody else was faster. */
  async apply(
    projection: Projection,
    building: boolean,
    from: number,
    to: number,
    events: readonly RecordedEvent[],
  ): Promise<boolean> {
    return this.inTransaction(async (client) => {
      const name = building ? projection.name + BUILDING : projection.name;
      const { rowCount } = await client.query(
        'update projections set position = $3 where name = $1 and position = $2 and version = $4',
        [name, from, to, projection.version],
      );
      if (rowCount !== 1) return false;
      if (events.length > 0) await this.applyRows(client, projection, building, events);
      return true;
    });
  }

  /** Empty tables beside the served ones, for a version that starts from the beginning. */
  async startBuilding(projection: Projection): Promise<void> {
    await this.inTransaction(async (client) => {
      for (const table of projection.tables) {
        await client.query(`drop table if exists ${table}${BUILDING}`);
        await client.query(`create table ${table}${BUILDING} (like ${table} including all)`);
      }
      await client.query(
        `insert into projections (name, version, position, building) values ($1, $2, 0, true)
         on conflict (name) do update set version = excluded.version, position = 0`,
        [projection.name + BUILDING, projection.version],
      );
      return true;
    });
  }

  /** Puts the built tables in the place of the served ones. Readers see the old rows before and the new ones after. */
  async switchToBuilt(projection: Projection, position: number): Promise<boolean> {
    return this.inTransaction(async (client) => {
      const { rowCount } = await client.query('delete from projections where name = $1 and position = $2', [
        projection.name + BUILDING,
        position,
      ]);
      if (rowCount !== 1) return false;
      for (const table of projection.tables) {
        await client.query(`drop table ${table}`);
        await client.query(`alter table ${table}${BUILDING} rename to ${table}`);
        this.columns.delete(table);
      }
      await client.query('update projections set version = $2, position = $3 where name = $1', [
        projection.name,
        projection.version,
        position,
      ]);
      return true;
    });
  }

  private async applyRows(
    client: PoolClient,
    projection: Projection,
    building: boolean,
    events: readonly RecordedEvent[],
  ): Promise<void> {
    const suffix = building ? BUILDING : '';
    const rows = new Rows();
    for (const [table, ids] of touchedIds(projection, events)) {
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

  private async inTransaction(work: (client: PoolClient) => Promise<boolean>): Promise<boolean> {
    const client = await this.pool.connect();
    try {
      // Rows can be derived again, so a crash may take the last of them: their commit need not wait for the disk.
      await client.query('begin; set local synchronous_commit = off');
      const done = await work(client);
      await client.query(done ? 'commit' : 'rollback');
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
    for (const { table, id } of projection.touches(event)) {
      let ids = touched.get(table);
      if (!ids) touched.set(table, (ids = new Set()));
      ids.add(id);
    }
  }
  return touched;
}
