import { isUtf8 } from 'node:buffer';
import { HASH_BYTES, type Hash } from './merkle.js';

// Every encoding is read in its one canonical form only. A lax reader would accept two texts for one value, and then a
// flipped padding bit or an added zero would be a change that nobody finds.

/** Text of bytes that must be UTF-8; undefined if they are not. A byte order mark stays, so that nothing is lost. */
export const decodeUtf8 = (bytes: Uint8Array): string | undefined =>
  isUtf8(bytes) ? viewOf(bytes).toString('utf8') : undefined;

/** Bytes of standard base64 with padding (RFC 4648 section 4); undefined unless canonical, unused bits included. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

export const encodeBase64 = (bytes: Uint8Array): string => viewOf(bytes).toString('base64');

export const encodeHex = (bytes: Uint8Array): string => viewOf(bytes).toString('hex');

/** A base64 SHA-256 hash; undefined if it is anything else. */
export function decodeHash(text: string): Hash | undefined {
  const bytes = decodeBase64(text);
  return bytes?.length === HASH_BYTES ? bytes : undefined;
}

/**
 * ASCII decimal without sign or leading zeros; undefined for anything else and above 2^53 - 1, where a double is no longer
 * exact. The formats allow 2^63 - 1; a log of this ledger does not reach it.
 */
export function decodeDecimal(text: string): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The same bytes with the methods of a Buffer; nothing is copied. */
const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
