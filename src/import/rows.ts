import { nfc } from '../domain/text.js';
import { RECORD_LENGTH_MAX, csvRecords, type CsvRecord } from './csv.js';
import { JsonLineError, readJsonLine } from './json-line.js';
import type { Mapping } from './mapping.js';
import { FileError, textOf } from './text-file.js';

export interface Row {
  /** First line of the row in the file, counted from 1. */
  readonly line: number;
  /** Texts by column, without white space around them, in NFC. */
  readonly cells: ReadonlyMap<string, string>;
  /** Columns whose cells are JSON numbers: their notation is that of JSON. */
  readonly numbers?: ReadonlySet<string>;
  /** Why the row could not be read. */
  readonly fault?: string;
  /** A row of nothing but delimiters, as spreadsheets write it for cells that have only a format. */
  readonly isEmpty?: true;
}

const NO_CELLS: ReadonlyMap<string, string> = new Map();
const SPREADSHEET = /\.(xlsx|xlsm|xlsb|xls|ods|fods|numbers)$/i;

/**
 * The rows of a file, one at a time. Only a few rows are in memory at any time.
 * @throws FileError
 */
export function rowsOf(file: string, mapping: Mapping): AsyncGenerator<Row> {
  if (/\.(ndjson|jsonl)$/i.test(file)) return ndjsonRows(file);
  if (/\.(csv|tsv|txt)$/i.test(file)) return csvRows(file, mapping);
  const what = SPREADSHEET.test(file) ? 'a spreadsheet' : 'neither .csv nor .ndjson';
  throw new FileError(`${file} is ${what}. Save the sheet as "CSV UTF-8", and import that file.`);
}

async function* csvRows(file: string, { delimiter: stated, columns }: Mapping): AsyncGenerator<Row> {
  const { chunks, separator } = await withoutSeparatorLine(textOf(file));
  if (separator !== undefined && stated !== undefined && stated !== separator) {
    throw new FileError(
      `${file} says "sep=${separator}" in its first line, and the mapping says "delimiter": "${stated}". Mend one of them.`,
    );
  }
  let header: readonly string[] | undefined;
  for await (const record of csvRecords(chunks, separator ?? stated ?? ',')) {
    if (record.fault === undefined && record.cells.every((cell) => cell === '')) {
      // An empty line has one cell, a row of delimiters has more.
      if (header && record.cells.length > 1) yield { line: record.line, cells: NO_CELLS, isEmpty: true };
    } else if (header) yield csvRow(record, header);
    else header = headerOf(file, record, columns);
  }
  if (!header) throw new FileError(`${file} is empty. Its first line must name the columns.`);
}

/** Excel writes and reads a line such as `sep=;` before the header. */
async function withoutSeparatorLine(
  text: AsyncGenerator<string>,
): Promise<{ chunks: AsyncIterable<string>; separator?: string }> {
  const { value: first = '' } = (await text.next()) as { value?: string };
  const [line = '', separator] = /^sep=([^\r\n])(?=[\r\n]|$)/i.exec(first) ?? [];
  // The line end stays, so that lines are counted as in the file.
  const chunks = (async function* () {
    yield first.slice(line.length);
    yield* text;
  })();
  return separator === undefined ? { chunks } : { chunks, separator };
}

/** @throws FileError if the first line does not name the columns that the mapping reads */
function headerOf(file: string, { line, cells, fault }: CsvRecord, wanted: readonly string[]): readonly string[] {
  if (fault !== undefined) throw new FileError(`${file}:${line}: ${fault}`);
  const header = cells.map(nfc);
  const broken = header.find(isBroken);
  if (broken !== undefined) throw new FileError(`${file}:${line}: the name of a column ${NOT_UTF8}`);
  const twice = header.find((column, index) => wanted.includes(column) && header.indexOf(column) !== index);
  if (twice !== undefined) throw new FileError(`${file} has two columns "${twice}". Rename one of them.`);
  const missing = wanted.filter((column) => !header.includes(column));
  if (missing.length === 0) return header;
  const named = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
  throw new FileError(
    `${file} has no column ${named(missing)}; it has ${named(header)}. Mend the mapping or its "delimiter".`,
  );
}

function csvRow({ line, cells, fault }: CsvRecord, header: readonly string[]): Row {
  const broken = (why: string): Row => ({ line, cells: NO_CELLS, fault: why });
  if (fault !== undefined) return broken(`column "${header[cells.length - 1] ?? cells.length}": ${fault}`);
  const isShort = header.slice(cells.length).some((column) => column !== '');
  // Cells without a column are no harm as long as they are empty: columns with nothing but a format.
  if (isShort || cells.slice(header.length).some((cell) => cell !== '')) {
    return broken(
      `The row has ${cells.length} cells, not as many cells as the first line (${header.length}). Look for a missing or an unquoted delimiter.`,
    );
  }
  return readable({ line, cells: new Map(cells.map((cell, index) => [header[index] ?? '', nfc(cell)])) });
}

async function* ndjsonRows(file: string): AsyncGenerator<Row> {
  let line = 0;
  let isEmpty = true;
  for await (const text of linesOf(file)) {
    line += 1;
    if (text.trim() === '') continue;
    isEmpty = false;
    yield jsonRow(line, text);
  }
  if (isEmpty) throw new FileError(`${file} is empty. Each line must be a JSON object.`);
}

async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of textOf(file)) {
    // A carriage return at the end may be the first half of a line end.
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > RECORD_LENGTH_MAX) {
      throw new FileError(`${file} has a line longer than ${RECORD_LENGTH_MAX} characters. Write one object a line.`);
    }
  }
  if (rest !== '') yield rest;
}

function jsonRow(line: number, text: string): Row {
  try {
    return readable({ line, ...readJsonLine(text) });
  } catch (error) {
    if (error instanceof JsonLineError) return { line, cells: NO_CELLS, fault: error.message };
    throw error;
  }
}

/** U+FFFD stands for ill-formed bytes: the decoder put it there, or an earlier program. JSON can also write lone surrogates. */
const isBroken = (text: string): boolean => text.includes('\ufffd') || !text.isWellFormed();
const NOT_UTF8 = 'holds bytes that are not UTF-8. Save the file as "CSV UTF-8".';

function readable(row: Row): Row {
  for (const [column, cell] of row.cells) {
    if (isBroken(column) || isBroken(cell)) return { ...row, fault: `column "${column}" ${NOT_UTF8}` };
  }
  return row;
}
