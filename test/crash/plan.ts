import { COMMITS, MOMENTS, type Point, type Verdict } from '../support/postgres-proxy.js';
import type { SimulatedWorld } from '../support/simulated-world.js';
import type { AppendPoint } from './kurrent-double.js';

const RANDOM_MS_MAX = 1_500;
const PASSING_MAX = 40;

/** The engine that keeps the events. */
export type Engine = 'postgres' | 'kurrentdb';

/** The process to kill. Of PostgreSQL: all processes together, the first one alone, or one that serves a connection. */
const TARGETS = ['service', 'postgres', 'both', 'postmaster', 'backend', 'connections'] as const;
export type Target = (typeof TARGETS)[number];

export interface Plan {
  readonly target: Target;
  /** Where it happens: at a commit in PostgreSQL, or at an append to KurrentDB. Undefined: at a random moment. */
  readonly point: Point | AppendPoint | undefined;
  readonly delayMs: number;
  /** Fate of the message at the point when its sender is gone. */
  readonly verdict: Verdict;
}

export function planOf(chance: SimulatedWorld, engine: Engine): Plan {
  const target = chance.pick(TARGETS);
  const after = chance.integer(0, PASSING_MAX);
  const point = { commit: chance.pick(COMMITS), moment: chance.pick(MOMENTS), after };
  const delayMs = chance.integer(0, RANDOM_MS_MAX);
  const verdict = chance.chance(0.5) ? 'cut' : 'deliver';
  const isAtPoint = chance.chance(0.75);
  if (engine === 'kurrentdb' && chance.chance(0.5))
    return { target, point: { append: chance.chance(0.5) ? 'lost' : 'written', after }, delayMs, verdict };
  return { target, point: isAtPoint ? point : undefined, delayMs, verdict };
}

export const placeOf = (point: Point | AppendPoint): string =>
  'append' in point ? `append ${point.append} on KurrentDB` : `${point.commit} ${point.moment}`;

export const nameOf = ({ target, point, verdict }: Plan): string =>
  point ? `${target}, ${placeOf(point)} +${point.after} ${verdict}` : `${target}, any moment`;
