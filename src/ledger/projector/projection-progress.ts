import type { Notifier } from '../notifier.js';
import type { Checkpoints } from './projection-copies.js';
import type { RowStore, ServedRows } from './projection-store.js';
import type { Projection } from './projection.js';
import { Refusal } from '../refusal.js';

/** How often a waiting reader looks at the checkpoint, because another instance may lead. */
const POLL_MS = 20;

export interface ProjectionStatus {
  readonly name: string;
  readonly position: number;
  readonly failure?: string;
}

/** What the readers need from the projector of their instance. */
export interface ProjectorView {
  /** Last position up to which the primary certainly has the rows; 0 if this instance does not know. */
  movedTo(name: string): number;
  /** Somebody waits: the events that gather are applied immediately. */
  hurry(): void;
  readonly stopping: AbortSignal;
  /** Why this instance, if it leads, cannot move any rows. */
  failure(): string | undefined;
}

export interface ProgressOptions {
  /** The store in which the checkpoints are written. */
  readonly rows: RowStore;
  /** The store that readers read: the same, or a standby. */
  readonly served: ServedRows;
  readonly projections: readonly Projection[];
  /** Notified when rows have moved. */
  readonly progress: Notifier;
  readonly projector: ProjectorView;
}

/** Progress of the rows, for callers that read them or wait for them. */
export class ProjectionProgress {
  private looking: Promise<Checkpoints> | undefined;

  constructor(private readonly options: ProgressOptions) {}

  /** Position and failure of each projection, the same on every instance. */
  async status(): Promise<readonly ProjectionStatus[]> {
    const { rows, projections, projector } = this.options;
    const checkpoints = await rows.checkpoints();
    return projections.map((projection) => {
      const { name } = projection;
      const served = checkpoints.served(projection);
      const building = checkpoints.building(projection);
      // A rebuild of the version that is served concerns only its caller.
      const isReplaced = served?.version !== projection.version;
      const failure = served?.failure ?? (isReplaced ? building?.failure : null) ?? projector.failure();
      return { name, position: served?.position ?? 0, ...(failure && { failure }) };
    });
  }

  /**
   * Waits until the rows of a projection reflect a position, on the server that is read.
   * @throws Refusal (`unavailable`) when it takes longer than `timeoutMs`
   */
  async reached(name: string, position: number, timeoutMs: number): Promise<void> {
    const { progress, projector } = this.options;
    const projection = this.named(name);
    let servedAt = 0;
    const look = async (): Promise<true | undefined> => {
      if (this.movedTo(name) >= position) return true;
      projector.hurry();
      servedAt = (await this.look()).served(projection)?.position ?? 0;
      return servedAt >= position ? true : undefined;
    };
    const { stopping } = projector;
    const isReached = await progress.until(look, { timeoutMs, pollMs: POLL_MS, stopping });
    if (isReached === undefined) throw notReached(position, servedAt);
  }

  /**
   * Waits until the rebuilt rows of a projection are served.
   * @throws Error when an event stops the rebuild, or when this instance stops first
   */
  async rebuilt(name: string): Promise<void> {
    const { rows, progress, projector } = this.options;
    const projection = this.named(name);
    const look = async (): Promise<true | undefined> => {
      const building = (await rows.checkpoints()).building(projection);
      if (!building) return true;
      if (building.failure !== null) throw new Error(building.failure);
      return undefined;
    };
    const { stopping } = projector;
    // A long history takes long: the rebuild itself has no limit.
    const isRebuilt = await progress.until(look, { timeoutMs: Infinity, pollMs: POLL_MS, stopping });
    if (isRebuilt === undefined) {
      throw new Error(`This instance stopped before "${name}" was rebuilt. The next leader continues the rebuild.`);
    }
  }

  /** @throws Error for an unknown name */
  named(name: string): Projection {
    const projection = this.options.projections.find((candidate) => candidate.name === name);
    if (!projection) throw new Error(`There is no projection "${name}".`);
    return projection;
  }

  /** A standby may be behind the primary, so that only a look at it counts. */
  private movedTo(name: string): number {
    const { rows, served, projector } = this.options;
    return served === rows ? projector.movedTo(name) : 0;
  }

  /** Concurrent callers share one query. */
  private look(): Promise<Checkpoints> {
    this.looking ??= this.options.served.checkpoints().finally(() => (this.looking = undefined));
    return this.looking;
  }
}

export const notReached = (minPosition: number, position: number): Refusal =>
  new Refusal(
    'unavailable',
    'position-not-reached',
    `The view has not reached position ${minPosition} yet. Ask again in a moment.`,
    { position, minPosition },
  );
