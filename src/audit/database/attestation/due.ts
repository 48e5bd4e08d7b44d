import type { CheckState } from './checks.queries.js';

/** The first check after a start: a service that starts has other work. */
export const AFTER_START_MS = 600_000;
/** How often is checked again what was found wrong. */
export const AFTER_FINDING_MS = 300_000;
const MS_PER_HOUR = 3_600_000;

export interface CheckTimes {
  readonly sinceStartMs: number;
  /** Since this instance ended its last check; undefined before the first. */
  readonly sinceCheckMs: number | undefined;
  /** Between two checks; 0: only what was found wrong is checked again. */
  readonly hours: number;
}

/** Whether the history and the views are to be checked now: once after a start, then at intervals, and soon after a finding. */
export function isDue(
  { hold, different, clean }: CheckState,
  { sinceStartMs, sinceCheckMs, hours }: CheckTimes,
): boolean {
  if (hold !== null || different.size > 0) return sinceCheckMs === undefined || sinceCheckMs >= AFTER_FINDING_MS;
  if (hours === 0) return false;
  if (sinceCheckMs === undefined) return sinceStartMs >= AFTER_START_MS;
  const intervalMs = hours * MS_PER_HOUR;
  // Another instance may have checked meanwhile.
  return sinceCheckMs >= intervalMs && (clean === undefined || clean.ageMs >= intervalMs);
}
