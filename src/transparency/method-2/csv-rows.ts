import type { CsvRow } from '../report-method.js';
import type { CapacityReport } from './capacity-report.js';
import type { CapitalReport } from './capital-report.js';
import type { EqualAccessReport } from './equal-access-report.js';
import type { ReportHeader } from './report-header.js';

/** Cells at the end of every line: the point of the history that the figures reflect. A line that is cut out of its file keeps them. */
const headerCells = ({ position, asOf, effectiveAt, methodVersion, illustrative, period }: ReportHeader): CsvRow => ({
  periodFrom: period?.periodFrom ?? null,
  periodTo: period?.periodTo ?? null,
  position,
  asOf,
  effectiveAt,
  methodVersion,
  illustrative,
});

/** The total has no impact ratio: there is no other group to compare it with. */
const NOT_COMPARED = { impactRatio: null, impactPValue: null, impactFlag: null };

/** One line per category, one for the total, one per country. */
export function equalAccessRows(report: EqualAccessReport): CsvRow[] {
  const lines = [
    ...report.categories.map((line) => ({ scope: 'category', ...line })),
    { scope: 'total', ...report.totals, ...NOT_COMPARED },
    ...report.countries.map((line) => ({ scope: 'country', ...line })),
  ];
  return lines.map((line) => {
    const { scope, successRateInterval, chipHoursRequestedBy, demand, reasons, ...figures } = line;
    const { category = null, country = null, ...rest } = { category: null, country: null, ...figures };
    return {
      scope,
      category,
      country,
      pool: report.scope.pool,
      ...rest,
      demandBasis: report.demandBasis,
      representationAll: demand.all.representation,
      representationEligible: demand.eligible.representation,
      representationDecided: demand.decided.representation,
      successRateLow: successRateInterval?.[0] ?? null,
      successRateHigh: successRateInterval?.[1] ?? null,
      chipHoursWithdrawn: chipHoursRequestedBy.withdrawn,
      chipHoursIneligible: chipHoursRequestedBy.ineligible,
      chipHoursPending: chipHoursRequestedBy.pending,
      chipHoursDenied: chipHoursRequestedBy.denied,
      chipHoursAccepted: chipHoursRequestedBy.granted,
      reasons: reasonsText(reasons),
      ...headerCells(report),
    };
  });
}

/** `field=reason` for every figure that has none, sorted. */
const reasonsText = (reasons: Readonly<Partial<Record<string, string>>>): string =>
  Object.entries(reasons)
    .map(([field, reason]) => `${field}=${reason}`)
    .sort()
    .join(' ');

/** One line per tranche and kind of partner. */
export const capitalRows = (report: CapitalReport): CsvRow[] =>
  report.rows.map((row) => ({ ...row, ...headerCells(report) }));

/** One line per facility and month; the split by chip model is in the JSON. */
export const capacityRows = (report: CapacityReport): CsvRow[] =>
  report.rows.map(({ chipModels: _models, reasons, ...row }) => ({
    ...row,
    reasons: reasonsText(reasons),
    ...headerCells(report),
  }));
