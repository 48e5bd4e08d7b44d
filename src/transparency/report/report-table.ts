import { columnsOf } from '../dictionary/dictionary.js';
import type { CsvRow, ReportRequest } from '../report-method.js';

/**
 * Version of the columns and rows of the tables: part of their `ETag`, so that a cache notices another layout. The figures in the cells are
 * those of the method.
 */
export const TABLE_LAYOUT_VERSION = 3;

export interface Table {
  readonly columns: readonly string[];
  readonly data: readonly CsvRow[];
}

/**
 * The table of a report: the lines of its method in the order of the dictionary's columns. A table for people leaves out the places where
 * nothing was ever pledged, and marks the months that are still to come; the JSON has every line.
 */
export const tableOf = (kind: ReportRequest['kind'], rows: readonly CsvRow[]): Table => ({
  // An older method has fewer columns, and none that the current one has not.
  columns: columnsOf(kind).filter((column) => rows[0] === undefined || column === 'planned' || column in rows[0]),
  data: linesOf(kind, rows),
});

function linesOf(kind: ReportRequest['kind'], rows: readonly CsvRow[]): readonly CsvRow[] {
  switch (kind) {
    case 'equal-access':
      return rows;
    case 'capital':
      return rows.filter(({ pledges }) => pledges !== 0);
    case 'capacity':
      return rows.map((row) => ({ ...row, planned: isPlanned(row) }));
  }
}

const isPlanned = ({ month, asOf, effectiveAt }: CsvRow): boolean =>
  String(month) > String(effectiveAt ?? asOf).slice(0, 'YYYY-MM'.length);
