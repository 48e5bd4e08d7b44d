import { stringify } from 'csv-stringify/sync';

/**
 * One line a row, under the names of all fields that any row of the page has, in the order in which they appear: a field that
 * the first row leaves out must not be lost to the others. Spreadsheets run cells that begin with `=`, `+`, `-` or `@` as
 * formulas, so that texts are escaped.
 */
export function toCsv(rows: readonly object[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return stringify(rows.map(flat), { header: true, columns, escape_formulas: true });
}

function flat(row: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, cell(value)]));
}

/** The library writes `false` as nothing, which is how a missing value looks. */
function cell(value: unknown): unknown {
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
