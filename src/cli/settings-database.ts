import type { Pool } from 'pg';
import type { Config } from '../platform/config.js';
import { createPool } from '../platform/database/database.js';
import { findEmbeddedDatabase, startEmbeddedDatabase } from '../platform/database/embedded-database.js';
import type { EmbeddedDatabaseLog } from '../platform/database/embedded-database.js';

export interface SettingsDatabase {
  /** Holds a password: never log it. */
  readonly url: string;
  readonly pool: Pool;
}

/**
 * Opens the database of the settings for one command, and closes it afterwards.
 * @param sharing `shared` uses an embedded database beside the service that runs it; `alone` refuses to
 * @throws StartupError whose message states what to change
 */
export async function withDatabase<Result>(
  { databaseUrl, dataDir }: Pick<Config, 'databaseUrl' | 'dataDir'>,
  sharing: 'shared' | 'alone',
  log: EmbeddedDatabaseLog,
  work: (database: SettingsDatabase) => Promise<Result>,
): Promise<Result> {
  const running = databaseUrl ?? (sharing === 'shared' ? await findEmbeddedDatabase(dataDir) : undefined);
  const embedded = running === undefined ? await startEmbeddedDatabase({ dataDir, log }) : undefined;
  const url = running ?? embedded?.url ?? '';
  const pool = createPool({ databaseUrl: url, log });
  try {
    return await work({ url, pool });
  } finally {
    await pool.end();
    await embedded?.stop();
  }
}
