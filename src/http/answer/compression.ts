import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { digestOf } from './digest.js';
import type { Coding } from './negotiation.js';

const [toBrotli, toGzip] = [promisify(brotliCompress), promisify(gzip)];

/** A smaller answer fits into one packet of the network, coded or not. */
export const COMPRESSED_BYTES_MIN = 1_400;
/** A larger answer would keep a thread of the pool for a second. */
const COMPRESSED_BYTES_MAX = 16_777_216;
/** Threads of the pool that may compress; the others stay free for files, signatures and names. Further answers are sent as they are. */
const RUNNING_MAX = 2;
/** Compressed answers that are kept. */
const KEPT_BYTES_MAX = 16_777_216;
/**
 * Measured with the capacity report of the demo, 258 kB: brotli 5 makes 14.4 kB in 2.1 ms of CPU, gzip 6 makes 16.1 kB in 1.9 ms, and
 * brotli 11 would make 11.5 kB in 358 ms.
 */
const BROTLI_QUALITY = 5;
const GZIP_LEVEL = 6;

/** Compresses answers, and remembers the compressed bytes: a report that many pages read is compressed once. */
export class Compression {
  private readonly kept = new Map<string, Buffer>();
  private keptBytes = 0;
  private running = 0;

  /** The bytes in a coding; undefined when the answer is too small or too large for it, or too many answers are being compressed. */
  async compressed(bytes: string | Buffer, coding: Coding): Promise<Buffer | undefined> {
    const size = Buffer.byteLength(bytes);
    if (size < COMPRESSED_BYTES_MIN || size > COMPRESSED_BYTES_MAX) return undefined;
    // The name is the hash of the bytes, and not the tag of the answer: two records may have the same tag.
    const name = `${coding} ${digestOf(bytes)}`;
    const known = this.kept.get(name);
    if (known) return known;
    if (this.running >= RUNNING_MAX) return undefined;
    this.running += 1;
    try {
      const made = await (coding === 'br'
        ? toBrotli(bytes, {
            params: {
              [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
              [constants.BROTLI_PARAM_SIZE_HINT]: size,
              [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
            },
          })
        : toGzip(bytes, { level: GZIP_LEVEL }));
      this.keep(name, made);
      return made;
    } finally {
      this.running -= 1;
    }
  }

  /** The oldest bytes are forgotten first. */
  private keep(name: string, made: Buffer): void {
    if (this.kept.has(name)) return;
    this.kept.set(name, made);
    this.keptBytes += made.length;
    for (const [oldest, { length }] of this.kept) {
      if (this.keptBytes <= KEPT_BYTES_MAX) return;
      this.kept.delete(oldest);
      this.keptBytes -= length;
    }
  }
}
