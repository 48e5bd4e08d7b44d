import type { Pool, PoolClient, QueryConfig } from 'pg';
import type { RecordedEvent } from './event.js';
import type { LeaderSession } from './leadership.js';
import { BUILDING, Checkpoints, type Checkpoint, type ProjectionCopy, type Place } from './projection-copies.js';
import { Statements, columnwise, selection, upsertion, type Column } from './projection-statements.js';
import { Rows, type Projection, type RowRef } from './projection.js';

/** Rows in one statement; a batch with more is written in several. */
const ROWS_PER_STATEMENT_MAX = 5_000;

/** How long a switch waits for those who read. Everybody who wants to read waits behind it, so it rather tries again. */
const SWITCH_LOCK_MS_MAX = 100;
const LOCK_NOT_AVAILABLE = '55P03';
/** Longest that the digest of one table may take: nobody waits for it, but nothing takes for ever. */
const DIGEST_MS_MAX = 1_800_000;

/** SHA-256 over the rows of a table in the order of their ids, as it is served and as it was built; hexadecimal. */
export interface TableDigests {
  readonly table: string;
  readonly served: string;
  readonly built: string;
}

/** The SQL of projections: checkpoints, loading and storing of rows, building a new version beside the old one. */
export class ProjectionStore {
  private readonly columns = new Map<string, readonly Column[]>();

  constructor(private readonly pool: Pool) {}

  /** `session`: the one to ask in, if it matters which. */
  async checkpoints(session: Pool | LeaderSession = this.pool): Promise<Checkpoints> {
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
   * Moves copies that stand at the same place up to the position `to`, in one transaction: their rows and checkpoints change
   * together or not at all. Gives the copies that have moved; somebody else was faster with the others.
   * @throws ProjectionFailure when one of them cannot apply an event; none has moved then.
   */
  async apply(
    copies: readonly ProjectionCopy[],
    to: number,
    events: readonly RecordedEvent[],
  ): Promise<readonly ProjectionCopy[]> {
    return this.inTransaction(async (client) => {
      const { rows } = await client.query<{ name: string }>({
        name: 'move-checkpoints',
        text: `update projections p set position = $3, failure = null from unnest($1::text[], $4::int[]) as x (name, version)
               where p.name = x.name and p.version = x.version and p.position = $2 returning p.name`,
        values: [
          copies.map(({ name }) => name),
          copies[0]?.from,
          to,
          copies.map(({ projection }) => projection.version),
        ],
      });
      const names = new Set(rows.map(({ name }) => name));
      const moved = copies.filter(({ name }) => names.has(name));
      // At once: the rows of one copy are made while the database works for another.
      const statements = new Statements(client);
      const applied = await Promise.allSettled(moved.map((copy) => this.applyRows(statements, copy, events)));
      const failed = applied.find((outcome) => outcome.status === 'rejected');
      if (failed) throw failed.reason;
      return moved;
    });
  }

  /**
   * Notes why a projection does not go on from where it stands, for all instances to see, until it does; null: that nothing is in
   * its way. True when that is news, and false as well when it has gone on after all, by a step whose answer was lost or by
   * another leader.
   */
  async fail({ name, version, position }: Place, failure: string | null): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `update projections set failure = $4
       where name = $1 and version = $2 and position = $3 and failure is distinct from $4`,
      [name, version, position, failure],
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
   * Says of each table whether the rows that were built are those that are served, by a SHA-256 over each: to be asked when
   * both stand at one position and are of one version. Undefined when they do not, at the moment at which it looks.
   */
  async digests(projection: Projection): Promise<readonly TableDigests[] | undefined> {
    return this.inTransaction(async (client) => {
      // Everything that follows sees the same moment.
      await client.query('set transaction isolation level repeatable read, read only');
      await client.query(`set local statement_timeout = ${DIGEST_MS_MAX}`);
      const checkpoints = await this.checkpoints(client);
      const served = checkpoints.served(projection);
      const building = checkpoints.building(projection);
      if (served?.position !== building?.position || served?.version !== building?.version) return undefined;
      const digests: TableDigests[] = [];
      for (const table of projection.tables) {
        digests.push({
          table,
          served: await digestOf(client, table),
          built: await digestOf(client, `${table}${BUILDING}`),
        });
      }
      return digests;
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
    // Another leader may have moved the served rows on meanwhile: nobody who has seen them may see older ones.
    const exchanged = await client.query(
      'update projections set version = $2, position = $3, failure = null where name = $1 and position <= $3',
      [projection.name, projection.version, position],
    );
    if (exchanged.rowCount !== 1) return false;
    for (const table of projection.tables) {
      await client.query(`drop table ${table}`);
      await client.query(`alter table ${table}${BUILDING} rename to ${table}`);
      this.columns.delete(table);
    }
    return true;
  }

  /** Settles when no statement of the copy is left. */
  private async applyRows(statements: Statements, copy: ProjectionCopy, all: readonly RecordedEvent[]): Promise<void> {
    const { projection, suffix } = copy;
    const events = all.filter(({ type }) => copy.types.has(type));
    const touched = touchedIds(projection, events);
    const rows = new Rows(touched);
    for (const [table, ids] of touched) {
      const columns = await this.columnsOf(statements, table);
      for (const row of await statements.run(selection(table + suffix, columns), [[...ids]])) rows.load(table, row);
    }
    for (const event of events) {
      try {
        projection.apply(event, rows);
      } catch (error) {
        throw new ProjectionFailure(projection.name, event, error);
      }
    }
    const stored: Promise<unknown>[] = [];
    for (const [table, changed] of rows.changes()) {
      const columns = await this.columnsOf(statements, table);
      for (let start = 0; start < changed.length; start += ROWS_PER_STATEMENT_MAX) {
        const part = changed.slice(start, start + ROWS_PER_STATEMENT_MAX);
        stored.push(statements.run(upsertion(table + suffix, columns), columnwise(columns, part)));
      }
    }
    const outcomes = await Promise.allSettled(stored);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  private async columnsOf(statements: Statements, table: string): Promise<readonly Column[]> {
    const known = this.columns.get(table);
    if (known) return known;
    const rows = await statements.run(
      `select attname as key, format_type(atttypid, null) as type from pg_attribute
       where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
      [table],
    );
    const columns = rows.map(({ key, type }) => ({ name: `"${String(key)}"`, key: String(key), type: String(type) }));
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

/** Over the hashes of the rows, so that 32 bytes of each are held and not its text. */
async function digestOf(client: PoolClient, table: string): Promise<string> {
  const { rows } = await client.query<{ digest: string }>({
    text: `select encode(sha256(coalesce(string_agg(sha256(convert_to(t::text, 'UTF8')), '' order by id), '')), 'hex') as digest
           from ${table} t`,
    query_timeout: DIGEST_MS_MAX,
  } as QueryConfig);
  return rows[0]?.digest ?? '';
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
