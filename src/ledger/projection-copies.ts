import type { RecordedEvent } from './event.js';
import type { Projection } from './projection.js';

/** Suffix of the tables in which a new version is built beside the served one. */
export const BUILDING = '__building';

/** Transactions in which what is built moves at once: while one waits for the database, the rows of another are made. */
const BUILDING_AT_ONCE_MAX = 3;

export interface Checkpoint {
  readonly name: string;
  readonly version: number;
  readonly position: number;
  /** Why it does not go on; null while it does. */
  readonly failure: string | null;
}

/** The checkpoints of all projections, as they were at one moment. */
export class Checkpoints {
  private readonly byName: ReadonlyMap<string, Checkpoint>;

  constructor(rows: readonly Checkpoint[]) {
    this.byName = new Map(rows.map((row) => [row.name, row]));
  }

  /** The rows that are read. */
  served({ name }: Projection): Checkpoint | undefined {
    return this.byName.get(name);
  }

  /** The rows that are being built beside them. */
  building({ name }: Projection): Checkpoint | undefined {
    return this.byName.get(name + BUILDING);
  }
}

/** Where the rows of a projection stand. */
export type Place = Pick<Checkpoint, 'name' | 'version' | 'position'>;

/** A projection's rows, those served or those being built, and how far they have come. */
export interface ProjectionCopy {
  readonly projection: Projection;
  readonly name: string;
  readonly suffix: string;
  readonly types: ReadonlySet<string>;
  readonly from: number;
  /** It is said not to go on. */
  readonly hasStopped: boolean;
}

export function copyOf(projection: Projection, { name, position, failure }: Checkpoint): ProjectionCopy {
  const suffix = name === projection.name ? '' : BUILDING;
  const types = new Set(projection.types);
  return { projection, name, suffix, types, from: position, hasStopped: failure !== null };
}

/** Where a copy stands once it has applied these events. */
export const checkpointAfter = (
  { name, projection: { version }, from }: ProjectionCopy,
  applied: readonly RecordedEvent[],
): Place => ({
  name,
  version,
  position: applied.at(-1)?.position ?? from,
});

/** Copies that move in one transaction: all that are served, so that a small batch is one commit, and parts of those that are built. */
export function groupsOf(copies: readonly ProjectionCopy[]): readonly (readonly ProjectionCopy[])[] {
  const built = copies.filter(({ suffix }) => suffix !== '');
  const parts = Array.from({ length: BUILDING_AT_ONCE_MAX }, (_, part) =>
    built.filter((_lane, at) => at % BUILDING_AT_ONCE_MAX === part),
  );
  return [copies.filter(({ suffix }) => suffix === ''), ...parts].filter((group) => group.length > 0);
}
