import { hash, randomUUID } from 'node:crypto';

/**
 * A UUID that is a function of its parts (RFC 9562 version 8 over SHA-256). So every decision of one command makes the same ids, and a
 * retry is harmless.
 */
export function derivedId(...parts: readonly string[]): string {
  // Length-prefixed, so that ("a", "bc") and ("ab", "c") differ.
  const named = parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('');
  const bytes = hash('sha256', named, 'buffer').subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export const randomId = (): string => randomUUID();
