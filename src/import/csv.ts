/**
 * Characters of one record: far above the rows of any spreadsheet. It bounds the part of a file that is in memory, also after a
 * quote that is never closed.
 */
export const RECORD_LENGTH_MAX = 1_048_576;

export interface CsvRecord {
  /** First line of the record in the file, counted from 1; of a fault, the line of the quote. */
  readonly line: number;
  readonly cells: readonly string[];
  /** Why the record could not be read; the last of its cells is the one with the fault. */
  readonly fault?: string;
}

/**
 * The records of a CSV text (RFC 4180), with any of the three line ends, and white space around cells left out. A quote at a wrong
 * place is the fault of one record; the reading continues in the next line. After a quote that is never closed nothing
 * can be read.
 *
 * A reader of its own, because the packages for CSV report a fault at the line where they notice it, some hundred lines after the quote
 * that is missing, or report it twice.
 */
export async function* csvRecords(chunks: AsyncIterable<string>, delimiter: string): AsyncGenerator<CsvRecord> {
  const reader = new CsvReader(delimiter);
  for await (const chunk of chunks) {
    yield* reader.read(chunk);
    if (reader.isLost) return;
  }
  yield* reader.end();
}

/** `closing` follows a quote in a quoted cell: the end of the cell, or the first half of a doubled quote. */
type Place = 'cell-start' | 'bare' | 'quoted' | 'closing' | 'closed' | 'after-fault';

class CsvReader {
  /** True after a quote that is never closed. */
  isLost = false;
  private place: Place = 'cell-start';
  private line = 1;
  private recordLine = 1;
  private quoteLine = 1;
  private length = 0;
  private cells: string[] = [];
  private cell = '';
  private fault: Pick<CsvRecord, 'line' | 'fault'> | undefined;
  private isAfterCarriageReturn = false;
  /** Runs of characters that mean nothing to the reader, outside and inside of quotes, and single characters that do. */
  private readonly outside: RegExp;
  private readonly inside = /[^"\r\n]+|["\r\n]/gy;

  constructor(private readonly delimiter: string) {
    const mark = `\\u${delimiter.charCodeAt(0).toString(16).padStart(4, '0')}`;
    this.outside = new RegExp(`[^"\r\n${mark}]+|["\r\n${mark}]`, 'gy');
  }

  *read(chunk: string): Generator<CsvRecord> {
    for (let at = 0; at < chunk.length;) {
      const pattern = this.place === 'quoted' ? this.inside : this.outside;
      pattern.lastIndex = at;
      const [token = ''] = pattern.exec(chunk) ?? [];
      at += token.length;
      if (this.accept(token)) yield this.finish();
      this.isLost = this.place === 'quoted' && this.length > RECORD_LENGTH_MAX;
      if (this.isLost) return yield* this.end();
    }
  }

  /** The last record, if the text does not end with a line end. */
  *end(): Generator<CsvRecord> {
    if (this.place === 'quoted') this.fail(NEVER_CLOSED, this.quoteLine);
    if (this.length > 0) yield this.finish();
  }

  /** @returns true at the end of a record */
  private accept(token: string): boolean {
    const isRestOfLineEnd = token === '\n' && this.isAfterCarriageReturn;
    this.isAfterCarriageReturn = token === '\r';
    if (isRestOfLineEnd) return false;
    if (token === '\n' || token === '\r') return this.endLine();
    this.length += token.length;
    if (token === '"') this.quote();
    else if (token === this.delimiter && this.place !== 'quoted') this.endCell();
    else this.text(token);
    return false;
  }

  private endLine(): boolean {
    this.line += 1;
    if (this.place !== 'quoted') return true;
    this.length += 1;
    this.cell += '\n';
    return false;
  }

  private quote(): void {
    switch (this.place) {
      case 'cell-start':
        this.place = 'quoted';
        this.quoteLine = this.line;
        return;
      case 'quoted':
        this.place = 'closing';
        return;
      case 'closing':
        this.place = 'quoted';
        this.cell += '"';
        return;
      case 'bare':
        return this.fail(STRAY, this.line);
      case 'closed':
        return this.fail(CLOSED_EARLY, this.quoteLine);
      case 'after-fault':
        return;
      default:
        return this.place satisfies never;
    }
  }

  private text(run: string): void {
    switch (this.place) {
      case 'cell-start':
        if (run.trim() === '') return;
        this.place = 'bare';
        this.cell = run;
        break;
      case 'bare':
      case 'quoted':
        this.cell += run;
        break;
      case 'closing':
      case 'closed':
        this.place = 'closed';
        if (run.trim() !== '') this.fail(CLOSED_EARLY, this.quoteLine);
        break;
      case 'after-fault':
        return;
      default:
        return this.place satisfies never;
    }
    if (this.length > RECORD_LENGTH_MAX && this.place !== 'quoted') this.fail(TOO_LONG, this.recordLine);
  }

  private endCell(): void {
    if (this.place === 'after-fault') return;
    this.cells.push(this.cell.trim());
    this.cell = '';
    this.place = 'cell-start';
  }

  /** The rest of the line says nothing that can be relied on. */
  private fail(fault: string, line: number): void {
    if (this.fault !== undefined) return;
    this.fault = { line, fault };
    this.endCell();
    this.place = 'after-fault';
  }

  private finish(): CsvRecord {
    if (this.fault === undefined) this.endCell();
    const record = { line: this.recordLine, cells: this.cells, ...this.fault };
    this.cells = [];
    this.cell = '';
    this.place = 'cell-start';
    this.fault = undefined;
    this.length = 0;
    this.recordLine = this.line;
    return record;
  }
}

const DOUBLED = 'In a cell in quotes, write each quote twice: "a ""b"" c".';
const STRAY = `A quote stands inside a cell that does not begin with one. Put the whole cell in quotes or remove the quote. ${DOUBLED}`;
const CLOSED_EARLY = `Text follows the quote that ends the cell. Close the cell at its end. ${DOUBLED}`;
const NEVER_CLOSED = `The quote at the beginning of the cell is never closed, so that nothing after it can be read. Close it.`;
const TOO_LONG = `The row is longer than ${RECORD_LENGTH_MAX} characters. Look for a missing line end.`;
