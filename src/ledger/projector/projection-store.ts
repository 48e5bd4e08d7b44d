import type { Pool, PoolClient } from 'pg';
import type { RecordedEvent } from '../event.js';
import type { LeaderSession } from '../leadership.js';
import {
  BUILDING,
  Checkpoints,
  type Checkpoint,
  type CheckpointStatus,
  type ProjectionCopy,
} from './projection-copies.js';
import { builtTablesOf, compareTables, type ComparedTables } from './projection-digests.js';
import { RowWriter } from './projection-rows.js';
import { Statements } from './projection-statements.js';
import type { Projection } from './projection.js';
import { commit } from '../postgres/commit.js';

/** How long a switch waits for reads under way. New reads wait for the switch, so that it ends soon without effect and is tried again. */
const SWITCH_LOCK_MS_MAX = 100;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * `busy`: a read blocks the switch, or another instance was faster. `other-tables`: the built tables are not the compared ones. Nothing
 * has changed in both cases.
 */
export type SwitchOutcome = 'switched' | 'busy' | 'other-tables';

/** The rows and their checkpoints, in a database or in a simulation. */
export type RowStore = Pick<ProjectionStore, keyof ProjectionStore>;

/** A server that only serves reads: nothing is written there. */
export type ServedRows = Pick<RowStore, 'checkpoints'>;

/** The SQL of projections: checkpoints, loading and storing of rows, building a new version beside the old one. */
export class ProjectionStore {
  private readonly rows = new RowWriter();

  constructor(private readonly pool: Pool) {}

  /** `session`: the session in which the query runs, if that matters. */
  async checkpoints(session: Pool | LeaderSession = this.pool): Promise<Checkpoints> {
    const { rows } = await session.query<CheckpointStatus>('select name, version, position, failure from projections');
    return new Checkpoints(rows);
  }

  async register({ name, version }: Projection): Promise<void> {
    await this.pool.query('insert into projections (name, version) values ($1, $2) on conflict do nothing', [
      name,
      version,
    ]);
  }

  /**
   * Moves copies from one position to the position `to`, in one transaction: their rows and checkpoints change atomically. Returns the
   * copies that have moved; another leader has moved the others already.
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
      // Concurrently: the rows of one copy are made while the database works for another.
      const statements = new Statements(client);
      const applied = await Promise.allSettled(moved.map((copy) => this.rows.apply(statements, copy, events)));
      const failed = applied.find((outcome) => outcome.status === 'rejected');
      if (failed) throw failed.reason;
      return moved;
    });
  }

  /**
   * Notes, for all instances, why a copy has stopped at a checkpoint; null: nothing blocks it. The next move of the copy removes
   * the note. Returns true when the note is new, and false also when the copy has moved meanwhile, by a step whose answer was lost or
   * by another leader.
   */
  async fail({ name, version, position }: Checkpoint, failure: string | null): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `update projections set failure = $4
       where name = $1 and version = $2 and position = $3 and failure is distinct from $4`,
      [name, version, position, failure],
    );
    return rowCount === 1;
  }

  /** Makes empty tables beside the served ones. They start at position 0. */
  async startBuilding(projection: Projection): Promise<void> {
    await this.inTransaction(async (client) => {
      // Every transaction locks the checkpoint before the tables: the other order would cause deadlocks.
      await client.query(
        `insert into projections (name, version, position, building) values ($1, $2, 0, true)
         on conflict (name) do update set version = excluded.version, position = 0, failure = null`,
        [projection.name + BUILDING, projection.version],
      );
      for (const table of projection.tables) {
        // A function, because the role of the service does not own the tables.
        await client.query('select start_building_view($1)', [table]);
      }
    });
  }

  /**
   * Compares the served and the built rows of each table by a SHA-256 over each.
   * @returns undefined when both are not at one position and of one version, or when a rebuild was started again meanwhile
   */
  async digests(projection: Projection): Promise<ComparedTables | undefined> {
    return this.inTransaction(async (client) => {
      // All queries of the transaction see the same moment.
      await client.query('set transaction isolation level repeatable read, read only');
      const checkpoints = await this.checkpoints(client);
      const served = checkpoints.served(projection);
      const building = checkpoints.building(projection);
      if (served?.position !== building?.position || served?.version !== building?.version) return undefined;
      return compareTables(client, projection);
    });
  }

  /**
   * Replaces the served tables by the built ones. Readers see the old rows before and the new ones after.
   * @param compared identity of the tables that were compared; undefined if they need not be
   */
  async switchToBuilt(projection: Projection, position: number, compared?: string): Promise<SwitchOutcome> {
    try {
      return await this.inTransaction(
        (client) => this.exchange(client, projection, position, compared),
        (outcome) => outcome === 'switched',
      );
    } catch (error) {
      if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) return 'busy';
      throw error;
    }
  }

  private async exchange(
    client: PoolClient,
    projection: Projection,
    position: number,
    compared: string | undefined,
  ): Promise<SwitchOutcome> {
    await client.query(`set local lock_timeout = ${SWITCH_LOCK_MS_MAX}`);
    const { rowCount } = await client.query('delete from projections where name = $1 and position = $2', [
      projection.name + BUILDING,
      position,
    ]);
    if (rowCount !== 1) return 'busy';
    // Nobody can start a rebuild before this transaction ends, because that begins with the row that was deleted.
    if (compared !== undefined && (await builtTablesOf(client, projection)) !== compared) return 'other-tables';
    // Another leader may have moved the served rows meanwhile: a reader who has seen newer rows must not see older ones.
    const exchanged = await client.query(
      'update projections set version = $2, position = $3, failure = null, different_rows = 0 where name = $1 and position <= $3',
      [projection.name, projection.version, position],
    );
    if (exchanged.rowCount !== 1) return 'busy';
    for (const table of projection.tables) {
      await client.query('select serve_built_view($1)', [table]);
      this.rows.forget(table);
    }
    return 'switched';
  }

  /** @param isKept whether the transaction is committed with this result */
  private async inTransaction<Done>(
    work: (client: PoolClient) => Promise<Done>,
    isKept: (done: Done) => boolean = () => true,
  ): Promise<Done> {
    const client = await this.pool.connect();
    try {
      // The commit does not wait for the disk: rows that a crash takes are derived again.
      await client.query('begin; set local synchronous_commit = off');
      const done = await work(client);
      await (isKept(done) ? commit(client) : client.query('rollback'));
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
