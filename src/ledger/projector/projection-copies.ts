import type { RecordedEvent } from '../event.js';
import type { Projection } from './projection.js';

/** Suffix of the tables in which the rows of a projection are rebuilt beside the served rows. */
export const BUILDING = '__building';

/** Transactions in which copies that are built move concurrently: while one waits for the database, the rows of another are made. */
const BUILDING_CONCURRENT_MAX = 3;

/** The progress of the rows of a copy. */
export interface Checkpoint {
  readonly name: string;
  readonly version: number;
  readonly position: number;
}

export interface CheckpointStatus extends Checkpoint {
  /** Why the copy has stopped; null while it has not. */
  readonly failure: string | null;
}

/** The checkpoints of all projections at one moment. */
export class Checkpoints {
  private readonly byName: ReadonlyMap<string, CheckpointStatus>;

  constructor(rows: readonly CheckpointStatus[]) {
    this.byName = new Map(rows.map((row) => [row.name, row]));
  }

  /** The checkpoint of the rows that are read. */
  served({ name }: Projection): CheckpointStatus | undefined {
    return this.byName.get(name);
  }

  /** The checkpoint of the rows that are built beside the served rows. */
  building({ name }: Projection): CheckpointStatus | undefined {
    return this.byName.get(name + BUILDING);
  }
}

/** The rows of a projection, served or being built, and their position. */
export interface ProjectionCopy {
  readonly projection: Projection;
  readonly name: string;
  readonly suffix: string;
  readonly types: ReadonlySet<string>;
  readonly from: number;
  /** A failure is noted at its checkpoint. */
  readonly hasStopped: boolean;
  /** For rebuilt rows that are to be compared: the position of the served rows. */
  readonly servedAt?: number;
}

export function copyOf(projection: Projection, { name, position, failure }: CheckpointStatus): ProjectionCopy {
  const suffix = name === projection.name ? '' : BUILDING;
  const types = new Set(projection.types);
  return { projection, name, suffix, types, from: position, hasStopped: failure !== null };
}

/** The checkpoint of a copy that has applied these events. */
export const checkpointAfter = (
  { name, projection: { version }, from }: ProjectionCopy,
  applied: readonly RecordedEvent[],
): Checkpoint => ({
  name,
  version,
  position: applied.at(-1)?.position ?? from,
});

/**
 * Copies that move in one transaction. All served copies are one group, so that a small batch is one commit; the copies that are built
 * are divided into a few groups.
 */
export function groupsOf(copies: readonly ProjectionCopy[]): readonly (readonly ProjectionCopy[])[] {
  const built = copies.filter(({ suffix }) => suffix !== '');
  const parts = Array.from({ length: BUILDING_CONCURRENT_MAX }, (_, part) =>
    built.filter((_copy, at) => at % BUILDING_CONCURRENT_MAX === part),
  );
  return [copies.filter(({ suffix }) => suffix === ''), ...parts].filter((group) => group.length > 0);
}
