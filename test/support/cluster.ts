import { startEmbeddedDatabase } from '../../src/platform/database/embedded-database.js';
import type { EmbeddedDatabase } from '../../src/platform/database/embedded-database.js';
import { migrate } from '../../src/platform/database/migrate.js';

/** The data of a test are thrown away: a wait for the disk would only make the tests slower. */
const THROW_AWAY = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

/** Starts the PostgreSQL of a run of the tests. Its database `ledger` is migrated and is the template of the databases of the specs. */
export async function startCluster(dataDir: string): Promise<EmbeddedDatabase> {
  const log = { warn: () => undefined, debug: () => undefined };
  const cluster = await startEmbeddedDatabase({ dataDir, log, settings: THROW_AWAY });
  try {
    await migrate(cluster.url, { log: { info: () => undefined } });
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
