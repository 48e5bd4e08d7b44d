import type { Pool } from 'pg';
import { PROJECTOR_LOCK } from '../advisory-locks.js';
import { BatchApplication } from './batch-application.js';
import { Comparisons, type Comparison } from './comparisons.js';
import type { EventReader } from '../event-reader.js';
import type { EventStore } from '../event-store.js';
import { LeaderTerm } from './leader-term.js';
import { lead, type LeaderSession } from '../leadership.js';
import { monotonicTime, type MonotonicTime } from '../monotonic-time.js';
import type { Notifier } from '../notifier.js';
import { copyOf, type CheckpointStatus, type Checkpoints, type ProjectionCopy } from './projection-copies.js';
import { ProjectionProgress, type ProjectionStatus } from './projection-progress.js';
import type { RowStore, ServedRows } from './projection-store.js';
import type { Projection } from './projection.js';
import { ReadAhead } from './read-ahead.js';
import { StoppedCopies } from './stopped-copies.js';
import { Worker, type Next, type WorkerLog } from '../worker.js';

/** Bounds the memory of a batch, and how long its transaction takes. */
const BATCH_EVENTS_MAX = 1_000;
/** Longest time until events of another instance are noticed. The events of this instance are notified. */
const POLL_MS = 100;
/** Pause between two batches that were not full: events that gather meanwhile share statements and commit of all projections. */
const PACE_MS = 50;
/** How soon another instance takes over when the leader is gone. */
const STAND_BY_MS = 1_000;
/** How soon a switch is tried again that a long read has blocked. */
const SWITCH_RETRY_MS = 1_000;

export interface ProjectorOptions {
  /** The store that readers read, if it is a standby. */
  readonly served?: ServedRows;
  readonly time?: MonotonicTime;
  /** Random number from 0 to below 1, for the jitter of retries. */
  readonly random?: () => number;
  /** Most events that are read and applied in one batch. */
  readonly batchEventsMax?: number;
  /** Keeps a comparison for the process that requested it. If it rejects, the comparison is made once more. */
  readonly keep?: (comparison: Comparison) => Promise<unknown>;
}

/** Lets a session of the pool move the projections, unless another session does. */
export const leadProjections = (pool: Pool): Promise<LeaderSession | undefined> => lead(pool, PROJECTOR_LOCK);

/** Follows the log in order and keeps the rows of all projections up to date. One instance leads at a time. */
export class Projector {
  private term: LeaderTerm | undefined;
  /** The last comparison of each projection on this instance. */
  private readonly findings = new Map<string, Comparison>();
  private readonly worker: Worker;
  private readonly stopped: StoppedCopies;
  private readonly batches: BatchApplication;
  private readonly readers: ProjectionProgress;
  private readonly batchEventsMax: number;
  private readonly keep: ProjectorOptions['keep'];

  constructor(
    private readonly lead: () => Promise<LeaderSession | undefined>,
    private readonly store: EventStore,
    reader: EventReader,
    private readonly rows: RowStore,
    private readonly projections: readonly Projection[],
    private readonly notifier: Notifier,
    private readonly progress: Notifier,
    private readonly log: WorkerLog,
    { served = rows, time = monotonicTime, random, batchEventsMax = BATCH_EVENTS_MAX, keep }: ProjectorOptions = {},
  ) {
    this.keep = keep;
    this.batchEventsMax = batchEventsMax;
    this.stopped = new StoppedCopies(rows, log, time);
    this.batches = new BatchApplication(reader, rows, this.stopped);
    const worker = new Worker({
      log,
      messages: {
        failed: 'The projector lost its connection and starts again.',
        recovered: 'The projector moves the rows again.',
      },
      notifier,
      pollMs: POLL_MS,
      paceMs: PACE_MS,
      standByMs: STAND_BY_MS,
      progress,
      time,
      ...(random && { random }),
      step: () => this.step(),
    });
    this.worker = worker;
    this.readers = new ProjectionProgress({
      rows,
      served,
      projections,
      progress,
      projector: {
        movedTo: (name) => this.movedTo(name),
        hurry: () => worker.hurry(),
        stopping: worker.stopping,
        failure: () => worker.failure,
      },
    });
  }

  async start(): Promise<void> {
    for (const projection of this.projections) await this.rows.register(projection);
    this.worker.start();
  }

  async stop(): Promise<void> {
    await this.worker.stop();
    this.term?.end();
    this.term = undefined;
  }

  /** Position and failure of each projection, whichever instance leads. */
  async status(): Promise<readonly ProjectionStatus[]> {
    return this.readers.status();
  }

  /**
   * Waits until the rows of a projection reflect a position, on the server that is read.
   * @throws Refusal (`unavailable`) when it takes longer than `timeoutMs`
   */
  async reached(name: string, position: number, timeoutMs: number): Promise<void> {
    await this.readers.reached(name, position, timeoutMs);
  }

  /**
   * Rebuilds the rows of a projection from position 1 beside the served rows, compares both, and serves the rebuilt rows.
   * @returns the comparison; undefined if another instance made it, or if the served rows could not be compared because they were of
   *   another version or had stopped
   * @throws Error when an event stops the rebuild, or when this instance stops first
   */
  async rebuild(name: string): Promise<Comparison | undefined> {
    const projection = this.readers.named(name);
    this.findings.delete(name);
    await this.rows.startBuilding(projection);
    this.notifier.notify();
    await this.readers.rebuilt(name);
    return this.findings.get(name);
  }

  /** 0 without a session: this instance would not learn that the server has crashed and lost rows. */
  private movedTo(name: string): number {
    if (!this.term || this.term.isOver) return 0;
    return this.term.positions.get(name) ?? 0;
  }

  private async step(): Promise<Next> {
    const term = (this.term ??= await this.takeOver());
    if (!term) return 'stand-by';
    try {
      const events = await this.moveAll(term);
      if (events === 0) return 'idle';
      return events < this.batchEventsMax ? 'pace' : 'continue';
    } catch (error) {
      this.term = undefined;
      term.end();
      throw error;
    }
  }

  private async takeOver(): Promise<LeaderTerm | undefined> {
    const session = await this.lead();
    if (!session) return undefined;
    const comparisons = new Comparisons(this.rows, {
      compared: async (comparison) => {
        await this.keep?.(comparison);
        this.report(comparison);
      },
      failed: (building, error) => this.stopped.stop(building, error),
      settled: () => this.notifier.notify(),
    });
    return new LeaderTerm(session, new ReadAhead(this.store, this.batchEventsMax), comparisons);
  }

  /** Moves every copy by one batch. Returns the events of the largest batch; 0 when there was nothing to apply. */
  private async moveAll(term: LeaderTerm): Promise<number> {
    // The query runs in the session that holds the lock: if the lock is lost the query fails, and the term ends. Two leaders during
    // one step do no harm, because a checkpoint moves only from the position that the step has read.
    const copies = await this.copies(term, await this.rows.checkpoints(term.session));
    // Each copy moves from its own position, so that none waits for a copy that is built or has stopped. The copies that are furthest
    // move first, so that a copy that is built ends no further behind than the served one.
    const positions = [...new Set(copies.map(({ from }) => from))].sort((a, b) => b - a);
    let events = 0;
    for (const position of positions) {
      const stored = await term.log.readAfter(position);
      const here = copies.filter(({ from }) => from === position);
      for (const [end, group] of byEnd(here, term.positions)) {
        const due = stored.filter((event) => event.position <= end);
        if (await this.batches.apply(group, due, term.positions)) events = Math.max(events, due.length);
      }
    }
    return events;
  }

  private async copies(term: LeaderTerm, checkpoints: Checkpoints): Promise<readonly ProjectionCopy[]> {
    const copies = await Promise.all(
      this.projections.map((projection) => this.copiesOf(term, projection, checkpoints)),
    );
    return copies.flat().filter(({ name }) => this.stopped.isDue(name));
  }

  /** The served copy, if it is of this version, and the copy that is built, if there is one. */
  private async copiesOf(
    term: LeaderTerm,
    projection: Projection,
    checkpoints: Checkpoints,
  ): Promise<readonly ProjectionCopy[]> {
    const { name, version } = projection;
    const served = checkpoints.served(projection);
    const building = checkpoints.building(projection);
    const isServed = served?.version === version;
    if (building?.version !== version) {
      if (isServed) return [copyOf(projection, served)];
      if (this.stopped.isDue(name)) await this.replace(projection, served);
      return [];
    }
    if (this.stopped.isDue(building.name)) {
      await this.stopped.attempt(building, () => this.switchWhenCaughtUp(term, projection, served, building));
    }
    if (!isServed) return [copyOf(projection, building)];
    // Served rows that have stopped cannot be compared: rebuilt rows do not wait for them.
    const follows = served.failure === null ? { servedAt: served.position } : {};
    return [copyOf(projection, served), { ...copyOf(projection, building), ...follows }];
  }

  /** Begins to build this version beside served rows of another version. */
  private async replace(projection: Projection, served: CheckpointStatus | undefined): Promise<void> {
    const { name, version } = projection;
    const checkpoint = { name, version: served?.version ?? version, position: served?.position ?? 0 };
    await this.stopped.attempt(checkpoint, async () => {
      await this.rows.startBuilding(projection);
      // Rows of another version do not move any more, and so could never show that nothing blocks them.
      await this.rows.fail(checkpoint, null);
    });
  }

  private async switchWhenCaughtUp(
    { comparisons }: LeaderTerm,
    projection: Projection,
    served: CheckpointStatus | undefined,
    building: CheckpointStatus,
  ): Promise<void> {
    const servedAt = served?.position ?? 0;
    if (building.position < servedAt) return;
    // Rows of another version do not move: rows of this version are better as soon as they are at most one batch behind the head.
    const isReplaced = served?.version !== projection.version;
    if (isReplaced && (await this.store.head()) - building.position > this.batchEventsMax) return;
    // Served rows that have stopped at an earlier position cannot be compared.
    const isComparable = !isReplaced && building.position === servedAt;
    const compared = isComparable ? comparisons.comparedTables(projection, building) : undefined;
    if (isComparable && compared === undefined) return;
    const outcome = await this.rows.switchToBuilt(projection, building.position, compared);
    if (outcome === 'busy') return this.stopped.postpone(building.name, SWITCH_RETRY_MS);
    comparisons.forget(building.name);
    if (outcome === 'other-tables') return this.notifier.notify();
    this.log.info(
      { projection: projection.name, position: building.position },
      'A projection was rebuilt, and the rebuilt rows are served.',
    );
    this.progress.notify();
  }

  /** The same events make the same rows: if the rows differ, the served ones were wrong, and an operator must know. */
  private report(comparison: Comparison): void {
    const { isSame, ...fields } = comparison;
    this.findings.set(comparison.projection, comparison);
    if (isSame) this.log.info(fields, 'A projection was rebuilt, with the same rows.');
    else this.log.error(fields, 'A projection was rebuilt, and other rows were served until now.');
  }
}

/**
 * Rebuilt rows go no further than the served rows, which have moved before in the same step: only at one position can both be compared.
 * Under load, rebuilt rows that read later would read more events, and would be past the served rows each time.
 */
function byEnd(
  copies: readonly ProjectionCopy[],
  positions: ReadonlyMap<string, number>,
): ReadonlyMap<number, readonly ProjectionCopy[]> {
  const groups = new Map<number, ProjectionCopy[]>();
  for (const copy of copies) {
    const { projection, from, servedAt } = copy;
    const isBehind = servedAt !== undefined && servedAt > from;
    const end = isBehind ? Math.max(servedAt, positions.get(projection.name) ?? 0) : Infinity;
    groups.set(end, [...(groups.get(end) ?? []), copy]);
  }
  return groups;
}
