import type { CheckpointStatus } from './projection-copies.js';
import type { Projection } from './projection.js';
import type { TableDigests } from './projection-digests.js';
import type { ProjectionStore } from './projection-store.js';

/** Result of comparing the rebuilt rows of a projection with the served rows. */
export interface Comparison {
  readonly projection: string;
  readonly digests: readonly TableDigests[];
  readonly isSame: boolean;
}

export interface ComparisonEvents {
  /** If it rejects, the comparison is made once more. */
  compared(comparison: Comparison): Promise<void>;
  /** The rows could not be read. The comparison is tried again later. */
  failed(building: CheckpointStatus, error: unknown): Promise<unknown>;
  /** The comparison is done, or has to be begun again. */
  settled(): void;
}

/**
 * Comparisons of rebuilt rows with the served rows. A comparison of large tables takes long, and nothing waits for it. A result names
 * the tables that were read, and a switch takes no other tables: so a result never counts for rows of a later rebuild.
 */
export class Comparisons {
  /** Comparisons by the name of the copy that is built. */
  private readonly begun = new Map<string, { builtTables: string | undefined }>();

  constructor(
    private readonly rows: Pick<ProjectionStore, 'digests'>,
    private readonly events: ComparisonEvents,
  ) {}

  /** The built tables that were compared; undefined before that. Begins the comparison unless it is under way. */
  comparedTables(projection: Projection, building: CheckpointStatus): string | undefined {
    const known = this.begun.get(building.name);
    if (known) return known.builtTables;
    const comparison: { builtTables: string | undefined } = { builtTables: undefined };
    this.begun.set(building.name, comparison);
    void this.compare(projection, building).then((builtTables) => {
      comparison.builtTables = builtTables;
      if (builtTables === undefined && this.begun.get(building.name) === comparison) this.begun.delete(building.name);
      this.events.settled();
    });
    return undefined;
  }

  /** Frees the result once a switch has used or refused its tables. */
  forget(name: string): void {
    this.begun.delete(name);
  }

  /** Undefined when the comparison has to be done again. Never rejects. */
  private async compare(projection: Projection, building: CheckpointStatus): Promise<string | undefined> {
    try {
      const compared = await this.rows.digests(projection);
      if (compared === undefined) return undefined;
      const { digests, builtTables } = compared;
      const isSame = digests.every(({ served, built }) => served === built);
      await this.events.compared({ projection: projection.name, digests, isSame });
      return builtTables;
    } catch (error) {
      await this.events.failed(building, error).catch(() => undefined);
      return undefined;
    }
  }
}
