import { invalid, refuse } from '../ledger/refusal.js';
import { registered, type Facility } from './facility.js';
import type { YearlySubmitted } from './facility-events.js';
import { YEARLY_CLAUSE } from './compute.refusals.js';

/** Bounds the rows of one year of one facility. */
export const SUBMISSIONS_PER_YEAR_MAX = 100;

/** 12b(17)(l): "by 31 January of each year", for the year before. */
export const submissionDueOn = (year: number): string => `${year + 1}-01-31`;

export interface YearlySubmissionInput {
  readonly year: number;
  /** `YYYY-MM-DD`. */
  readonly submittedOn: string;
  /** Hex. */
  readonly dataSha256: string;
  readonly dataPosition: number;
  readonly dataMethodVersion: string;
  /** Hex. */
  readonly auditReportSha256: string;
}

/**
 * Records what the hosting entity submits to the Governing Board for a year: the audit report and the data on the use of access time. A
 * submission after 31 January is recorded, and marked as late. A later one for the same year is a further version: nothing is replaced.
 * @param head last position of the history before this command
 * @throws Refusal `submission-date-out-of-range` (422); `data-position-not-recorded`, `too-many-yearly-submissions` (409).
 */
export function submitYear(
  state: Facility,
  input: YearlySubmissionInput,
  head: number,
  now: string,
): [YearlySubmitted] {
  const { year, submittedOn, dataPosition } = input;
  const [earliest, today] = [`${year + 1}-01-01`, now.slice(0, 'YYYY-MM-DD'.length)];
  if (submittedOn < earliest || submittedOn > today) {
    throw invalid(
      'submission-date-out-of-range',
      '/submittedOn',
      `The data of ${year} can be submitted from ${earliest} on, when the year is over, and today is ${today}: not on ${submittedOn}.`,
      { clause: YEARLY_CLAUSE, year, submittedOn, earliest, today },
    );
  }
  if (dataPosition > head) {
    const detail = `The history ends at position ${head}, so that no data reflect position ${dataPosition}.`;
    throw refuse('data-position-not-recorded', detail, { dataPosition, head });
  }
  const version = registered(state).yearlySubmissions.get(year, 0) + 1;
  if (version > SUBMISSIONS_PER_YEAR_MAX) {
    const detail = `The year ${year} has ${SUBMISSIONS_PER_YEAR_MAX} versions already.`;
    throw refuse('too-many-yearly-submissions', detail, { year, limit: SUBMISSIONS_PER_YEAR_MAX });
  }
  const isLate = version === 1 && submittedOn > submissionDueOn(year);
  const { dataSha256, dataMethodVersion, auditReportSha256 } = input;
  const data = { dataSha256, dataPosition, dataMethodVersion, auditReportSha256 };
  return [
    {
      type: 'yearly-submitted',
      data: { year, version, submittedOn, ...(isLate && { isLate }), ...data },
      legalBasis: YEARLY_CLAUSE,
    },
  ];
}
