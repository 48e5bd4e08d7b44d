import type { FacilityKind } from './facility-events.js';
import type { YearlySubmissionFacts } from './yearly-events.js';
import { submissionDueOn } from './yearly-submission.js';

/** `submitted` in time, `late`, `due` until 31 January, `overdue` after it. */
export const YEAR_STATES = ['submitted', 'late', 'due', 'overdue'] as const;
export type SubmissionState = (typeof YEAR_STATES)[number];

/** A version, with its year: the list of a facility holds all years. */
export interface StoredVersion extends Omit<YearlySubmissionFacts, 'isLate'> {
  /** Position of its event. */
  readonly position: number;
}
export type YearlyVersion = Omit<StoredVersion, 'year'>;

export interface SubmittedYear {
  readonly year: number;
  readonly dueOn: string;
  readonly state: SubmissionState;
  readonly versions: readonly YearlyVersion[];
}

interface Submitting {
  readonly kind: FacilityKind;
  /** `YYYY-MM-DD`; null while it is not recorded. */
  readonly operationsStartedOn: string | null;
  readonly submissions: readonly StoredVersion[];
}

const yearOf = (day: string): number => Number(day.slice(0, 'YYYY'.length));

/**
 * The years for which a facility owes a submission or made one, the latest first. An AI gigafactory owes one for each year that is over,
 * from the year in which its operations started: before, there was no access time to account for.
 * @param today `YYYY-MM-DD`, UTC
 */
export function yearsOf({ kind, operationsStartedOn, submissions }: Submitting, today: string): SubmittedYear[] {
  const years = new Map<number, StoredVersion[]>();
  if (kind === 'ai-gigafactory' && operationsStartedOn !== null) {
    for (let year = yearOf(operationsStartedOn); year < yearOf(today); year += 1) years.set(year, []);
  }
  for (const submitted of submissions) years.set(submitted.year, [...(years.get(submitted.year) ?? []), submitted]);
  return [...years]
    .sort(([one], [other]) => other - one)
    .map(([year, stored]) => {
      const dueOn = submissionDueOn(year);
      const versions = stored.map(({ year: _year, ...version }) => version);
      return { year, dueOn, state: stateOf(dueOn, versions[0]?.submittedOn, today), versions };
    });
}

function stateOf(dueOn: string, submittedOn: string | undefined, today: string): SubmissionState {
  if (submittedOn !== undefined) return submittedOn <= dueOn ? 'submitted' : 'late';
  return today <= dueOn ? 'due' : 'overdue';
}
