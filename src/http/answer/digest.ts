import { createHash } from 'node:crypto';

const known = new WeakMap<Buffer, string>();

/** SHA-256 of an answer, in base64url. That of a buffer is kept with it: large documents are sent many times, and nobody changes them. */
export function digestOf(payload: string | Buffer): string {
  if (typeof payload === 'string') return sha256(payload);
  const digest = known.get(payload) ?? sha256(payload);
  known.set(payload, digest);
  return digest;
}

const sha256 = (payload: string | Buffer): string => createHash('sha256').update(payload).digest('base64url');
