import { nobody } from '../ledger/aggregate.js';
import { date, mark, object, optional, sha256, text, whole, type ValueOf } from '../ledger/schema.js';
import { YEARLY_CLAUSE } from './compute.refusals.js';

/** Data and audit report of one calendar year, as the hosting entity submits them to the Governing Board. */
export const yearlySubmission = object({
  year: whole('Calendar year of the use.', 1),
  version: whole('Counted for this year of this facility. The first one says whether the submission was in time.', 1),
  submittedOn: date('Day on which the Governing Board received it.'),
  isLate: optional(mark('The first version for its year, after 31 January of the next one.')),
  dataSha256: sha256('Hash of the data on the use of access time, hex: those that "ppp-ledger audit yearly" writes.'),
  dataPosition: whole('The data reflect the events up to this position.', 1),
  dataMethodVersion: text('Version of the counting rules of the data.'),
  auditReportSha256: sha256('Hash of the audit report, hex. The report itself is kept outside the ledger.'),
});
export type YearlySubmissionFacts = ValueOf<typeof yearlySubmission>;

export const yearlyEvents = {
  'yearly-submitted': {
    schema: 1,
    data: yearlySubmission,
    concerns: nobody,
    clauses: [YEARLY_CLAUSE],
    says: ({ data }: { readonly data: YearlySubmissionFacts }) =>
      `The audit report and the data on the use of access time in ${data.year} were submitted on ${data.submittedOn}` +
      `${data.isLate ? ', after 31 January' : ''} (version ${data.version}).`,
  },
} as const;
