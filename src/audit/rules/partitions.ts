import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RowBuffer, rowsIn, type Row } from './row.js';

/** So many that one partition fits into memory, even of a hundred million rows. */
const PARTITIONS = 128;
/** Collected for each partition before a write: 1 MB of memory for all of them. */
const CHUNK_BYTES = 8_192;
/** A chunk is written when less room than this is left: a usual row has some hundred bytes. */
const ROOM_BYTES_MIN = 1_024;

/**
 * Rows by key for a later check key by key, in memory that does not grow with their number. All rows of one key are in one
 * of 128 partitions, in the order in which they were added, and full chunks go to a temporary file. The file loses its name
 * as soon as it is open, so that it disappears with the process.
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

  /** Partition by partition. The rows of a partition can be iterated more than once. */
  *[Symbol.iterator](): Generator<Iterable<R>> {
    for (const partition of this.partitions.values()) yield partition as Iterable<Row> as Iterable<R>;
  }

  close(): void {
    this.file.close();
    this.partitions.clear();
  }
}

/** A chunk holds whole rows only, so that it can be read by itself. */
class Partition {
  private readonly gathered = new RowBuffer(CHUNK_BYTES);
  /** Offset and length of each chunk in the file, by turns. */
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

/** Created at the first write: a short log stays in memory. */
class ScratchFile {
  private descriptor: number | undefined;
  private bytes = 0;
  private chunk = Buffer.allocUnsafe(0);

  /** @returns the offset of the chunk. */
  append(chunk: Uint8Array): number {
    this.descriptor ??= openScratch();
    const at = this.bytes;
    for (let done = 0; done < chunk.length;)
      done += writeSync(this.descriptor, chunk, done, chunk.length - done, at + done);
    this.bytes += chunk.length;
    return at;
  }

  /** The buffer is valid until the next read. */
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
    // The open file stays usable without its name.
    rmSync(folder, { recursive: true });
  }
}

/** FNV-1a over the units of the key. */
function partitionOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 16)) & (PARTITIONS - 1);
}
