import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { createPool } from '../../src/platform/database/database.js';
import { startEmbeddedDatabase } from '../../src/platform/database/embedded-database.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { databaseOf } from '../support/database.js';

const SILENT = { info: () => undefined, warn: () => undefined, debug: () => undefined };

export interface BenchDatabase {
  readonly url: string;
  readonly pool: Pool;
}

/** The PostgreSQL of a user with the default settings: every commit waits for the disk. Its data are deleted with it. */
export interface BenchServer extends BenchDatabase {
  /** One more migrated database on the same server. */
  another(name: string): Promise<BenchDatabase>;
  stop(): Promise<void>;
}

export async function startBenchDatabase(): Promise<BenchServer> {
  // The service makes this folder itself: below a folder of mode 0700 a service of root would keep its database elsewhere.
  const dataDir = join(tmpdir(), `ppp-ledger-bench-${randomUUID()}`);
  const embedded = await startEmbeddedDatabase({ dataDir, log: SILENT });
  const opened: BenchDatabase[] = [];
  const open = async (url: string): Promise<BenchDatabase> => {
    await migrate(url, { log: SILENT });
    const database = { url, pool: createPool({ databaseUrl: url, log: SILENT }) };
    opened.push(database);
    return database;
  };
  const stop = async (): Promise<void> => {
    for (const { pool } of opened) await pool.end();
    await embedded.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const first = await open(embedded.url);
    const another = async (name: string): Promise<BenchDatabase> => {
      await first.pool.query(`create database ${name}`);
      return open(databaseOf(embedded.url, name));
    };
    return { ...first, another, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
