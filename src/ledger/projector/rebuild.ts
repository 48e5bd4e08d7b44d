import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { REBUILD_LOCK } from '../advisory-locks.js';
import type { Comparison } from './comparisons.js';
import type { EventStore } from '../event-store.js';
import { KeptComparisons } from './kept-comparisons.js';
import { lead, type LeaderSession } from '../leadership.js';
import type { ProgressListener } from '../progress-listener.js';
import type { Projection } from './projection.js';
import { ProjectionStore } from './projection-store.js';
import type { Projector } from './projector.js';

/** How often a rebuild is looked at. */
const LOOK_MS = 100;
/** An instance that leads applies a batch within seconds; after a minute without one, none is working at this rebuild. */
const STALLED_MS_MAX = 60_000;

/** A rebuild that is impossible or was ended; the served rows are unchanged. */
export class RebuildFailure extends Error {
  override readonly name = 'RebuildFailure';
}

export interface RebuildParts {
  readonly pool: Pool;
  readonly store: EventStore;
  /** Once it is started it leads, unless a running service leads. */
  readonly projector: Pick<Projector, 'rebuild'>;
}

/**
 * Asks for rebuilds beside the instances that run. The instance that leads does the work; the request is the checkpoint of the copy that
 * is built, in the database. Sessions take turns, so that every comparison belongs to the rebuild of its caller.
 */
export class Rebuilds {
  private readonly rows: ProjectionStore;
  private readonly comparisons: KeptComparisons;
  private hasLostTurn = false;

  private constructor(
    private readonly parts: RebuildParts,
    private readonly turn: LeaderSession,
  ) {
    this.rows = new ProjectionStore(parts.pool);
    this.comparisons = new KeptComparisons(parts.pool);
    turn.once('end', () => (this.hasLostTurn = true));
  }

  /** @throws RebuildFailure while another session requests rebuilds */
  static async begin(parts: RebuildParts): Promise<Rebuilds> {
    const turn = await lead(parts.pool, REBUILD_LOCK);
    if (turn === undefined) throw new RebuildFailure('Another "ppp-ledger rebuild" is running on this database.');
    return new Rebuilds(parts, turn);
  }

  end(): void {
    this.turn.release(true);
  }

  /**
   * Instances of another version of the program ignore the request.
   * @throws RebuildFailure
   */
  async requireVersion(projection: Projection): Promise<void> {
    const served = (await this.rows.checkpoints()).served(projection);
    if (served === undefined || served.version === projection.version) return;
    throw new RebuildFailure(
      `The rows of "${projection.name}" are of version ${served.version}, and this program makes version ` +
        `${projection.version}: start the service with this program, and it rebuilds them.`,
    );
  }

  /**
   * Rebuilds the rows of a projection and waits until the rebuilt ones are served.
   * @returns the comparison with the rows that were served before; undefined when the instance that leads keeps no comparison
   * @throws RebuildFailure
   */
  async rebuild(projection: Projection, progress: ProgressListener): Promise<Comparison | undefined> {
    await this.comparisons.forget(projection.name);
    const size = await this.parts.store.head();
    progress.begin(size);
    try {
      const watching = new AbortController();
      const rebuilt = this.parts.projector.rebuild(projection.name).finally(() => watching.abort());
      await Promise.all([rebuilt, this.watch(projection, size, progress, watching.signal)]);
      progress.reached(size);
    } catch (error) {
      throw new RebuildFailure(error instanceof Error ? error.message : String(error), { cause: error });
    } finally {
      progress.end();
    }
    return this.comparisons.of(projection.name);
  }

  private async watch(
    projection: Projection,
    size: number,
    progress: ProgressListener,
    ended: AbortSignal,
  ): Promise<void> {
    let last = 0;
    let movedAt = performance.now();
    while (!ended.aborted) {
      const position = (await this.rows.checkpoints()).building(projection)?.position ?? last;
      if (position !== last) movedAt = performance.now();
      last = position;
      progress.reached(position);
      if (this.hasLostTurn) throw new Error('The connection to the database was lost.');
      // Near the end the copy waits for its comparison, or for a reader of the served rows; both may take long.
      if (position < size && performance.now() - movedAt > STALLED_MS_MAX)
        throw new Error(
          `No instance has moved the rebuilt rows of "${projection.name}" for ${STALLED_MS_MAX / 1_000} s.`,
        );
      await sleep(LOOK_MS, undefined, { signal: ended }).catch(() => undefined);
    }
  }
}
