import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { LogError, malformed } from './log-error.js';
import { decodeBase64, encodeBase64 } from './strict-text.js';

/**
 * Signature type identifier bytes (C2SP signed-note, "Signature types") that this implementation makes and checks.
 * ML-DSA-44 (0x06) is not among them: Node 20 has no implementation of it.
 */
export const SIGNATURE_TYPE = {
  /** Ed25519 over the text of the note: the log's own signature. */
  ed25519: 0x01,
  /** Ed25519 over a time and the text: the cosignature of a witness (C2SP tlog-cosignature). */
  cosignature: 0x04,
} as const;
export type SignatureType = (typeof SIGNATURE_TYPE)[keyof typeof SIGNATURE_TYPE];

export const ED25519_KEY_BYTES = 32;
export const ED25519_SIGNATURE_BYTES = 64;

/** The content of a vkey: whose signatures to expect, of which type, and how to check them. */
export interface VerifierKey {
  readonly name: string;
  /** First four bytes, big-endian, of SHA-256(name || newline || type || public key). A hint, no proof of identity. */
  readonly keyId: number;
  readonly type: SignatureType;
  /** 32 bytes, RFC 8032. */
  readonly publicKey: Uint8Array;
}

/** A private key with its name. The secret is only in the `KeyObject`, which prints nothing of it. */
export interface SigningKey {
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
}

// RFC 8410: the bytes before the seed in the PKCS #8 form of an Ed25519 private key.
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PRIVATE_PREFIX = 'PRIVATE+KEY+';

/**
 * True for a name that a signature line can carry: not empty, no Unicode space, no plus (C2SP signed-note, "Format"),
 * and no control character, which no note may hold.
 */
export const isKeyName = (name: string): boolean =>
  /^[\u0021-\u{10ffff}]+$/u.test(name) && !/[\p{White_Space}\p{Surrogate}+]/u.test(name);

/** Key ID as signed-note recommends and tlog-cosignature demands it. */
function keyIdOf(name: string, type: SignatureType, publicKey: Uint8Array): number {
  return createHash('sha256')
    .update(`${name}\n`)
    .update(Uint8Array.of(type))
    .update(publicKey)
    .digest()
    .readUInt32BE(0);
}

/**
 * @param publicKey 32 bytes, RFC 8032.
 * @throws RangeError for an impossible name or key.
 */
function verifierKey(name: string, type: SignatureType, publicKey: Uint8Array): VerifierKey {
  checkName(name);
  if (publicKey.length !== ED25519_KEY_BYTES) throw new RangeError('An Ed25519 public key has 32 bytes.');
  return { name, keyId: keyIdOf(name, type, publicKey), type, publicKey };
}

/** The vkey: `name+hex8(key ID)+base64(type || public key)` (C2SP signed-note, "Verifier keys"). */
export const formatVerifierKey = ({ name, keyId, type, publicKey }: VerifierKey): string =>
  `${name}+${hex8(keyId)}+${encodeBase64(Buffer.concat([Uint8Array.of(type), publicKey]))}`;

/**
 * Reads a vkey.
 * @throws LogError `malformed`, also when the key ID is not that of the key; `unsupported-algorithm`.
 */
export function parseVerifierKey(vkey: string): VerifierKey {
  const { name, keyId, type, material } = parseKey('verifier key', vkey);
  if (keyId !== keyIdOf(name, type, material))
    throw malformed('verifier key', `its key ID ${hex8(keyId)} is not its own`);
  return verifierKey(name, type, material);
}

/**
 * The signing key of a 32-byte seed (RFC 8032). The caller brings the randomness.
 * @throws RangeError for an impossible name or seed.
 */
export function signingKey(name: string, seed: Uint8Array): SigningKey {
  checkName(name);
  if (seed.length !== ED25519_KEY_BYTES) throw new RangeError('An Ed25519 seed has 32 bytes.');
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { name, publicKey: Buffer.from(x, 'base64url'), privateKey };
}

/**
 * `PRIVATE+KEY+name+hex8(key ID)+base64(0x01 || seed)`, as Go's `note` package writes it; witnesses keep theirs in the
 * same form. This is the secret itself: for a file of mode 0600, never for a log, an answer or an error.
 */
export function formatSigningKey(key: SigningKey): string {
  const { d = '' } = key.privateKey.export({ format: 'jwk' });
  const material = Buffer.concat([Uint8Array.of(SIGNATURE_TYPE.ed25519), Buffer.from(d, 'base64url')]);
  return `${PRIVATE_PREFIX}${key.name}+${hex8(noteKeyOf(key).keyId)}+${encodeBase64(material)}`;
}

/**
 * Reads a private key. The same key signs notes and makes cosignatures; the type byte only decides the key ID beside it.
 * @throws LogError `malformed` or `unsupported-algorithm`; no message repeats the text, which may be a secret.
 */
export function parseSigningKey(text: string): SigningKey {
  if (!text.startsWith(PRIVATE_PREFIX)) throw malformed('signing key', `it does not start with ${PRIVATE_PREFIX}`);
  const { name, keyId, type, material } = parseKey('signing key', text.slice(PRIVATE_PREFIX.length));
  const key = signingKey(name, material);
  if (keyId !== keyIdOf(name, type, key.publicKey)) throw malformed('signing key', 'its key ID is not its own');
  return key;
}

/** The vkey under which a log publishes its signing key: type 0x01. */
export const noteKeyOf = ({ name, publicKey }: SigningKey): VerifierKey =>
  verifierKey(name, SIGNATURE_TYPE.ed25519, publicKey);

/** The vkey under which a witness publishes its signing key: type 0x04. */
export const cosignerKeyOf = ({ name, publicKey }: SigningKey): VerifierKey =>
  verifierKey(name, SIGNATURE_TYPE.cosignature, publicKey);

/** Ed25519 signature (64 bytes) of a message. */
export const signBytes = (key: SigningKey, message: Uint8Array): Uint8Array => sign(null, message, key.privateKey);

/** True if the Ed25519 signature over the message is valid. */
export function verifyBytes(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== ED25519_SIGNATURE_BYTES) return false;
  const x = Buffer.from(publicKey).toString('base64url');
  return verify(null, message, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }), signature);
}

/** True for two vkeys that wrap the same public key, whatever their names (C2SP tlog-policy, "Public key representation"). */
export const wrapSameKey = (one: VerifierKey, other: VerifierKey): boolean =>
  Buffer.compare(one.publicKey, other.publicKey) === 0;

export const hex8 = (keyId: number): string => keyId.toString(16).padStart(8, '0');

function checkName(name: string): void {
  if (!isKeyName(name)) throw new RangeError('A key name is not empty and has no space, plus or control character.');
}

function parseKey(
  format: 'verifier key' | 'signing key',
  text: string,
): { name: string; keyId: number; type: SignatureType; material: Uint8Array } {
  // The base64 at the end may hold plus signs; name and key ID may not.
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text);
  const [, name = '', keyId = '', base64 = ''] = match ?? [];
  const material = decodeBase64(base64);
  if (match === null || material === undefined || !isKeyName(name)) {
    throw malformed(format, 'it has to be name+hex8+base64');
  }
  const type = Object.values(SIGNATURE_TYPE).find((known) => known === material[0]);
  if (type === undefined) {
    const found = `0x${(material[0] ?? 0).toString(16).padStart(2, '0')}`;
    throw new LogError('unsupported-algorithm', `The ${format} ${name} is of the type ${found}, not 0x01 or 0x04.`);
  }
  if (material.length !== 1 + ED25519_KEY_BYTES) throw malformed(format, 'an Ed25519 key has 32 bytes');
  return { name, keyId: Number.parseInt(keyId, 16), type, material: material.subarray(1) };
}
