// Published reports of method 1.0 depend on this file: before a change, copy the old behaviour into `transparency/method-1`.

import { parseInstant } from '../ledger/time.js';

/** A decision that is in force from a date (its first instant, UTC) or an instant on, until the next decision is. */
export interface Dated {
  readonly effectiveFrom: string;
}

/**
 * The decisions about one matter, in order of time. A new decision replaces those that would begin at the same time or later.
 * (The events keep every decision; the timeline is their result.)
 */
export type Timeline<T extends Dated> = readonly T[];

export function decided<T extends Dated>(timeline: Timeline<T>, decision: T): Timeline<T> {
  const from = parseInstant(decision.effectiveFrom);
  return [...timeline.filter(({ effectiveFrom }) => parseInstant(effectiveFrom) < from), decision];
}

/** The decision in force at an instant (or at the first instant of a date); undefined before the first decision. */
export function inForceAt<T extends Dated>(timeline: Timeline<T>, instant: string): T | undefined {
  const at = parseInstant(instant);
  return timeline.findLast(({ effectiveFrom }) => parseInstant(effectiveFrom) <= at);
}

/** The decision in force at an instant, and all that follow it. */
export function fromThenOn<T extends Dated>(timeline: Timeline<T>, instant: string): readonly T[] {
  const at = parseInstant(instant);
  const first = timeline.findLastIndex(({ effectiveFrom }) => parseInstant(effectiveFrom) <= at);
  return timeline.slice(Math.max(first, 0));
}
