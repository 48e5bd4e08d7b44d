import { ANOTHER_COPY, NotCheckable, ProvenWrong } from './audit-finding.js';
import { readBundle, type OpenedLog } from './audit-log.js';
import { decodeBundle } from '../tlog/entry-bundle.js';
import { LogError } from '../tlog/log-error.js';
import { hashesEqual, leafHash, type Hash } from '../tlog/merkle.js';
import { proveInclusion } from '../tlog/merkle-proof.js';
import { inclusionRoot } from '../tlog/merkle-verify.js';
import { encodeHex } from '../tlog/strict-text.js';
import { TILE_WIDTH, tileWidth } from '../tlog/tile.js';
import { labelOf } from './verify-blame.js';

/** One entry, and the proof that it was signed. */
export interface ProvenEntry {
  readonly position: number;
  readonly entry: Uint8Array;
  readonly leaf: Hash;
  /** The hashes of the proof, from the leaf's sibling upwards. */
  readonly path: readonly Hash[];
}

/**
 * Reads one entry and proves it by the tiles, without reading the rest of the log.
 * @throws ProvenWrong if the proof does not lead to the signed root
 * @throws NotCheckable for a position that the log does not have
 */
export async function readEntry(log: OpenedLog, position: number): Promise<ProvenEntry> {
  const { size, root } = log.checkpoint;
  if (position < 1 || position > size) {
    throw new NotCheckable(`There is no position ${position}: the log has ${size}.`, `Give one from 1 to ${size}.`);
  }
  const number = position - 1;
  const index = Math.floor(number / TILE_WIDTH);
  const width = tileWidth('entries', index, size);
  const { path: artefact, bytes, isWhole } = await readBundle(log.source, { level: 'entries', index, width });
  const entry = entriesOf(bytes, isWhole ? TILE_WIDTH : width, artefact)[number % TILE_WIDTH];
  if (entry === undefined) throw new Error(`The bundle has no entry of position ${position}.`);
  const leaf = leafHash(entry);
  const path = await proveInclusion(number, size, log.hashes);
  const found = inclusionRoot(number, size, leaf, path);
  if (found !== undefined && hashesEqual(found, root)) return { position, entry, leaf, path };
  throw new ProvenWrong({
    check: 'entries',
    artefact,
    position,
    ...labelOf(entry),
    message: 'The entry and the tiles do not lead to the signed root.',
    expected: encodeHex(root),
    found: found === undefined ? 'a proof of the wrong length' : encodeHex(found),
    nextStep: `Run "audit verify": it says which of them was changed. ${ANOTHER_COPY}`,
  });
}

/**
 * The entries of a bundle.
 * @throws NotCheckable for a bundle that cannot be taken apart. `audit verify` tells whether it was cut off or changed.
 */
export function entriesOf(bundle: Uint8Array, width: number, path: string): readonly Uint8Array[] {
  try {
    return decodeBundle(bundle, width);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    throw new NotCheckable(
      `${path} cannot be taken apart: ${error.message}`,
      'Run "audit verify": it says what is wrong with it.',
    );
  }
}

/**
 * The last position whose event was recorded at or before an instant; 0 if there is none. This is a binary search, because
 * the time of recording never goes back along positions.
 */
export async function positionAt(log: OpenedLog, instantMs: number): Promise<number> {
  let low = 0;
  let high = log.checkpoint.size;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const { entry } = await readEntry(log, middle);
    if (recordedAtMs(entry, middle) <= instantMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

function recordedAtMs(entry: Uint8Array, position: number): number {
  // Canonical text sorts members: `data` is before `recordedAt`, so that the last match is the member of the envelope.
  const text = Buffer.from(entry).toString('utf8');
  const [, recordedAt = ''] = /^.*"recordedAt":"([^"]+)"/s.exec(text) ?? [];
  const at = Date.parse(recordedAt);
  if (!Number.isNaN(at)) return at;
  throw new NotCheckable(`The event at position ${position} does not say when it was recorded.`, 'Run "audit verify".');
}
