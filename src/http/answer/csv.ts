import { stringify } from 'csv-stringify/sync';

/**
 * Forms of CSV. A spreadsheet reads a CSV by the language that it is set to, and takes UTF-8 for an old Windows character set unless the file
 * begins with a byte order mark. Programs read the first form; some of them take a byte order mark for a part of the first column.
 */
export const CSV_DIALECTS = ['comma', 'comma-bom', 'semicolon-bom'] as const;
export type CsvDialect = (typeof CSV_DIALECTS)[number];

interface Form {
  readonly delimiter: ',' | ';';
  readonly decimal: '.' | ',';
  readonly bom: boolean;
  /** Where a text could begin a formula in a spreadsheet that expects another delimiter than ours. */
  readonly insideFormula: RegExp;
}

/** The first character of a formula, as spreadsheets see it, full-width forms included. Spaces and quotes before it change nothing. */
const FORMULA = `[\\s"']*[=+\\-@\uFF1D\uFF0B\uFF0D\uFF20]`;
/** Also a tab or a line feed: what stands after it begins a cell. */
const AT_THE_BEGIN = new RegExp(`^(?=[\\t\\r]|${FORMULA})`);
/**
 * Quotes protect our own delimiter alone. A spreadsheet that expects another one sees no quote at the begin of a cell, so that it takes a
 * quote for a letter, and begins a new cell at its delimiter and in every line.
 */
const afterAny = (others: string): RegExp => new RegExp(`([${others}|\\t\\r\\n])(?=${FORMULA})`, 'g');

const COMMA = { delimiter: ',', decimal: '.', insideFormula: afterAny(';') } as const;
const FORMS: Readonly<Record<CsvDialect, Form>> = {
  comma: { ...COMMA, bom: false },
  'comma-bom': { ...COMMA, bom: true },
  'semicolon-bom': { delimiter: ';', decimal: ',', insideFormula: afterAny(','), bom: true },
};

/**
 * One line for each row. The columns are the fields of all rows of the page, in the order in which they appear: a field that the first
 * row leaves out must not be lost for the other rows.
 * @param known columns that come first, also when no row has them: a table without rows then has a header all the same.
 */
export function toCsv(rows: readonly object[], dialect: CsvDialect = 'comma', known: readonly string[] = []): string {
  const form = FORMS[dialect];
  const columns = [...new Set([...known, ...rows.flatMap((row) => Object.keys(row))])];
  const lines = rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([key, value]) => [key, cell(value, form)])),
  );
  return stringify(lines, { header: true, columns, delimiter: form.delimiter, bom: form.bom });
}

function cell(value: unknown, { decimal, insideFormula }: Form): unknown {
  if (typeof value === 'number') return String(value).replace('.', decimal);
  // The library would write `false` as an empty cell, like a missing value.
  if (typeof value === 'boolean') return String(value);
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
  return typeof text === 'string' ? withoutFormulas(text, insideFormula) : text;
}

const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * A text that no spreadsheet runs: an apostrophe stands before whatever could begin a formula. A number stays a number, so that negative
 * amounts add up.
 */
const withoutFormulas = (text: string, insideFormula: RegExp): string =>
  NUMBER.test(text) ? text : text.replace(insideFormula, "$1'").replace(AT_THE_BEGIN, "'");
