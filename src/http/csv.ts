import { stringify } from 'csv-stringify/sync';

/**
 * One line for each row. The columns are the fields of all rows of the page, in the order in which they appear: a field that the first
 * row leaves out must not be lost for the other rows. Texts are escaped, because spreadsheets run cells that begin with `=`, `+`, `-` or
 * `@` as formulas.
 */
export function toCsv(rows: readonly object[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return stringify(rows.map(flat), { header: true, columns, escape_formulas: true });
}

function flat(row: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, cell(value)]));
}

/** The library would write `false` as an empty cell, like a missing value. */
function cell(value: unknown): unknown {
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
