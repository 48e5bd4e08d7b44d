import { malformed } from './log-error.js';
import { ENTRY_BYTES_MAX } from './merkle.js';
import { TILE_WIDTH } from './tile.js';

const LENGTH_BYTES = 2;

/**
 * Bundle of entries: for each a big-endian uint16 length and its bytes (C2SP tlog-tiles, "Log entries").
 * @throws RangeError if there is no entry, there are more than 256, or one is longer than 65,535 bytes.
 */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0 || entries.length > TILE_WIDTH) {
    throw new RangeError(`A bundle has 1 to ${TILE_WIDTH} entries, not ${entries.length}.`);
  }
  const bundle = Buffer.allocUnsafe(entries.reduce((bytes, entry) => bytes + LENGTH_BYTES + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > ENTRY_BYTES_MAX) {
      throw new RangeError(`An entry of ${entry.length} bytes does not fit into a bundle.`);
    }
    at = bundle.writeUInt16BE(entry.length, at);
    bundle.set(entry, at);
    at += entry.length;
  }
  return bundle;
}

/**
 * The entries of a bundle as views into its bytes: an entry that is kept keeps the whole bundle in memory.
 * @param width how many entries it must hold, from its path.
 * @throws LogError `malformed` if it holds fewer or more, or a length runs past its end.
 */
export function decodeBundle(bundle: Uint8Array, width: number): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bundle.length) {
    const high = bundle[at];
    const low = bundle[at + 1];
    if (high === undefined || low === undefined) throw malformed('entry bundle', `it ends within a length at ${at}`);
    const end = at + LENGTH_BYTES + high * 256 + low;
    if (end > bundle.length) throw malformed('entry bundle', `the entry at byte ${at} runs past its end`);
    if (entries.length === width) throw malformed('entry bundle', `it holds more than ${width} entries`);
    entries.push(bundle.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  if (entries.length !== width) throw malformed('entry bundle', `it holds ${entries.length} entries, not ${width}`);
  return entries;
}
