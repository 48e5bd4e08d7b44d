import type { Pool } from 'pg';

export const silent = { info: () => undefined, error: () => undefined };

/** The URL of another ledger on the same server. */
export function withLedger(url: string, ledger: string): string {
  const [, server = '', query = ''] = /^([a-z+]+:\/\/[^/?]+)(?:\/[^?]*)?(\?.*)?$/.exec(url) ?? [];
  return `${server}/${ledger}${query}`;
}

/** Empties the tables: faster than a new database for every test. The triggers forbid it, so it disables them. */
export async function forgetCopy(pool: Pool): Promise<void> {
  await pool.query(`
    begin;
    set local session_replication_role = replica;
    truncate events, commands, content_keys, sealed_contents, sequenced, sequenced_batches, staged_contents;
    truncate batch_checks;
    update ledger_head set position = 0, recorded_at = '1970-01-01T00:00:00Z', batch = 0, check_value = null, append_key = null;
    commit`);
}
