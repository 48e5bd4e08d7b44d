import { ANOTHER_COPY, NOT_WHOLE, NotCheckable, ProvenWrong } from './audit-finding.js';
import type { OpenedLog } from './audit-log.js';
import { LogError } from '../tlog/log-error.js';
import { hashesEqual, leafHash, type Hash } from '../tlog/merkle.js';
import { proveInclusion, proveSubtree } from '../tlog/merkle-proof.js';
import { inclusionRoot, verifySubtreeConsistency } from '../tlog/merkle-verify.js';
import { encodeHex } from '../tlog/strict-text.js';
import { hashAt, TILE_WIDTH, type BundleAddress, type TileAddress } from '../tlog/tile.js';

// Two published artefacts contradict each other. The changed one is the artefact that does not lead to the signed root.

/** A bundle and the tile with the hashes of its entries, as read. */
export interface ReadBundle {
  readonly address: BundleAddress;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly tile: { readonly path: string; readonly bytes: Uint8Array };
}

/** The hash that was computed from the level below, and the hash that the tile has. */
interface Disagreement {
  /** Number of the hash in its tile. */
  readonly at: number;
  readonly computed: Hash;
  readonly published: Hash;
}

/** The hash of an entry is not the hash in its tile. */
export async function blameLeaf(
  { checkpoint: { size, root }, hashes }: OpenedLog,
  { path, tile, address }: ReadBundle,
  { at, entry, computed, published }: Disagreement & { readonly entry: Uint8Array },
): Promise<ProvenWrong> {
  const index = address.index * TILE_WIDTH + at;
  const proof = await proofIfAny(() => proveInclusion(index, size, hashes));
  const leadsToRoot = (leaf: Hash): boolean => {
    const found = proof && inclusionRoot(index, size, leaf, proof);
    return found !== undefined && hashesEqual(found, root);
  };
  const isTile = leadsToRoot(computed);
  const message = isTile
    ? `Hash ${at} of the tile is not that of the entry, which is the one that was signed: the tile was changed.`
    : leadsToRoot(published)
      ? 'The entry is not the one that was signed: it was changed.'
      : 'The entry and its hash in the tile differ, and neither leads to the signed root: more than one of them was changed.';
  return new ProvenWrong({
    check: isTile ? 'tiles' : 'entries',
    artefact: isTile ? tile.path : path,
    position: index + 1,
    ...labelOf(entry),
    message,
    ...factsOf(isTile, computed, published),
    nextStep: ANOTHER_COPY,
  });
}

/** The hash over a lower tile is not the hash in the tile above. */
export async function blameNode(
  { checkpoint: { size, root }, hashes }: OpenedLog,
  { address, path }: { readonly address: TileAddress; readonly path: string },
  { at, computed, published }: Disagreement,
): Promise<ProvenWrong> {
  const span = TILE_WIDTH ** address.level;
  const start = (address.index * TILE_WIDTH + at) * span;
  const proof = await proofIfAny(() => proveSubtree(start, start + span, size, hashes));
  const leadsToRoot = (node: Hash): boolean =>
    proof !== undefined && verifySubtreeConsistency(start, start + span, size, proof, node, root);
  const isTile = leadsToRoot(computed);
  const what = isTile
    ? 'Those are the ones that were signed: the tile was changed.'
    : leadsToRoot(published)
      ? 'The tile is what was signed: some of the entries were changed, and their own tiles with them.'
      : 'Neither leads to the signed root.';
  return new ProvenWrong({
    check: isTile ? 'tiles' : 'entries',
    artefact: path,
    position: start + 1,
    message: `Hash ${at} of the tile is not that over the entries at positions ${start + 1} to ${start + span}. ${what}`,
    ...factsOf(isTile, computed, published),
    nextStep: ANOTHER_COPY,
  });
}

/**
 * The bundle cannot be taken apart. An entry that is there and does not fit its hash in the tile shows that a length was changed.
 * When all fit that are there, the rest is missing, or something stands behind them.
 */
export function blameBundle({ address, path, bytes, tile }: ReadBundle, why: string): ProvenWrong | NotCheckable {
  let start = 0;
  for (let at = 0; at < address.width; at += 1) {
    const end = start + 2 + (bytes[start] ?? 0) * 256 + (bytes[start + 1] ?? 0);
    const position = address.index * TILE_WIDTH + at + 1;
    if (end > bytes.length)
      return new NotCheckable(`${path} ends within the entry of position ${position}. ${why}`, NOT_WHOLE);
    const found = leafHash(bytes.subarray(start + 2, end));
    const published = hashAt(tile.bytes, at);
    if (!hashesEqual(found, published)) {
      return new ProvenWrong({
        check: 'entries',
        artefact: path,
        position,
        message: `The bundle cannot be taken apart from this entry on. ${why}`,
        expected: encodeHex(published),
        found: encodeHex(found),
        nextStep: ANOTHER_COPY,
      });
    }
    start = end;
  }
  return new NotCheckable(`${path} has bytes after its last entry. ${why}`, NOT_WHOLE);
}

/** Stream and type as the bytes state them. These very bytes may be the changed ones. */
export function labelOf(entry: Uint8Array): { stream?: string; type?: string } {
  const text = Buffer.from(entry).toString('utf8');
  const stream = /"stream":"([^"]{1,200})"/.exec(text)?.[1];
  const type = /,"type":"([^"]{1,100})","v":/.exec(text)?.[1];
  return { ...(stream !== undefined && { stream }), ...(type !== undefined && { type }) };
}

const factsOf = (isTile: boolean, computed: Hash, published: Hash): { expected: string; found: string } => ({
  expected: encodeHex(isTile ? computed : published),
  found: encodeHex(isTile ? published : computed),
});

/** A second damaged or missing tile makes the proof impossible; then it stays open which artefact was changed. */
async function proofIfAny(make: () => Promise<Hash[]>): Promise<Hash[] | undefined> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof ProvenWrong || error instanceof NotCheckable || error instanceof LogError) return undefined;
    throw error;
  }
}
