import type { Pool } from 'pg';

/** The SQL of erasing. Deleting a key deletes the content that it opened. */
export class ErasableContents {
  constructor(private readonly pool: Pool) {}

  /** Ids of the events that have content of a subject, in the order of the ids. */
  async eventIds(subject: string): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ event_id: string }>(
      'select event_id from content_keys where subject = $1 order by event_id',
      [subject],
    );
    return rows.map((row) => row.event_id);
  }

  async destroy(eventIds: readonly string[]): Promise<void> {
    await this.pool.query('delete from content_keys where event_id = any ($1)', [eventIds]);
  }

  /** Destroys everything that was erased and is still there. Gives the number of contents. */
  async destroyErased(): Promise<number> {
    const { rowCount } = await this.pool.query(
      'delete from content_keys using erased_contents where content_keys.event_id = erased_contents.id',
    );
    return rowCount ?? 0;
  }
}
