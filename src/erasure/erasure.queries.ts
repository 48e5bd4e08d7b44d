import type { Pool } from 'pg';
import type { Logger } from 'pino';

/** The SQL of erasing. To delete a key also deletes the content that the key opens. */
export class ErasableContents {
  constructor(
    private readonly pool: Pool,
    private readonly log: Pick<Logger, 'error'>,
  ) {}

  /** Ids of the events that have content of a subject, in the order of the ids. */
  async eventIds(subject: string): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ event_id: string }>(
      'select event_id from content_keys where subject = $1 order by event_id',
      [subject],
    );
    return rows.map((row) => row.event_id);
  }

  /** Destroys contents that are erased on record. When the database fails, it logs that and leaves them to the erasure worker. */
  async destroyOrLeave(subject: string, eventIds: readonly string[]): Promise<void> {
    try {
      await this.pool.query('delete from content_keys where event_id = any ($1)', [eventIds]);
    } catch (error) {
      this.log.error({ err: error, subject }, 'Erased contents could not be deleted; the erasure worker will.');
    }
  }

  /** Destroys all erased contents that are still stored, and returns their number. */
  async destroyErased(): Promise<number> {
    const { rowCount } = await this.pool.query(
      'delete from content_keys using erased_contents where content_keys.event_id = erased_contents.id',
    );
    return rowCount ?? 0;
  }
}
