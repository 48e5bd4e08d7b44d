import { Refusal } from '../../ledger/refusal.js';

/** The refusal of bytes that are no UTF-8. */
export const NOT_UTF8 = new Refusal(
  'malformed',
  'malformed-utf8',
  'The body is not UTF-8, the encoding of JSON (RFC 8259). Encode it as UTF-8, and not as ISO 8859-1, Windows-1252 or UTF-16.',
);

const whole = new TextDecoder('utf-8', { fatal: true });

/**
 * The text of a body. A byte order mark at its beginning is left out.
 * @throws Refusal `malformed-utf8` (400): a replacement character would be recorded for ever, and two bodies would count as one
 */
export const decodeUtf8 = (bytes: Uint8Array): string => strictly(() => whole.decode(bytes));

/** Decodes a body in parts as `decodeUtf8` decodes the whole. A part may end inside a character. */
export class Utf8Decoder {
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });

  /** @throws Refusal as `decodeUtf8` does */
  decode(bytes: Uint8Array): string {
    return strictly(() => this.decoder.decode(bytes, { stream: true }));
  }

  /** @throws Refusal as `decode` does, for an incomplete character */
  end(): void {
    strictly(() => this.decoder.decode());
  }
}

function strictly<T>(decode: () => T): T {
  try {
    return decode();
  } catch {
    throw NOT_UTF8;
  }
}
