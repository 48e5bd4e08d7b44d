import type { Checkpoint } from './projection-copies.js';
import type { Projection } from './projection.js';
import type { ProjectionStore, TableDigests } from './projection-store.js';

export interface Comparison {
  readonly projection: string;
  readonly digests: readonly TableDigests[];
  readonly isSame: boolean;
}

export interface ComparisonEvents {
  compared(comparison: Comparison): void;
  /** The rows cannot be looked at, and are tried again later. */
  failed(building: Checkpoint, error: unknown): Promise<unknown>;
  /** Whether it is done or has to be begun once more. */
  settled(): void;
}

/** Comparisons of rows that are built anew with those that are served. On large tables one takes long: nothing waits for it. */
export class Comparisons {
  /** By name of the copy that is built. */
  private readonly begun = new Map<string, { readonly isDone: boolean }>();

  constructor(
    private readonly rows: Pick<ProjectionStore, 'digests'>,
    private readonly events: ComparisonEvents,
  ) {}

  /** False until it has been done; begins it unless it is under way. */
  isDone(projection: Projection, building: Checkpoint): boolean {
    const known = this.begun.get(building.name);
    if (known) return known.isDone;
    const comparison = { isDone: false };
    this.begun.set(building.name, comparison);
    void this.compare(projection, building).then((isDone) => {
      comparison.isDone = isDone;
      if (!isDone && this.begun.get(building.name) === comparison) this.begun.delete(building.name);
      this.events.settled();
    });
    return false;
  }

  /** What was compared is not, or may not be, what is being built: it does not count for what is built next. */
  forget(name: string): void {
    this.begun.delete(name);
  }

  clear(): void {
    this.begun.clear();
  }

  /** False when it has to be done again. Never rejects. */
  private async compare(projection: Projection, building: Checkpoint): Promise<boolean> {
    try {
      const digests = await this.rows.digests(projection);
      if (digests === undefined) return false;
      const isSame = digests.every(({ served, built }) => served === built);
      this.events.compared({ projection: projection.name, digests, isSame });
      return true;
    } catch (error) {
      await this.events.failed(building, error).catch(() => undefined);
      return false;
    }
  }
}
