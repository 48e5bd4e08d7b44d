import type { Pool } from 'pg';

const PREFIX = 'api-key-';

/** Ids of all keys that were ever issued. Read from the index of the streams, in which the keys stand beside each other. */
export async function issuedKeys(pool: Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ stream: string }>(
    'select stream from events where stream like $1 and revision = 0 order by stream',
    [`${PREFIX}%`],
  );
  return rows.map(({ stream }) => stream.slice(PREFIX.length));
}
