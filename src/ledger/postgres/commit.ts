import type { ClientBase } from 'pg';

/** The database undid a transaction that was to be kept, because one of its statements had failed. */
class NotCommitted extends Error {}

/**
 * Ends a transaction so that all its changes are kept.
 * @throws Error when nothing was kept: PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK, and reports no error
 */
export async function commit(client: ClientBase): Promise<void> {
  const { command } = await client.query('commit');
  if (command !== 'COMMIT') throw new NotCommitted(`The database kept nothing: it answered ${command} to COMMIT.`);
}
