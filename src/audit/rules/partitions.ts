import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RowBuffer, rowsIn, type Row } from './row.js';

/** So many that what belongs together in one of them fits into memory, also of a hundred million rows. */
const PARTITIONS = 128;
/** Gathered for each partition before it is written: 1 MB of memory for all of them. */
const CHUNK_BYTES = 8_192;
/** What is gathered is written when less than this is left: a usual row has some hundred bytes. */
const ROOM_BYTES_MIN = 1_024;

/**
 * Rows set aside by a key, to be looked at later key by key, in memory that does not grow with their number: all rows of one
 * key are in one of 128 partitions, in the order in which they came, and what is full goes to a temporary file. The file has
 * no name any more as soon as it is open, so that nothing is left behind however the process ends.
 */
export class Partitions<R extends Row> {
  private readonly partitions = new Map<number, Partition>();
  private readonly file = new ScratchFile();

  add(key: string, row: R): void {
    const number = partitionOf(key);
    let partition = this.partitions.get(number);
    if (partition === undefined) this.partitions.set(number, (partition = new Partition(this.file)));
    partition.add(row);
  }

  /** Partition by partition; the rows of each may be gone through more than once. */
  *[Symbol.iterator](): Generator<Iterable<R>> {
    for (const partition of this.partitions.values()) yield partition as Iterable<Row> as Iterable<R>;
  }

  close(): void {
    this.file.close();
    this.partitions.clear();
  }
}

/** Whole rows only are in one chunk, so that each can be read by itself. */
class Partition {
  private readonly gathered = new RowBuffer(CHUNK_BYTES);
  /** Where the chunks are in the file: offset and length by turns. */
  private readonly chunks: number[] = [];

  constructor(private readonly file: ScratchFile) {}

  add(row: Row): void {
    this.gathered.add(row);
    if (this.gathered.room < ROOM_BYTES_MIN) this.flush();
  }

  *[Symbol.iterator](): Generator<Row> {
    for (let at = 0; at < this.chunks.length; at += 2) {
      yield* rowsIn(this.file.read(this.chunks[at] ?? 0, this.chunks[at + 1] ?? 0));
    }
    yield* rowsIn(this.gathered.contents());
  }

  private flush(): void {
    const contents = this.gathered.contents();
    this.chunks.push(this.file.append(contents), contents.length);
    this.gathered.clear();
  }
}

/** Made when something is written: a short log stays in memory. */
class ScratchFile {
  private descriptor: number | undefined;
  private bytes = 0;
  private chunk = Buffer.allocUnsafe(0);

  /** @returns where it was written. */
  append(chunk: Uint8Array): number {
    this.descriptor ??= openScratch();
    const at = this.bytes;
    for (let done = 0; done < chunk.length;)
      done += writeSync(this.descriptor, chunk, done, chunk.length - done, at + done);
    this.bytes += chunk.length;
    return at;
  }

  /** Good until the next one is read. */
  read(at: number, bytes: number): Buffer {
    if (this.chunk.length < bytes) this.chunk = Buffer.allocUnsafe(bytes);
    const chunk = this.chunk.subarray(0, bytes);
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
