import { LogError, malformed } from './log-error.js';
import { EMPTY_ROOT, HASH_BYTES, type Hash, hashesEqual, isSize } from './merkle.js';
import { formatNote, parseNote, type SignedNote, signText, type VerifiedNote, verifyNote } from './note.js';
import { isKeyName, type SigningKey, type VerifierKey } from './note-key.js';
import { decodeDecimal, decodeHash, encodeBase64 } from './strict-text.js';

/** Size and root of a tree. Two parties whose sizes and roots are equal have seen the same history. */
export interface TreeHead {
  /** Number of leaves. */
  readonly size: number;
  readonly root: Hash;
}

/** The statement that a log signs (C2SP tlog-checkpoint, "Note text"). */
export interface Checkpoint extends TreeHead {
  /** Identity of the log, e.g. `ledger.example.eu/log`. */
  readonly origin: string;
  /**
   * Extension lines are not recommended, because no monitor can audit them. They are kept so that a foreign checkpoint stays
   * unchanged.
   */
  readonly extensions?: readonly string[];
}

/** A checkpoint with at least one signature that was verified. */
export interface OpenedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: VerifiedNote;
}

/**
 * Text of the note: origin, size, base64 root and any extension, a line each.
 * @throws RangeError for an origin with a space or plus, an impossible size or root, or an empty extension line.
 */
export function formatCheckpoint({ origin, size, root, extensions = [] }: Checkpoint): string {
  if (!isKeyName(origin)) throw new RangeError('An origin is not empty and has no space, plus or control character.');
  if (!isSize(size) || root.length !== HASH_BYTES)
    throw new RangeError('A checkpoint needs a size and a 32-byte root.');
  if (extensions.some((line) => line === '' || line.includes('\n'))) {
    throw new RangeError('An extension line is not empty and has no newline.');
  }
  return [origin, size, encodeBase64(root), ...extensions].map((line) => `${line}\n`).join('');
}

/**
 * Reads the text of a checkpoint. Any origin that is not empty is taken, as tlog-checkpoint demands of clients.
 * @throws LogError `malformed`, also for a size above 2^53 - 1 and for an empty tree with another root than SHA-256("").
 */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw malformed('checkpoint', 'it does not end in a newline');
  const [origin = '', sizeText = '', rootText = '', ...extensions] = lines;
  const size = decodeDecimal(sizeText);
  const root = decodeHash(rootText);
  if (origin === '') throw malformed('checkpoint', 'it has no origin');
  if (size === undefined) throw malformed('checkpoint', `its size is not a decimal number below 2^53: "${sizeText}"`);
  if (root === undefined) throw malformed('checkpoint', 'its root is not the base64 of 32 bytes');
  if (extensions.includes('')) throw malformed('checkpoint', 'it has an empty line');
  if (size === 0 && !hashesEqual(root, EMPTY_ROOT)) throw malformed('checkpoint', 'an empty tree has another root');
  return { origin, size, root, ...(extensions.length > 0 && { extensions }) };
}

/**
 * A checkpoint with the log's Ed25519 signature. The caller must never sign two that are inconsistent.
 * @throws RangeError if the key is not named like the origin: verifiers find the log by both being equal.
 */
export function signCheckpoint(checkpoint: Checkpoint, key: SigningKey): string {
  if (key.name !== checkpoint.origin)
    throw new RangeError(`The key of ${key.name} is not that of ${checkpoint.origin}.`);
  const text = formatCheckpoint(checkpoint);
  return formatNote({ text, signatures: [signText(key, text)] });
}

/**
 * Verifies and reads a signed checkpoint of the log with this origin.
 * @param keys keys of the log and, if cosignatures are to be checked, of witnesses. `openWithPolicy` distinguishes the two.
 * @throws LogError `malformed`, `limit-exceeded`, `origin-mismatch`, `signature-invalid` or `no-trusted-signature`.
 */
export function openCheckpoint(
  note: SignedNote | Uint8Array | string,
  origin: string,
  keys: readonly VerifierKey[],
): OpenedCheckpoint {
  const signed = typeof note === 'string' || note instanceof Uint8Array ? parseNote(note) : note;
  const checkpoint = parseCheckpoint(signed.text);
  if (checkpoint.origin !== origin) {
    const message = `The checkpoint is of the log ${checkpoint.origin}, not of ${origin}.`;
    throw new LogError('origin-mismatch', message, { expected: origin, found: checkpoint.origin });
  }
  return { checkpoint, note: verifyNote(signed, keys) };
}
