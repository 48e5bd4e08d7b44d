import { malformed } from './log-error.js';
import { isKeyName } from './note-key.js';
import { decodeBase64, encodeBase64 } from './strict-text.js';

const KEY_ID_BYTES = 4;

/** One signature line of a note, read but not checked. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: number;
  /** The bytes after the key ID; their form depends on the signature type. */
  readonly bytes: Uint8Array;
}

/** `— <key name> base64(key ID || signature)` and a newline; the dash is U+2014 (C2SP signed-note, "Signatures"). */
export function formatSignature({ name, keyId, bytes }: NoteSignature): string {
  const id = Buffer.alloc(KEY_ID_BYTES);
  id.writeUInt32BE(keyId);
  return `\u2014 ${name} ${encodeBase64(Buffer.concat([id, bytes]))}\n`;
}

/**
 * Reads signature lines, of a note or of the answer of a witness to `add-checkpoint`.
 * @throws LogError `malformed` unless every line is a signature line and ends in a newline.
 */
export function parseSignatures(lines: string): NoteSignature[] {
  if (!lines.endsWith('\n')) throw malformed('signed note', 'it has no signature line that ends in a newline');
  return lines.slice(0, -1).split('\n').map(parseSignature);
}

function parseSignature(line: string): NoteSignature {
  const [dash, name = '', base64 = '', ...more] = line.split(' ');
  const blob = decodeBase64(base64);
  if (dash !== '\u2014' || !isKeyName(name) || blob === undefined || blob.length <= KEY_ID_BYTES || more.length > 0) {
    throw malformed('signed note', 'a signature line has to be a dash (U+2014), a key name and base64');
  }
  const keyId = new DataView(blob.buffer, blob.byteOffset).getUint32(0);
  return { name, keyId, bytes: blob.subarray(KEY_ID_BYTES) };
}
