/** A cell of a row is a JSON value or undefined. Short texts and numbers take the least space. */
export type Row = readonly unknown[];

/** One byte before a cell: up to this value the length of a short text, above it the kind of the cell. */
const SHORT_MAX = 250;
const NOTHING = 251;
const NUMBER = 252;
const TEXT = 253;
const JSON_TEXT = 254;
const LENGTH_BYTES = 4;
const NUMBER_BYTES = 8;
/** The highest UTF-16 unit that fits into one byte. */
const UNIT_MAX = 0xff;

const number = new Float64Array(1);
const numberBytes = new Uint8Array(number.buffer);

/**
 * Consecutive rows in one buffer, one byte a character where that is possible. A chunk is read back as one string, and its
 * texts are parts of that string. JSON for each row measured three times slower.
 */
export class RowBuffer {
  private bytes: Buffer;
  private used = 0;

  /** @param size the first size; the buffer grows for a row that is longer than the room that is left. */
  constructor(private readonly size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  /** Bytes that are left without growing. */
  get room(): number {
    return this.bytes.length - this.used;
  }

  add(row: Row): void {
    this.addByte(row.length);
    for (const cell of row) {
      if (typeof cell === 'string') this.addText(cell);
      else if (typeof cell === 'number') this.addNumber(cell);
      else if (cell === undefined) this.addByte(NOTHING);
      else this.addLong(JSON_TEXT, JSON.stringify(cell));
    }
  }

  /** A view of all added rows, valid until the next one is added. */
  contents(): Buffer {
    return this.bytes.subarray(0, this.used);
  }

  clear(): void {
    this.used = 0;
    if (this.bytes.length > this.size) this.bytes = Buffer.allocUnsafe(this.size);
  }

  private addByte(byte: number): void {
    this.makeRoom(1);
    this.bytes[this.used] = byte;
    this.used += 1;
  }

  private addText(text: string): void {
    const { length } = text;
    if (length > SHORT_MAX) return this.addLong(TEXT, text);
    this.makeRoom(1 + length);
    const { bytes, used } = this;
    bytes[used] = length;
    for (let at = 0; at < length; at += 1) {
      const unit = text.charCodeAt(at);
      if (unit > UNIT_MAX) return this.addLong(TEXT, text);
      bytes[used + 1 + at] = unit;
    }
    this.used = used + 1 + length;
  }

  private addNumber(value: number): void {
    this.makeRoom(1 + NUMBER_BYTES);
    number[0] = value;
    this.bytes[this.used] = NUMBER;
    this.bytes.set(numberBytes, this.used + 1);
    this.used += 1 + NUMBER_BYTES;
  }

  private addLong(kind: number, text: string): void {
    const length = Buffer.byteLength(text);
    this.makeRoom(1 + LENGTH_BYTES + length);
    this.bytes[this.used] = kind;
    this.bytes.writeUInt32BE(length, this.used + 1);
    this.bytes.write(text, this.used + 1 + LENGTH_BYTES);
    this.used += 1 + LENGTH_BYTES + length;
  }

  private makeRoom(bytes: number): void {
    if (this.room >= bytes) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.used + bytes));
    this.bytes.copy(grown, 0, 0, this.used);
    this.bytes = grown;
  }
}

/** The rows of a buffer's contents, which must begin and end with whole rows. */
export function rowsIn(contents: Buffer): Row[] {
  const text = contents.toString('latin1');
  const rows: Row[] = [];
  for (let at = 0; at < text.length;) {
    const row = new Array<unknown>(text.charCodeAt(at));
    at += 1;
    for (let cell = 0; cell < row.length; cell += 1) {
      const kind = text.charCodeAt(at);
      at += 1;
      if (kind <= SHORT_MAX) {
        row[cell] = text.slice(at, at + kind);
        at += kind;
      } else if (kind === NUMBER) {
        row[cell] = numberAt(text, at);
        at += NUMBER_BYTES;
      } else if (kind !== NOTHING) {
        const end = at + LENGTH_BYTES + contents.readUInt32BE(at);
        const long = contents.toString('utf8', at + LENGTH_BYTES, end);
        row[cell] = kind === TEXT ? long : (JSON.parse(long) as unknown);
        at = end;
      }
    }
    rows.push(row);
  }
  return rows;
}

function numberAt(text: string, at: number): number {
  for (let byte = 0; byte < NUMBER_BYTES; byte += 1) numberBytes[byte] = text.charCodeAt(at + byte);
  return number[0] ?? 0;
}
