import type { Pool, PoolClient } from 'pg';
import type { EventReader } from './event-reader.js';
import type { RecordedEvent } from './event.js';
import type { EventStore } from './event-store.js';
import type { Projection } from './projection.js';
import type { Checkpoint, ProjectionStore } from './projection-store.js';
import { Refusal } from './refusal.js';
import type { LedgerSignal } from './signal.js';

const BATCH_EVENTS_MAX = 1_000;
/** How soon events that another instance wrote are noticed. Those of this instance are noticed at once. */
const POLL_MS = 100;
const LEADER_RETRY_MS = 1_000;
const FAILURE_RETRY_MS = 5_000;
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

/** Follows the log in order and keeps the rows of all projections in step. One instance leads at a time. */
export class Projector {
  private readonly stopping = new AbortController();
  private readonly failures = new Map<string, string>();
  private readonly positions = new Map<string, number>();
  private following: Promise<void> | undefined;

  constructor(
    private readonly pool: Pool,
    private readonly store: EventStore,
    private readonly reader: EventReader,
    private readonly rows: ProjectionStore,
    private readonly projections: readonly Projection[],
    private readonly signal: LedgerSignal,
    private readonly progress: LedgerSignal,
    private readonly log: ProjectorLog,
  ) {}

  async start(): Promise<void> {
    for (const projection of this.projections) await this.rows.register(projection);
    this.following = this.follow();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.following;
  }

  /** Where every projection stands, as the database has it. */
  async status(): Promise<readonly ProjectionStatus[]> {
    return Promise.all(
      this.projections.map(async (projection) => {
        const { served } = await this.rows.checkpoints(projection);
        const failure = this.failures.get(projection.name);
        return { name: projection.name, position: served?.position ?? 0, ...(failure && { failure }) };
      }),
    );
  }

  /**
   * Waits until the rows of a projection reflect a position.
   * @throws Refusal (`unavailable`) when it takes longer than `timeoutMs`.
   */
  async reached(name: string, position: number, timeoutMs: number): Promise<void> {
    const projection = this.projections.find((candidate) => candidate.name === name);
    if (!projection) throw new Error(`There is no projection "${name}".`);
    const deadline = Date.now() + timeoutMs;
    while ((this.positions.get(name) ?? 0) < position) {
      const { served } = await this.rows.checkpoints(projection);
      if (served && served.position >= position) return;
      if (Date.now() >= deadline) {
        throw new Refusal(
          'unavailable',
          'position-not-reached',
          `The view has not reached position ${position} yet. Ask again in a moment.`,
          {
            position: served?.position ?? 0,
            minPosition: position,
          },
        );
      }
      await this.progress.wait(WAIT_POLL_MS, this.stopping.signal);
    }
  }

  /** Builds the rows of a projection anew from position 1, beside those that are served, and then switches over. */
  async rebuild(name: string): Promise<void> {
    const projection = this.projections.find((candidate) => candidate.name === name);
    if (!projection) throw new Error(`There is no projection "${name}".`);
    await this.rows.startBuilding(projection);
    this.signal.notify();
    while (!this.stopping.signal.aborted) {
      const { building } = await this.rows.checkpoints(projection);
      if (!building) return;
      await this.progress.wait(WAIT_POLL_MS, this.stopping.signal);
    }
  }

  private async follow(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        const leader = await this.lead();
        if (!leader) {
          await this.signal.wait(LEADER_RETRY_MS, this.stopping.signal);
          continue;
        }
        try {
          await this.followAsLeader();
        } finally {
          // The lock goes with its session, so that a broken connection cannot keep it.
          leader.release(true);
        }
      } catch (error) {
        this.log.error({ err: error }, 'The projector lost its connection and starts again.');
        await this.signal.wait(LEADER_RETRY_MS, this.stopping.signal);
      }
    }
  }

  private async lead(): Promise<PoolClient | undefined> {
    const client = await this.pool.connect();
    try {
      const { rows } = await client.query<{ leads: boolean }>('select pg_try_advisory_lock($1) as leads', [
        LEADER_LOCK,
      ]);
      if (rows[0]?.leads) {
        // A session that ends takes the lock along; the loop notices with its next statement.
        client.on('error', () => undefined);
        return client;
      }
      client.release();
      return undefined;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  private async followAsLeader(): Promise<void> {
    let retryFailuresAt = 0;
    while (!this.stopping.signal.aborted) {
      if (Date.now() >= retryFailuresAt) {
        retryFailuresAt = Date.now() + FAILURE_RETRY_MS;
        this.failures.clear();
      }
      const moved = await this.step();
      if (!moved) await this.signal.wait(POLL_MS, this.stopping.signal);
    }
  }

  /** One batch for every projection that is not up to date. */
  private async step(): Promise<boolean> {
    const lanes: { projection: Projection; building: boolean; from: number }[] = [];
    for (const projection of this.projections) {
      if (this.failures.has(projection.name)) continue;
      const { served, building } = await this.rows.checkpoints(projection);
      if (served?.version === projection.version) lanes.push({ projection, building: false, from: served.position });
      else if (building?.version !== projection.version) await this.rows.startBuilding(projection);
      if (building?.version === projection.version) {
        lanes.push({ projection, building: true, from: building.position });
        await this.switchWhenCaughtUp(projection, served, building);
      }
    }
    const from = Math.min(...lanes.map((lane) => lane.from));
    const stored = lanes.length > 0 ? await this.store.readAll(from, BATCH_EVENTS_MAX) : [];
    if (stored.length === 0) return false;
    const events = stored.map((event) => this.reader.read(event));
    await Promise.all(lanes.map((lane) => this.advance(lane, events)));
    this.progress.notify();
    return true;
  }

  private async switchWhenCaughtUp(
    projection: Projection,
    served: Checkpoint | undefined,
    building: Checkpoint,
  ): Promise<void> {
    const target = served?.version === projection.version ? served.position : await this.store.head();
    if (building.position < target) return;
    if (await this.rows.switchToBuilt(projection, building.position)) {
      this.log.info(
        { projection: projection.name, position: building.position },
        'A projection was built anew and is served.',
      );
      this.progress.notify();
    }
  }

  private async advance(
    { projection, building, from }: { projection: Projection; building: boolean; from: number },
    events: readonly RecordedEvent[],
  ): Promise<void> {
    const to = events.at(-1)?.position ?? from;
    if (to <= from) return;
    const wanted = new Set(projection.types);
    const mine = events.filter((event) => event.position > from && wanted.has(event.type));
    try {
      const moved = await this.rows.apply(projection, building, from, to, mine);
      if (moved && !building) this.positions.set(projection.name, to);
    } catch (error) {
      this.failures.set(projection.name, String(error));
      this.log.error(
        { err: error, projection: projection.name },
        'A projection stopped; it is never skipped past an event.',
      );
    }
  }
}
