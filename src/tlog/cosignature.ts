import {
  cosignerKeyOf,
  ED25519_SIGNATURE_BYTES,
  signBytes,
  type SigningKey,
  type VerifierKey,
  verifyBytes,
} from './note-key.js';
import type { NoteSignature } from './note-signature.js';

const TIMESTAMP_BYTES = 8;

/**
 * The statement of a witness that, at this time, the checkpoint is the largest it has seen of that log and consistent
 * with all before (C2SP tlog-cosignature, "Ed25519 signed message").
 * @param text text of the checkpoint, with its last newline and any extension lines.
 * @param timestampSeconds POSIX time, whole seconds.
 * @throws RangeError for a time that is negative, fractional or above 2^53 - 1.
 */
export function cosign(key: SigningKey, text: string, timestampSeconds: number): NoteSignature {
  const { name, keyId } = cosignerKeyOf(key);
  const timestamp = Buffer.alloc(TIMESTAMP_BYTES);
  if (!Number.isSafeInteger(timestampSeconds) || timestampSeconds < 0) {
    throw new RangeError('The time of a cosignature is a whole number of seconds since 1970.');
  }
  timestamp.writeBigUInt64BE(BigInt(timestampSeconds));
  const signature = signBytes(key, message(text, BigInt(timestampSeconds)));
  return { name, keyId, bytes: Buffer.concat([timestamp, signature]) };
}

/**
 * Checks a cosignature/v1.
 * @param bytes what follows the key ID in the signature line: u64 time, big-endian, and 64 bytes.
 * @returns the time of the cosignature in POSIX seconds; undefined if the cosignature is invalid. The caller judges whether
 * the time is credible.
 */
export function verifyCosignature(key: VerifierKey, text: string, bytes: Uint8Array): number | undefined {
  if (bytes.length !== TIMESTAMP_BYTES + ED25519_SIGNATURE_BYTES) return undefined;
  const timestamp = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
  const seconds = Number(timestamp);
  if (!Number.isSafeInteger(seconds)) return undefined;
  return verifyBytes(key.publicKey, message(text, timestamp), bytes.subarray(TIMESTAMP_BYTES)) ? seconds : undefined;
}

const message = (text: string, timestamp: bigint): Buffer => Buffer.from(`cosignature/v1\ntime ${timestamp}\n${text}`);
