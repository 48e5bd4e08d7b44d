import type { Pool } from 'pg';

export const silent = { info: () => undefined, error: () => undefined };

/** The same server, another ledger on it. */
export function withLedger(url: string, ledger: string): string {
  const [, server = '', query = ''] = /^([a-z+]+:\/\/[^/?]+)(?:\/[^?]*)?(\?.*)?$/.exec(url) ?? [];
  return `${server}/${ledger}${query}`;
}

/** Faster than a database for every test. History refuses this, unless its triggers are told to look away. */
export async function forgetCopy(pool: Pool): Promise<void> {
  await pool.query(`
    begin;
    set local session_replication_role = replica;
    truncate events, commands, content_keys, sealed_contents, sequenced, sequenced_batches, staged_contents;
    update ledger_head set position = 0, recorded_at = '1970-01-01T00:00:00Z';
    commit`);
}
