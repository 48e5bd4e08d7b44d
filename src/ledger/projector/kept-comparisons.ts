import type { Pool } from 'pg';
import type { Comparison } from './comparisons.js';

/** The last comparison of every projection, kept for a process that does not lead. */
export class KeptComparisons {
  constructor(private readonly pool: Pool) {}

  async keep({ projection, isSame, digests }: Comparison): Promise<void> {
    await this.pool.query(
      `insert into projection_comparisons (projection, is_same, tables) values ($1, $2, $3)
       on conflict (projection) do update set is_same = excluded.is_same, tables = excluded.tables`,
      [projection, isSame, JSON.stringify(digests)],
    );
  }

  /** Call it before a rebuild: the next comparison that is found then belongs to that rebuild. */
  async forget(projection: string): Promise<void> {
    await this.pool.query('delete from projection_comparisons where projection = $1', [projection]);
  }

  async of(projection: string): Promise<Comparison | undefined> {
    const { rows } = await this.pool.query<Comparison>(
      'select projection, is_same as "isSame", tables as digests from projection_comparisons where projection = $1',
      [projection],
    );
    return rows[0];
  }
}
