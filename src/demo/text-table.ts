/** A table for people at a terminal; programs take the JSON or the CSV. */
export interface TextTable {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  /** Sentences below the table. */
  readonly notes: readonly string[];
}
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

const GAP = '  ';

/** Plain text with aligned columns and a final newline. */
export function tableText({ title, columns, rows, notes }: TextTable): string {
  const widths = columns.map((column, index) =>
    Math.max(length(column.title), ...rows.map((row) => length(row[index] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, index) => padded(cells[index] ?? '', widths[index] ?? 0, align))
      .join(GAP)
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join(GAP);
  const head = columns.map((column) => column.title);
  return [title, '', line(head), rule, ...rows.map(line), '', ...notes, ''].join('\n');
}

/** Counts code points, so that a character outside the basic plane does not shift a column. */
const length = (text: string): number => [...text].length;

function padded(text: string, width: number, align: Column['align']): string {
  const space = ' '.repeat(width - length(text));
  return align === 'left' ? text + space : space + text;
}
