import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** So many that what belongs together in one of them fits into memory, also of a hundred million rows. */
const PARTITIONS = 128;
/** Gathered for each partition before it is written: 4 MB of memory for all of them. */
const CHUNK_BYTES = 32_768;
/** UTF-8 has at most three bytes for what is one unit of a JavaScript string. */
const BYTES_PER_UNIT_MAX = 3;

/**
 * Rows set aside by a key, to be looked at later key by key, in memory that does not grow with their number: all rows of one
 * key are in one of 128 partitions, in the order in which they came, and what is full goes to a temporary file. The file has
 * no name any more as soon as it is open, so that nothing is left behind however the process ends.
 */
export class Partitions<Row extends readonly unknown[]> {
  private readonly partitions = new Map<number, Partition>();
  private readonly file = new ScratchFile();

  add(key: string, row: Row): void {
    const number = partitionOf(key);
    let partition = this.partitions.get(number);
    if (partition === undefined) this.partitions.set(number, (partition = new Partition(this.file)));
    partition.add(`${JSON.stringify(row)}\n`);
  }

  /** Partition by partition; the rows of each may be gone through more than once. */
  *[Symbol.iterator](): Generator<Iterable<Row>> {
    for (const partition of this.partitions.values()) yield { [Symbol.iterator]: () => rowsOf<Row>(partition) };
  }

  close(): void {
    this.file.close();
    this.partitions.clear();
  }
}

function* rowsOf<Row>(partition: Partition): Generator<Row> {
  for (const chunk of partition.read()) {
    for (const line of chunk.split('\n')) if (line !== '') yield JSON.parse(line) as Row;
  }
}

/** Whole lines only are in one chunk, so that each can be read by itself. */
class Partition {
  private buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  private used = 0;
  /** Where the chunks are in the file: offset and length by turns. */
  private readonly chunks: number[] = [];

  constructor(private readonly file: ScratchFile) {}

  add(line: string): void {
    const bytesMax = line.length * BYTES_PER_UNIT_MAX;
    if (this.buffer.length - this.used < bytesMax) {
      this.flush();
      if (this.buffer.length < bytesMax) this.buffer = Buffer.allocUnsafe(bytesMax);
    }
    this.used += this.buffer.write(line, this.used);
  }

  *read(): Generator<string> {
    for (let at = 0; at < this.chunks.length; at += 2) {
      yield this.file.read(this.chunks[at] ?? 0, this.chunks[at + 1] ?? 0).toString();
    }
    yield this.buffer.toString('utf8', 0, this.used);
  }

  private flush(): void {
    if (this.used > 0) this.chunks.push(this.file.append(this.buffer.subarray(0, this.used)), this.used);
    this.used = 0;
  }
}

/** Made when something is written: a short log stays in memory. */
class ScratchFile {
  private descriptor: number | undefined;
  private bytes = 0;

  /** @returns where it was written. */
  append(chunk: Uint8Array): number {
    this.descriptor ??= openScratch();
    const at = this.bytes;
    for (let done = 0; done < chunk.length;)
      done += writeSync(this.descriptor, chunk, done, chunk.length - done, at + done);
    this.bytes += chunk.length;
    return at;
  }

  read(at: number, bytes: number): Buffer {
    const chunk = Buffer.allocUnsafe(bytes);
    if (this.descriptor === undefined || readSync(this.descriptor, chunk, 0, bytes, at) !== bytes) {
      throw new Error('The temporary file of the verification has become shorter.');
    }
    return chunk;
  }

  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }
}

function openScratch(): number {
  const folder = mkdtempSync(join(tmpdir(), 'ppp-ledger-verify-'));
  try {
    return openSync(join(folder, 'rows'), 'wx+', 0o600);
  } finally {
    // The open file lives on without its name.
    rmSync(folder, { recursive: true });
  }
}

/** FNV-1a over the units of the key. */
function partitionOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 16)) & (PARTITIONS - 1);
}
