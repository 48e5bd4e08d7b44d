import type { CapacityReport } from './capacity-report.js';
import type { CapitalReport } from './capital-report.js';
import type { EqualAccessReport } from './equal-access-report.js';
import type { ReportHeader } from './report-header.js';

/** A line of a CSV file: flat, so that every value is a cell of its own. */
export type CsvRow = Readonly<Record<string, string | number | boolean | null>>;

/** Where every figure stands; a line that is cut out of its file still says it. */
const standing = ({ position, asOf, effectiveAt, methodVersion, illustrative }: ReportHeader): CsvRow => ({
  position,
  asOf,
  effectiveAt,
  methodVersion,
  illustrative,
});

/** All groups together have nobody to be compared with. */
const NOT_COMPARED = { impactRatio: null, impactPValue: null, impactFlag: null };

/** One line per category, one for the total, one per country. */
export function equalAccessRows(report: EqualAccessReport): CsvRow[] {
  const lines = [
    ...report.categories.map((line) => ({ scope: 'category', ...line })),
    { scope: 'total', ...report.totals, ...NOT_COMPARED },
    ...report.countries.map((line) => ({ scope: 'country', ...line })),
  ];
  return lines.map((line) => {
    const { scope, successRateInterval, chipHoursRequestedBy, reasons, ...figures } = line;
    const { category = null, country = null, ...rest } = { category: null, country: null, ...figures };
    return {
      scope,
      category,
      country,
      ...rest,
      successRateLow: successRateInterval?.[0] ?? null,
      successRateHigh: successRateInterval?.[1] ?? null,
      chipHoursWithdrawn: chipHoursRequestedBy.withdrawn,
      chipHoursIneligible: chipHoursRequestedBy.ineligible,
      chipHoursPending: chipHoursRequestedBy.pending,
      chipHoursDenied: chipHoursRequestedBy.denied,
      chipHoursAccepted: chipHoursRequestedBy.granted,
      reasons: reasonsText(reasons),
      ...standing(report),
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
  report.rows.map((row) => ({ ...row, ...standing(report) }));

/** One line per facility and month; the split by chip model is in the JSON. */
export const capacityRows = (report: CapacityReport): CsvRow[] =>
  report.rows.map(({ chipModels: _models, ...row }) => ({ ...row, ...standing(report) }));
