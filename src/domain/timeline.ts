import { parseInstant } from '../ledger/time.js';

/** Something that holds from a date (its first instant, UTC) or an instant on, until the next of its kind takes over. */
export interface Dated {
  readonly effectiveFrom: string;
}

/**
 * What was decided about one matter, in order of time. The decision recorded last holds from its beginning on: one that was
 * to begin at the same time or later is replaced by it. (The events keep every decision; this is what they amount to.)
 */
export type Timeline<T extends Dated> = readonly T[];

export function decided<T extends Dated>(timeline: Timeline<T>, decision: T): Timeline<T> {
  const from = parseInstant(decision.effectiveFrom);
  return [...timeline.filter(({ effectiveFrom }) => parseInstant(effectiveFrom) < from), decision];
}

/** What holds at an instant (or at the first instant of a date); undefined before the first decision. */
export function inForceAt<T extends Dated>(timeline: Timeline<T>, instant: string): T | undefined {
  const at = parseInstant(instant);
  return timeline.findLast(({ effectiveFrom }) => parseInstant(effectiveFrom) <= at);
}

/** What holds at an instant and everything that is to follow it. */
export function fromThenOn<T extends Dated>(timeline: Timeline<T>, instant: string): readonly T[] {
  const at = parseInstant(instant);
  const first = timeline.findLastIndex(({ effectiveFrom }) => parseInstant(effectiveFrom) <= at);
  return timeline.slice(Math.max(first, 0));
}
