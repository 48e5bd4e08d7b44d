import { malformed, tooLarge } from './log-error.js';
import { areHashes, type Hash } from './merkle.js';
import { formatNote, NOTE_BYTES_MAX, parseNote, type SignedNote, verifyNote } from './note.js';
import type { VerifierKey } from './note-key.js';
import { type NoteSignature, parseSignatures } from './note-signature.js';
import { decodeDecimal, decodeHash, decodeUtf8, encodeBase64 } from './strict-text.js';

/** Consistency lines that a client may send (C2SP tlog-witness, "add-checkpoint"). */
const CONSISTENCY_HASHES_MAX = 63;
/** A note, the longest proof (63 lines of 45 bytes) and the old size line. */
export const ADD_CHECKPOINT_BYTES_MAX = NOTE_BYTES_MAX + 4_000;
/** Body of a request to `POST <submission prefix>/add-checkpoint`. */
export interface AddCheckpoint {
  /** Size that, to the knowledge of the log, the witness has cosigned last; 0 for none. */
  readonly oldSize: number;
  /** The consistency proof from `oldSize` to the size of the checkpoint; empty if they are equal or `oldSize` is 0. */
  readonly proof: readonly Hash[];
  readonly note: SignedNote;
}

/**
 * Body of an `add-checkpoint` request: `old <size>`, the consistency hashes, a blank line, the checkpoint.
 * @throws RangeError if the proof has more hashes than any log needs.
 */
export function formatAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): string {
  if (proof.length > CONSISTENCY_HASHES_MAX || !areHashes(proof)) throw new RangeError('That is no consistency proof.');
  return `${[`old ${oldSize}`, ...proof.map(encodeBase64)].join('\n')}\n\n${formatNote(note)}`;
}

/**
 * Reads the body of an `add-checkpoint` request.
 * @throws LogError `malformed` or `limit-exceeded`: status 400.
 */
export function parseAddCheckpoint(body: Uint8Array | string): AddCheckpoint {
  const bytesCount = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  if (bytesCount > ADD_CHECKPOINT_BYTES_MAX) {
    throw tooLarge('The number of bytes of the request', bytesCount, ADD_CHECKPOINT_BYTES_MAX);
  }
  const all = typeof body === 'string' ? body : decodeUtf8(body);
  if (all === undefined) throw malformed('request to add a checkpoint', 'it is not UTF-8');
  const blank = all.indexOf('\n\n');
  if (blank < 0) throw malformed('request to add a checkpoint', 'it has no empty line');
  const [oldLine = '', ...lines] = all.slice(0, blank).split('\n');
  const oldSize = oldLine.startsWith('old ') ? decodeDecimal(oldLine.slice('old '.length)) : undefined;
  if (oldSize === undefined) throw malformed('request to add a checkpoint', 'it does not start with "old <decimal>"');
  if (lines.length > CONSISTENCY_HASHES_MAX) {
    throw tooLarge('The number of consistency hashes', lines.length, CONSISTENCY_HASHES_MAX);
  }
  return { oldSize, proof: lines.map(readHash), note: parseNote(all.slice(blank + 2)) };
}

/**
 * The valid cosignatures of a witness's answer to `add-checkpoint`, for `withSignatures`. Cosignatures by other keys than
 * the given ones are left out (C2SP tlog-witness: "MUST ignore").
 * @throws LogError `malformed`, `signature-invalid`, or `no-trusted-signature` if none is left.
 */
export function acceptCosignatures(
  note: SignedNote,
  answerBody: string,
  witnesses: readonly VerifierKey[],
): NoteSignature[] {
  const signatures = parseSignatures(answerBody);
  return verifyNote({ text: note.text, signatures }, witnesses).verified.map(({ signature }) => signature);
}

function readHash(line: string): Hash {
  const hash = decodeHash(line);
  if (hash === undefined) throw malformed('request to add a checkpoint', `"${line}" is not the base64 of 32 bytes`);
  return hash;
}
