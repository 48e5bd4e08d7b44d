import { createHmac, type Hmac } from 'node:crypto';
import { canonicalize } from '../../ledger/canonical.js';
import { Refusal } from '../../ledger/refusal.js';

/**
 * Tells a retry from another request under the same idempotency key. Headers are left out: they may differ between tries. The hash has a
 * secret key, because the body may hold content that is erased later, and guesses could be tested against a plain hash.
 * @throws Refusal `malformed-json` (400) for content that has no canonical form
 */
export function fingerprintOf(secret: Buffer, method: string, url: string, body: unknown): string {
  try {
    return begun(secret, method, url)
      .update(canonicalize(body ?? null))
      .digest('base64');
  } catch {
    throw noForm();
  }
}

/**
 * The fingerprint of a body `{ "<name>": [...] }` that is read item by item. It hashes the same bytes as `fingerprintOf` hashes of the
 * whole body, so that a retry is recognised however the request was read.
 */
export class ListFingerprint {
  private readonly hmac: Hmac;
  private isEmpty = true;
  private hasForm = true;

  constructor(secret: Buffer, method: string, url: string, name: string) {
    this.hmac = begun(secret, method, url).update(`{${canonicalize(name)}:[`);
  }

  add(item: unknown): void {
    const text = this.check(item);
    if (text === undefined) return;
    this.hmac.update((this.isEmpty ? '' : ',') + text);
    this.isEmpty = false;
  }

  /** The canonical form of a value in the body. Undefined if the value has none: then the body has no fingerprint either. */
  check(value: unknown): string | undefined {
    try {
      return canonicalize(value);
    } catch {
      this.hasForm = false;
      return undefined;
    }
  }

  /**
   * Call it once, after the last item.
   * @throws Refusal as `fingerprintOf` does
   */
  digest(): string {
    if (!this.hasForm) throw noForm();
    return this.hmac.update(']}').digest('base64');
  }
}

function begun(secret: Buffer, method: string, url: string): Hmac {
  return createHmac('sha256', secret).update(`${method} ${url.split('?', 1)[0] ?? ''}\n`);
}

const noForm = (): Refusal =>
  new Refusal(
    'malformed',
    'malformed-json',
    'The body holds text that has no UTF-8 form (a lone surrogate). Remove it.',
  );
