import type { Pool } from 'pg';
import { Comparisons, type Comparison } from './comparisons.js';
import type { EventReader } from './event-reader.js';
import type { RecordedEvent, StoredEvent } from './event.js';
import type { EventStore } from './event-store.js';
import { lead, type LeaderSession } from './leadership.js';
import { monotonicTime, type MonotonicTime } from './monotonic-time.js';
import type { Projection } from './projection.js';
import {
  BUILDING,
  groupsOf,
  copyOf,
  checkpointAfter,
  type Checkpoint,
  type Checkpoints,
  type ProjectionCopy,
  type Place,
} from './projection-copies.js';
import { ProjectionFailure, type ProjectionStore } from './projection-store.js';
import { Refusal } from './refusal.js';
import { Notifier } from './notifier.js';

const BATCH_EVENTS_MAX = 1_000;
/** How soon events that another instance wrote are noticed. Those of this instance are noticed at once. */
const POLL_MS = 100;
/** Between two batches that were not full: what gathers meanwhile shares the statements and the commit of every projection. */
const PACE_MS = 50;
/** How soon another instance takes over when the leader is gone. */
const LEADER_RETRY_MS = 1_000;
/** How often a projection that has stopped is tried again. */
const FAILURE_RETRY_MS = 1_000;
/** How soon a switch is tried again that had to wait for somebody who reads for long. */
const SWITCH_RETRY_MS = 1_000;
/** How often a waiting reader looks at the checkpoint itself, for the case that another instance leads. */
const WAIT_POLL_MS = 20;
/** Any fixed number: whoever holds this session-level advisory lock moves the projections. */
const LEADER_LOCK = 7_236_001;

export interface ProjectionStatus {
  readonly name: string;
  readonly position: number;
  readonly failure?: string;
}

export interface ProjectorLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ProjectorOptions {
  /** Where readers read, if that is a standby. */
  readonly served?: ServedRows;
  readonly time?: MonotonicTime;
  /** Events that are read and applied at a time. */
  readonly batchEventsMax?: number;
}

/** The rows and how far they have come, wherever they are kept. */
export type RowStore = Pick<ProjectionStore, keyof ProjectionStore>;

/** All that is asked of those who only serve rows: nothing is ever written there. */
export type ServedRows = Pick<RowStore, 'checkpoints'>;

/** Makes a session of the pool the one that moves the projections, unless there is one. */
export const leadProjections = (pool: Pool): Promise<LeaderSession | undefined> => lead(pool, LEADER_LOCK);

/** Follows the log in order and keeps the rows of all projections in step. One instance leads at a time. */
export class Projector {
  private readonly stopping = new AbortController();
  /** When copies that stopped are tried again, in monotonic ms. */
  private readonly retryAt = new Map<string, number>();
  /** The session in which it leads, as long as it is known to last. */
  private leader: LeaderSession | undefined;
  /** How far this instance has moved the rows in that session; a server that crashes may take the last of it. */
  private positions = new Map<string, number>();
  /** Somebody waits for a position: what gathers is applied at once. */
  private readonly demand: Notifier;
  private following: Promise<void> | undefined;
  /** One batch that is read while the one before it is applied. */
  private ahead: { readonly from: number; readonly events: Promise<readonly StoredEvent[]> } | undefined;
  private looking: Promise<Checkpoints> | undefined;
  /** In the session in which it leads. */
  private readonly comparisons: Comparisons;
  private readonly served: ServedRows;
  private readonly time: MonotonicTime;
  private readonly batchEventsMax: number;

  constructor(
    private readonly lead: () => Promise<LeaderSession | undefined>,
    private readonly store: EventStore,
    private readonly reader: EventReader,
    private readonly rows: RowStore,
    private readonly projections: readonly Projection[],
    private readonly signal: Notifier,
    private readonly progress: Notifier,
    private readonly log: ProjectorLog,
    { served = rows, time = monotonicTime, batchEventsMax = BATCH_EVENTS_MAX }: ProjectorOptions = {},
  ) {
    this.served = served;
    this.time = time;
    this.batchEventsMax = batchEventsMax;
    this.demand = new Notifier(time);
    this.comparisons = new Comparisons(rows, {
      compared: (comparison) => this.report(comparison),
      failed: (building, error) => this.halt(building, error),
      settled: () => this.signal.notify(),
    });
  }

  async start(): Promise<void> {
    for (const projection of this.projections) await this.rows.register(projection);
    this.following = this.follow();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.following;
  }

  /** Where every projection stands and why it does not go on, whichever instance leads. */
  async status(): Promise<readonly ProjectionStatus[]> {
    const checkpoints = await this.rows.checkpoints();
    return this.projections.map((projection) => {
      const { name } = projection;
      const served = checkpoints.served(projection);
      const building = checkpoints.building(projection);
      // A rebuild of what is served anyway is the business of whoever asked for it.
      const isReplaced = served?.version !== projection.version;
      const failure = served?.failure ?? (isReplaced ? building?.failure : null);
      return { name, position: served?.position ?? 0, ...(failure && { failure }) };
    });
  }

  /**
   * Waits until the rows of a projection reflect a position, where they are read.
   * @throws Refusal (`unavailable`) when it takes longer than `timeoutMs`.
   */
  async reached(name: string, position: number, timeoutMs: number): Promise<void> {
    const projection = this.named(name);
    const deadline = this.time.now() + timeoutMs;
    while (this.movedTo(name) < position) {
      const since = this.progress.count;
      this.demand.notify();
      const reached = (await this.look()).served(projection)?.position ?? 0;
      if (reached >= position) return;
      if (this.time.now() >= deadline || this.stopping.signal.aborted) throw notReached(position, reached);
      await this.progress.wait(WAIT_POLL_MS, this.stopping.signal, since);
    }
  }

  /**
   * Builds the rows of a projection anew from position 1, beside those that are served, and then switches over.
   * @throws Error when an event stands in the way
   */
  async rebuild(name: string): Promise<void> {
    const projection = this.named(name);
    await this.rows.startBuilding(projection);
    this.signal.notify();
    for (;;) {
      const building = (await this.rows.checkpoints()).building(projection);
      if (!building) return;
      if (building.failure !== null) throw new Error(building.failure);
      if (this.stopping.signal.aborted) throw new Error(`Stopped before "${name}" was built anew; it will be.`);
      await this.progress.wait(WAIT_POLL_MS, this.stopping.signal);
    }
  }

  /** How far the rows that are read have certainly come. Without a session nobody would tell of a server that crashed. */
  private movedTo(name: string): number {
    if (this.served !== this.rows || !this.leader) return 0;
    return this.positions.get(name) ?? 0;
  }

  /** However many wait, one of them asks at a time. */
  private look(): Promise<Checkpoints> {
    this.looking ??= this.served.checkpoints().finally(() => (this.looking = undefined));
    return this.looking;
  }

  private named(name: string): Projection {
    const projection = this.projections.find((candidate) => candidate.name === name);
    if (!projection) throw new Error(`There is no projection "${name}".`);
    return projection;
  }

  private async follow(): Promise<void> {
    const { signal: stopping } = this.stopping;
    while (!stopping.aborted) {
      try {
        const leader = await this.lead();
        if (leader) await this.followAs(leader);
        else await this.pause(LEADER_RETRY_MS);
      } catch (error) {
        this.log.error({ err: error }, 'The projector lost its connection and starts again.');
        await this.pause(LEADER_RETRY_MS);
      }
    }
  }

  private async followAs(leader: LeaderSession): Promise<void> {
    const { signal: stopping } = this.stopping;
    // Another server may have taken over, or the same one be back, and hold less than before: what a batch that is still on its
    // way says of the old one must not count either.
    const forget = (): void => {
      this.positions = new Map();
      this.ahead = undefined;
      this.comparisons.clear();
    };
    forget();
    this.leader = leader;
    leader.once('end', () => {
      forget();
      if (this.leader === leader) this.leader = undefined;
    });
    try {
      while (!stopping.aborted) {
        const since = this.signal.count;
        const demands = this.demand.count;
        const events = await this.step(leader);
        if (events === 0) await this.signal.wait(POLL_MS, stopping, since);
        else if (events < this.batchEventsMax) await this.demand.wait(PACE_MS, stopping, demands);
      }
    } finally {
      // The lock goes with its session, so that a broken connection cannot keep it.
      leader.release(true);
    }
  }

  /** One batch for every copy. Gives the events of the largest one; 0 when there was nothing to apply. */
  private async step(leader: LeaderSession): Promise<number> {
    // Asked in the session that holds the lock: where it has been lost this fails, and with it the leadership. Two leaders
    // for the length of a step do no harm, since a checkpoint that has moved is never moved again from the same place.
    const copies = await this.copies(await this.rows.checkpoints(leader));
    // Each from where it stands, so that none waits for another that builds or has stopped; those that are furthest first,
    // so that what is built comes to stand no further behind than what is served.
    const places = [...new Set(copies.map(({ from }) => from))].sort((a, b) => b - a);
    let events = 0;
    for (const place of places) {
      const stored = await this.readFrom(place);
      const here = copies.filter(({ from }) => from === place);
      if (stored.length === 0) await this.clear(here);
      if (stored.length > 0 && (await this.advanceAll(here, stored))) events = Math.max(events, stored.length);
    }
    if (events > 0) this.progress.notify();
    return events;
  }

  /** At the head nothing is in the way, whatever was in that of another program or of a step that came through after all. */
  private async clear(copies: readonly ProjectionCopy[]): Promise<void> {
    for (const copy of copies) if (copy.hasStopped) await this.rows.fail(checkpointAfter(copy, []), null);
  }

  private async readFrom(place: number): Promise<readonly StoredEvent[]> {
    const known = this.ahead?.from === place ? this.ahead.events : undefined;
    if (known) this.ahead = undefined;
    const stored = await (known ?? this.store.readAll(place, this.batchEventsMax));
    const last = stored.at(-1)?.position;
    if (last !== undefined && stored.length === this.batchEventsMax) {
      const events = this.store.readAll(last, this.batchEventsMax);
      // Whoever comes to need them hears of it.
      events.catch(() => undefined);
      this.ahead = { from: last, events };
    }
    return stored;
  }

  private async copies(checkpoints: Checkpoints): Promise<readonly ProjectionCopy[]> {
    const copies = await Promise.all(this.projections.map((projection) => this.lanesOf(projection, checkpoints)));
    return copies.flat().filter(({ name }) => this.isDue(name));
  }

  /** The rows that are served, if they are of this version, and those that are being built, if any are. */
  private async lanesOf(projection: Projection, checkpoints: Checkpoints): Promise<readonly ProjectionCopy[]> {
    const { name, version } = projection;
    const served = checkpoints.served(projection);
    const building = checkpoints.building(projection);
    const isServed = served?.version === version;
    if (building?.version !== version) {
      // A switch that came through late may have taken what was compared.
      this.comparisons.forget(name + BUILDING);
      if (isServed) return [copyOf(projection, served)];
      if (this.isDue(name)) {
        const place = { name, version: served?.version ?? version, position: served?.position ?? 0 };
        await this.attempt(place, async () => {
          await this.rows.startBuilding(projection);
          // Rows of another version are no copy that could go on and show that nothing is in the way any more.
          await this.rows.fail(place, null);
        });
      }
      return [];
    }
    if (this.isDue(building.name)) {
      await this.attempt(building, () => this.switchWhenCaughtUp(projection, served, building));
    }
    return [...(isServed ? [copyOf(projection, served)] : []), copyOf(projection, building)];
  }

  private async switchWhenCaughtUp(
    projection: Projection,
    served: Checkpoint | undefined,
    building: Checkpoint,
  ): Promise<void> {
    const servedAt = served?.position ?? 0;
    if (building.position < servedAt) {
      // It may have been begun once more.
      this.comparisons.forget(building.name);
      return;
    }
    // Rows of an older version stand still meanwhile: those that are at most one batch behind are better.
    const isReplaced = served?.version !== projection.version;
    if (isReplaced && (await this.store.head()) - building.position > this.batchEventsMax) return;
    // Rows that have stopped behind cannot be compared with any.
    const isComparable = !isReplaced && building.position === servedAt;
    if (isComparable && !this.comparisons.isDone(projection, building)) return;
    if (await this.rows.switchToBuilt(projection, building.position)) {
      this.comparisons.forget(building.name);
      this.log.info(
        { projection: projection.name, position: building.position },
        'A projection was built anew and is served.',
      );
      this.progress.notify();
    } else this.retryAt.set(building.name, this.time.now() + SWITCH_RETRY_MS);
  }

  /** The same events give the same rows: where they do not, what was served was wrong, and everybody should know. */
  private report({ isSame, ...fields }: Comparison): void {
    if (isSame) this.log.info(fields, 'A projection was built anew, with the same rows.');
    else this.log.error(fields, 'A projection was built anew, and other rows were served until now.');
  }

  /** Applies what was read to copies that stand right before it. True when there was an event that can be read. */
  private async advanceAll(copies: readonly ProjectionCopy[], stored: readonly StoredEvent[]): Promise<boolean> {
    const { events, failure } = this.readable(stored);
    const advanced = await Promise.allSettled(groupsOf(copies).map((group) => this.advance(group, events)));
    const failed = advanced.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    if (failure !== undefined) for (const copy of copies) await this.halt(checkpointAfter(copy, events), failure);
    return events.length > 0;
  }

  /** The events up to the first that this program does not know: no projection may go past it. */
  private readable(stored: readonly StoredEvent[]): { events: readonly RecordedEvent[]; failure?: unknown } {
    const events: RecordedEvent[] = [];
    for (const event of stored) {
      try {
        events.push(this.reader.read(event));
      } catch (failure) {
        return { events, failure };
      }
    }
    return { events };
  }

  /** All copies at once; where that fails each by itself, so that one that cannot go on does not hold up the others. */
  private async advance(copies: readonly ProjectionCopy[], events: readonly RecordedEvent[]): Promise<void> {
    const to = events.at(-1)?.position;
    if (to === undefined || copies.length === 0) return;
    const { positions } = this;
    try {
      const moved = await this.rows.apply(copies, to, events);
      for (const { name } of moved) positions.set(name, to);
    } catch (error) {
      const [copy] = copies;
      if (copy && copies.length === 1) await this.advanceUpTo(copy, events, error);
      else for (const one of copies) await this.advance([one], events);
    }
  }

  /** Up to the event that the projection cannot apply. */
  private async advanceUpTo(copy: ProjectionCopy, events: readonly RecordedEvent[], error: unknown): Promise<void> {
    const { position: end = 0 } = error instanceof ProjectionFailure ? error.event : {};
    const before = events.filter(({ position }) => position < end);
    await this.advance([copy], before);
    await this.halt(checkpointAfter(copy, before), error);
  }

  private async attempt(place: Place, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.halt(place, error);
    }
  }

  /** Stops a copy, visibly and until it is tried again; an event is never skipped. The others go on. */
  private async halt(place: Place, error: unknown): Promise<void> {
    // Where the answer to a switch was lost there may be nothing left of what was compared, and other rows in its place.
    this.comparisons.forget(place.name);
    this.retryAt.set(place.name, this.time.now() + FAILURE_RETRY_MS);
    const isNews = await this.rows.fail(place, error instanceof Error ? error.message : String(error));
    if (isNews) {
      const fields = { err: error, projection: place.name };
      this.log.error(fields, 'A projection stopped; it is never skipped past an event.');
    }
  }

  /** Ends early when the program stops. */
  private pause(ms: number): Promise<void> {
    return new Notifier(this.time).wait(ms, this.stopping.signal);
  }

  private isDue(name: string): boolean {
    return (this.retryAt.get(name) ?? 0) <= this.time.now();
  }
}

export const notReached = (minPosition: number, position: number): Refusal =>
  new Refusal(
    'unavailable',
    'position-not-reached',
    `The view has not reached position ${minPosition} yet. Ask again in a moment.`,
    { position, minPosition },
  );
