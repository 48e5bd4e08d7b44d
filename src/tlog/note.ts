import { verifyCosignature } from './cosignature.js';
import { LogError, malformed, tooLarge } from './log-error.js';
import {
  hex8,
  noteKeyOf,
  SIGNATURE_TYPE,
  signBytes,
  type SigningKey,
  type VerifierKey,
  verifyBytes,
} from './note-key.js';
import { formatSignature, type NoteSignature, parseSignatures } from './note-signature.js';
import { decodeUtf8 } from './strict-text.js';

/** Readers must take at least 16 signatures (C2SP signed-note, "Format"). Go's reader takes 100, and so does this one. */
const NOTE_SIGNATURES_MAX = 100;
/** Enough for 100 signatures of the longest kind, 5 kB each with their base64, and a long text. */
export const NOTE_BYTES_MAX = 1_000_000;

/** A note as read. Nothing in it is trusted before `verifyNote`. */
export interface SignedNote {
  /** The text with its last newline, without the blank line: the signed bytes in UTF-8. */
  readonly text: string;
  /** The signatures in the order of their lines. */
  readonly signatures: readonly NoteSignature[];
}

export interface VerifiedSignature {
  readonly key: VerifierKey;
  readonly signature: NoteSignature;
  /** For a cosignature: when the witness made it, POSIX seconds. */
  readonly timestampSeconds?: number;
}

export interface VerifiedNote {
  readonly text: string;
  /** At least one. A key that signed twice is here twice. */
  readonly verified: readonly VerifiedSignature[];
  /** Number of signatures by other keys than the given ones; they prove nothing. */
  readonly unknown: number;
}

/** The Ed25519 signature (0x01) of a note's text, which ends in a newline. */
export const signText = (key: SigningKey, text: string): NoteSignature => ({
  name: key.name,
  keyId: noteKeyOf(key).keyId,
  bytes: signBytes(key, Buffer.from(text)),
});

/**
 * Text, blank line, signature lines (C2SP signed-note, "Format"). Reading the text back returns the same note, and writing
 * a note that was read returns the same bytes.
 * @throws LogError `malformed` for a text or a set of signatures that no reader would accept.
 */
export function formatNote({ text, signatures }: SignedNote): string {
  checkText(text);
  if (signatures.length === 0) throw malformed('signed note', 'it has no signature');
  return `${text}\n${signatures.map(formatSignature).join('')}`;
}

/**
 * Reads a signed note strictly: valid UTF-8, no control character but newline, canonical base64.
 * @throws LogError `malformed` or `limit-exceeded`.
 */
export function parseNote(note: Uint8Array | string): SignedNote {
  const bytesCount = typeof note === 'string' ? Buffer.byteLength(note) : note.length;
  if (bytesCount > NOTE_BYTES_MAX) throw tooLarge('The number of bytes of the note', bytesCount, NOTE_BYTES_MAX);
  const all = typeof note === 'string' ? note : decodeUtf8(note);
  if (all === undefined) throw malformed('signed note', 'it is not UTF-8');
  // The text may hold empty lines itself: the last one ends it.
  const blank = all.lastIndexOf('\n\n');
  if (blank < 0) throw malformed('signed note', 'it has no blank line before its signatures');
  const text = all.slice(0, blank + 1);
  checkText(text);
  const signatures = parseSignatures(all.slice(blank + 2));
  if (signatures.length > NOTE_SIGNATURES_MAX) {
    throw tooLarge('The number of signatures of the note', signatures.length, NOTE_SIGNATURES_MAX);
  }
  return { text, signatures };
}

/**
 * Checks every signature by one of the keys, and ignores signatures by other keys, even if they share the name or the key ID
 * (C2SP signed-note, "Signatures").
 * @throws LogError `signature-invalid` if one by a known key fails, `no-trusted-signature` if there is none by a known
 * key.
 * @throws RangeError if two different keys share name and key ID, so that a line could mean either.
 */
export function verifyNote(note: SignedNote, keys: readonly VerifierKey[]): VerifiedNote {
  const known = new Map<string, VerifierKey>();
  for (const key of keys) {
    const other = known.get(identity(key));
    if (other !== undefined && Buffer.compare(other.publicKey, key.publicKey) !== 0) {
      throw new RangeError(`Two keys are called ${key.name} and have the key ID ${hex8(key.keyId)}.`);
    }
    known.set(identity(key), key);
  }
  const verified: VerifiedSignature[] = [];
  for (const signature of note.signatures) {
    const key = known.get(identity(signature));
    if (key !== undefined) verified.push(checkSignature(key, note.text, signature));
  }
  if (verified.length === 0) {
    throw new LogError('no-trusted-signature', 'No signature of the note is by a key that was asked for.', {
      signatures: note.signatures.length,
      keys: keys.length,
    });
  }
  return { text: note.text, verified, unknown: note.signatures.length - verified.length };
}

/**
 * The note with further signatures after the present ones. A newer signature by the same name and key ID replaces the older
 * one, so that repeated requests to one witness do not fill the note.
 */
export function withSignatures(note: SignedNote, added: readonly NoteSignature[]): SignedNote {
  const signatures = new Map(note.signatures.map((signature) => [identity(signature), signature]));
  for (const signature of added) signatures.set(identity(signature), signature);
  return { text: note.text, signatures: [...signatures.values()] };
}

// A key name has no space, so the pair is unambiguous.
const identity = ({ name, keyId }: { readonly name: string; readonly keyId: number }): string =>
  `${name} ${hex8(keyId)}`;

function checkSignature(key: VerifierKey, text: string, signature: NoteSignature): VerifiedSignature {
  if (key.type === SIGNATURE_TYPE.cosignature) {
    const timestampSeconds = verifyCosignature(key, text, signature.bytes);
    if (timestampSeconds !== undefined) return { key, signature, timestampSeconds };
  } else if (verifyBytes(key.publicKey, Buffer.from(text), signature.bytes)) {
    return { key, signature };
  }
  throw new LogError('signature-invalid', `The signature by ${key.name} (${hex8(key.keyId)}) does not verify.`, {
    name: key.name,
    keyId: hex8(key.keyId),
  });
}

function checkText(text: string): void {
  if (/\p{Surrogate}/u.test(text)) throw malformed('signed note', 'it is not UTF-8');
  if (!text.endsWith('\n')) throw malformed('signed note', 'its text does not end in a newline');
  if (/[^\n\u0020-\u{10ffff}]/u.test(text)) throw malformed('signed note', 'it has a control character');
}
