import { createReadStream } from 'node:fs';
import { parse, type CsvError } from 'csv-parse';
import { isPlainObject } from '../http/plain-json.js';
import type { Mapping } from './mapping.js';

/** Bytes of one row: far above the rows of any spreadsheet. It bounds the part of a file that is in memory. */
const ROW_BYTES_MAX = 1_048_576;

export interface Row {
  /** First line of the row in the file, counted from 1. */
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
  /** Why the row could not be read. */
  readonly fault?: string;
}

/** A file whose content does not match its extension, or that cannot be read. */
export class FileError extends Error {}

/**
 * The rows of a file, one at a time. Only a few rows are in memory at any time.
 * @throws FileError
 */
export function rowsOf(file: string, mapping: Mapping): AsyncGenerator<Row> {
  if (/\.(ndjson|jsonl)$/i.test(file)) return ndjsonRows(file);
  if (/\.(csv|tsv|txt)$/i.test(file)) return csvRows(file, mapping);
  throw new FileError(`${file} is neither .csv nor .ndjson. Save the spreadsheet as CSV (UTF-8).`);
}

interface CsvRecord {
  readonly record: Readonly<Record<string, string>>;
  readonly info: { readonly lines: number };
}

async function* csvRows(file: string, { delimiter, columns }: Mapping): AsyncGenerator<Row> {
  const faults: Row[] = [];
  const parser = parse({
    bom: true,
    delimiter,
    trim: true,
    info: true,
    skip_empty_lines: true,
    max_record_size: ROW_BYTES_MAX,
    columns: (header: readonly string[]) => requireColumns(file, header, columns),
    // A row with too many or too few cells is reported, and the rows after it are still read.
    skip_records_with_error: true,
    on_skip: (error) => {
      if (error) faults.push({ line: Number(error.lines ?? 0), cells: {}, fault: csvFault(error) });
      return undefined;
    },
  });
  const source = createReadStream(file);
  source.on('error', (error) => parser.destroy(error));
  try {
    for await (const { record, info } of source.pipe(parser) as AsyncIterable<CsvRecord>) {
      // The parser reads ahead of its output. A fault must come at its place between the rows.
      while (faults[0] && faults[0].line <= info.lines) yield* faults.splice(0, 1);
      // The parser reports the line where the row ends.
      const breaks = Object.values(record).join('').split('\n').length - 1;
      yield withoutBroken({ line: info.lines - breaks, cells: record });
    }
    yield* faults.splice(0);
  } catch (error) {
    throw asFileError(file, error);
  } finally {
    source.destroy();
  }
}

function csvFault({ code, message }: CsvError): string {
  if (code === 'CSV_RECORD_INCONSISTENT_COLUMNS')
    return 'The row has not as many cells as the first line. Look for a missing or an unquoted delimiter.';
  if (code === 'CSV_MAX_RECORD_SIZE')
    return `The row is longer than ${ROW_BYTES_MAX} bytes. Look for a quote that is never closed.`;
  return `The row cannot be read: ${message}.`;
}

function requireColumns(file: string, header: readonly string[], wanted: readonly string[]): string[] {
  const twice = header.find((column, index) => wanted.includes(column) && header.indexOf(column) !== index);
  if (twice !== undefined) throw new FileError(`${file} has two columns "${twice}". Rename one of them.`);
  const missing = wanted.filter((column) => !header.includes(column));
  if (missing.length === 0) return [...header];
  throw new FileError(
    `${file} has no column ${missing.map((column) => `"${column}"`).join(', ')}; it has ${header.map((column) => `"${column}"`).join(', ')}. Mend the mapping or its "delimiter".`,
  );
}

async function* ndjsonRows(file: string): AsyncGenerator<Row> {
  let line = 0;
  try {
    for await (const text of linesOf(file)) {
      line += 1;
      if (text.trim() !== '') yield jsonRow(line, text);
    }
  } catch (error) {
    throw asFileError(file, error);
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(file, { encoding: 'utf8' }) as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > ROW_BYTES_MAX) throw new FileError(`${file} has a line longer than ${ROW_BYTES_MAX} characters.`);
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function jsonRow(line: number, text: string): Row {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { line, cells: {}, fault: 'The line is not JSON.' };
  }
  if (!isPlainObject(value)) return { line, cells: {}, fault: 'The line is not a JSON object.' };
  const cells: Record<string, string> = {};
  for (const [column, cell] of Object.entries(value)) {
    if (cell === null) continue;
    if (typeof cell === 'object')
      return {
        line,
        cells: {},
        fault: `"${column}" holds an object or a list; a cell is a text, a number, true or false.`,
      };
    cells[column] = String(cell).trim();
  }
  return withoutBroken({ line, cells });
}

/** Marks a row with bytes that are not UTF-8: the decoder replaces them by U+FFFD. */
function withoutBroken(row: Row): Row {
  const broken = Object.keys(row.cells).find((column) => row.cells[column]?.includes('\ufffd'));
  return broken === undefined
    ? row
    : { ...row, fault: `column "${broken}" holds bytes that are not UTF-8. Save the file as CSV UTF-8.` };
}

function asFileError(file: string, error: unknown): unknown {
  if (error instanceof FileError) return error;
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'ENOENT') return new FileError(`There is no file ${file}.`);
  if (code?.startsWith('CSV_') || code?.startsWith('E'))
    return new FileError(`${file} cannot be read: ${message ?? code}`);
  return error;
}
