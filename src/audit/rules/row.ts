/** What a row has in one of its places: a value of JSON, or nothing. Short texts and numbers are cheapest. */
export type Row = readonly unknown[];

/** A text of up to so many characters stands behind its length in one byte; greater ones say what else follows. */
const SHORT_MAX = 250;
const NOTHING = 251;
const NUMBER = 252;
const TEXT = 253;
const JSON_TEXT = 254;
const LENGTH_BYTES = 4;
const NUMBER_BYTES = 8;
/** The highest unit of a string that one byte can stand for. */
const UNIT_MAX = 0xff;

const number = new Float64Array(1);
const numberBytes = new Uint8Array(number.buffer);

/**
 * Rows one behind the other, a byte for each character where that is possible: what is read back is one string, and every
 * text in it a part of that. Printing each row as JSON and parsing it measured three times slower.
 */
export class RowBuffer {
  private bytes: Buffer;
  private used = 0;

  /** @param size to begin with; it grows for a row that is longer than what is left. */
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

  /** A view of what was added, good until more is. */
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

/** The rows of what a buffer held, whole ones from its first byte on. */
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
