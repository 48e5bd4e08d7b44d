import { type Checkpoint, parseCheckpoint } from './checkpoint.js';
import { LogError, malformed, tooLarge } from './log-error.js';
import { areHashes, type Hash, hashesEqual } from './merkle.js';
import { inclusionRoot } from './merkle-verify.js';
import { formatNote, NOTE_BYTES_MAX, parseNote, type SignedNote } from './note.js';
import { openWithPolicy, type Policy, type PolicyVerdict } from './policy.js';
import { decodeBase64, decodeDecimal, decodeHash, decodeUtf8, encodeBase64, encodeHex } from './strict-text.js';

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';
/** A path in a tree of 2^63 leaves is no longer. */
const PROOF_HASHES_MAX = 63;
/** Twice the limit of a note, so that opaque extra data has room. */
export const PROOF_BYTES_MAX = 2 * NOTE_BYTES_MAX;

/** A receipt: with the keys of a policy, anyone can check it without the log (C2SP tlog-proof, "Format"). */
export interface TlogProof {
  /** Number of the entry, from 0: its position in the ledger minus 1. */
  readonly index: number;
  /** The hashes of the proof, from the leaf's sibling upwards. */
  readonly hashes: readonly Hash[];
  readonly checkpoint: SignedNote;
  /** Opaque and not authenticated: nothing finds a changed bit in it. */
  readonly extra?: Uint8Array;
}

/** The content of a verified proof. */
export interface VerifiedProof extends PolicyVerdict {
  readonly index: number;
}

/**
 * Text of a `.tlog-proof` file.
 * @throws RangeError if it has more hashes than any tree needs, or a value that is not a hash.
 */
export function formatProof({ index, hashes, checkpoint, extra }: TlogProof): string {
  if (hashes.length > PROOF_HASHES_MAX || !areHashes(hashes))
    throw new RangeError('The hashes are no inclusion proof.');
  const lines = [
    FIRST_LINE,
    ...(extra === undefined ? [] : [`extra ${encodeBase64(extra)}`]),
    `index ${index}`,
    ...hashes.map(encodeBase64),
  ];
  return `${lines.join('\n')}\n\n${formatNote(checkpoint)}`;
}

/**
 * Reads a `.tlog-proof`; nothing is verified yet.
 * @throws LogError `malformed` or `limit-exceeded`.
 */
export function parseProof(proof: Uint8Array | string): TlogProof {
  const bytesCount = typeof proof === 'string' ? Buffer.byteLength(proof) : proof.length;
  if (bytesCount > PROOF_BYTES_MAX) throw tooLarge('The number of bytes of the proof', bytesCount, PROOF_BYTES_MAX);
  const all = typeof proof === 'string' ? proof : decodeUtf8(proof);
  if (all === undefined) throw malformed('tlog-proof', 'it is not UTF-8');
  const blank = all.indexOf('\n\n');
  const [first, ...lines] = all.slice(0, Math.max(blank, 0)).split('\n');
  if (first !== FIRST_LINE) throw malformed('tlog-proof', `it does not start with the line ${FIRST_LINE}`);
  const extra = lines[0]?.startsWith('extra ') ? decodeBase64(lines.shift()?.slice('extra '.length) ?? '') : null;
  if (extra === undefined || extra?.length === 0) throw malformed('tlog-proof', 'its extra data is not base64');
  const indexLine = lines.shift() ?? '';
  const index = indexLine.startsWith('index ') ? decodeDecimal(indexLine.slice('index '.length)) : undefined;
  if (index === undefined) throw malformed('tlog-proof', 'it has no line "index <decimal>"');
  if (lines.length > PROOF_HASHES_MAX) throw tooLarge('The number of hashes', lines.length, PROOF_HASHES_MAX);
  const checkpoint = parseNote(all.slice(blank + 2));
  return { index, hashes: lines.map(readHash), checkpoint, ...(extra !== null && { extra }) };
}

/**
 * Verifies a receipt offline: the checkpoint is signed by a log of the policy and cosigned by its quorum, and the leaf is
 * number `index` in its tree.
 * @param leaf `leafHash` of the bytes of the entry that the receipt is for.
 * @throws LogError `proof-invalid` with the expected and the found root, or what `openWithPolicy` throws.
 */
export function verifyProof(proof: TlogProof, leaf: Hash, policy: Policy): VerifiedProof {
  const verdict = openWithPolicy(proof.checkpoint, policy);
  checkInclusion(proof, leaf, verdict.checkpoint);
  return { ...verdict, index: proof.index };
}

/** The entry number and the checkpoint that an unverified receipt claims, e.g. to fetch the entry. */
export const claimOf = (proof: TlogProof): { readonly index: number; readonly checkpoint: Checkpoint } => ({
  index: proof.index,
  checkpoint: parseCheckpoint(proof.checkpoint.text),
});

function checkInclusion({ index, hashes }: TlogProof, leaf: Hash, { size, root }: Checkpoint): void {
  const found = inclusionRoot(index, size, leaf, hashes);
  if (found !== undefined && hashesEqual(found, root)) return;
  const message = `The proof does not show the entry to be number ${index} of the ${size} in the log.`;
  throw new LogError('proof-invalid', message, {
    index,
    size,
    leaf: encodeHex(leaf),
    expected: encodeHex(root),
    found: found === undefined ? 'a proof of the wrong length' : encodeHex(found),
  });
}

function readHash(line: string): Hash {
  const hash = decodeHash(line);
  if (hash === undefined) throw malformed('tlog-proof', `a line of its path is not the base64 of 32 bytes: "${line}"`);
  return hash;
}
