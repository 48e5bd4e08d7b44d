import type { Pool } from 'pg';
import type { Sealed } from './event.js';
import type { Vault } from './vault.js';

/** Reads the content to which events only commit. The caller decides who may see it. */
export class SealedContents {
  constructor(
    private readonly pool: Pool,
    private readonly vault: Vault,
  ) {}

  /**
   * The content of a commitment, checked against the commitment; undefined once the content has been erased.
   * @throws Error if content, key or commitment were changed
   */
  async open(event: { readonly id: string; readonly sealed: Sealed }): Promise<object | undefined> {
    const { rows } = await this.pool.query<{ wrapped_key: Buffer; ciphertext: Buffer }>(
      'select wrapped_key, ciphertext from sealed_contents join content_keys using (event_id) where event_id = $1',
      [event.id],
    );
    const [row] = rows;
    if (!row) return undefined;
    return this.vault.open(event.sealed, {
      eventId: event.id,
      wrappedKey: row.wrapped_key,
      ciphertext: row.ciphertext,
    });
  }
}
