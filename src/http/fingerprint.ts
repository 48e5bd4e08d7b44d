import { createHmac, type Hmac } from 'node:crypto';
import { canonicalize } from '../ledger/canonical.js';
import { Refusal } from '../ledger/refusal.js';

/**
 * Tells a retry from another request under the same key. Headers are left out: they may differ between tries. Keyed, because
 * the body may hold what is erased later, and a plain hash would still answer to guesses.
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
 * The fingerprint of a body `{ "<name>": [...] }`, of which one item at a time is at hand: the same bytes as `fingerprintOf` takes of
 * the whole, so that a retry is known whichever way the request was read.
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

  /** The canonical form of what is in the body, whether it counts or not; undefined, and then there is no fingerprint: it has none. */
  check(value: unknown): string | undefined {
    try {
      return canonicalize(value);
    } catch {
      this.hasForm = false;
      return undefined;
    }
  }

  /**
   * To be asked once, after the last item.
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
