import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { canonicalize } from './canonical.js';
import type { Sealed } from './event.js';
import type { SealedContent } from './event-store.js';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals content that must not be public, by AES-256-GCM. Each content has a key of its own, which is stored encrypted under the wrapping
 * key. The wrapping key is kept outside the database, so that a copy of the database alone opens nothing. To destroy the keys of a
 * subject erases its contents everywhere, also in backups of the contents.
 */
export class Vault {
  /** @param newKey makes the key for the content of an event. It is random and secret, unless a history must be repeated to the byte. */
  constructor(
    private readonly wrappingKey: Buffer,
    private readonly newKey: (eventId: string) => Buffer = () => randomBytes(KEY_BYTES),
  ) {
    if (wrappingKey.length !== KEY_BYTES) throw new RangeError(`The wrapping key must have ${KEY_BYTES} bytes.`);
  }

  /** Encrypts `content`, which can be erased with its subject. The commitment goes into the event, the rest beside the log. */
  seal(subject: string, eventId: string, content: object): { sealed: Sealed; stored: SealedContent } {
    const key = this.newKey(eventId);
    const text = canonicalize(content);
    return {
      sealed: { subject, commitment: commitTo(key, text) },
      stored: {
        eventId,
        subject,
        wrappedKey: encrypt(this.wrappingKey, key, subject).toString('base64'),
        ciphertext: encrypt(key, Buffer.from(text), eventId).toString('base64'),
      },
    };
  }

  /**
   * Decrypts content and checks it against its commitment.
   * @throws Error if a byte of the content, of the key or of the commitment has changed
   */
  open(sealed: Sealed, stored: { eventId: string; wrappedKey: Buffer; ciphertext: Buffer }): object {
    const key = decrypt(this.wrappingKey, stored.wrappedKey, sealed.subject, 'key of the content');
    const text = decrypt(key, stored.ciphertext, stored.eventId, 'content').toString();
    if (commitTo(key, text) !== sealed.commitment) throw new Error('The content does not match its commitment.');
    return JSON.parse(text) as object;
  }
}

/** The commitment has a key of its own, so that it reveals nothing about the ciphertext. */
function commitTo(contentKey: Buffer, text: string): string {
  const key = Buffer.from(hkdfSync('sha256', contentKey, '', 'ppp-ledger commitment', KEY_BYTES));
  return createHmac('sha256', key).update(text).digest('base64');
}

/** nonce || ciphertext || tag; the context is authenticated, so that rows cannot be exchanged. */
function encrypt(key: Buffer, plain: Buffer, context: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, sealed: Buffer, context: string, what: string): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(context))
      .setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)), decipher.final()]);
  } catch (error) {
    throw new Error(`The ${what} cannot be decrypted: it, or what it is encrypted under, was changed.`, {
      cause: error,
    });
  }
}
