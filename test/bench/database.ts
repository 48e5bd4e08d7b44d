import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { createPool } from '../../src/platform/database.js';
import { startEmbeddedDatabase } from '../../src/platform/embedded-database.js';
import { migrate } from '../../src/platform/migrate.js';

export interface BenchDatabase {
  readonly url: string;
  readonly pool: Pool;
  stop(): Promise<void>;
}

/** The PostgreSQL that a user gets, with nothing set: every commit waits for the disk. Its data goes with it. */
export async function startBenchDatabase(): Promise<BenchDatabase> {
  // Made by the service itself: below a folder of mode 0700 the database of root would be kept elsewhere.
  const dataDir = join(tmpdir(), `ppp-ledger-bench-${randomUUID()}`);
  const log = { warn: () => undefined, debug: () => undefined };
  const embedded = await startEmbeddedDatabase({ dataDir, log });
  const remove = async (): Promise<void> => {
    await embedded.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await migrate(embedded.url, { log: { info: () => undefined } });
  } catch (error) {
    await remove();
    throw error;
  }
  const pool = createPool({ databaseUrl: embedded.url, log });
  return {
    url: embedded.url,
    pool,
    stop: async () => {
      await pool.end();
      await remove();
    },
  };
}
