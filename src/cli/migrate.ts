import { readArguments } from './arguments.js';
import { EXIT_DONE } from './exit-codes.js';
import { loadConfig } from '../platform/config.js';
import { startEmbeddedDatabase } from '../platform/database/embedded-database.js';
import { migrate } from '../platform/database/migrate.js';
import { createLog } from '../platform/logging.js';

/** `ppp-ledger migrate`: migrates the database to the schema of this program and ends. */
export async function runMigrate(args: readonly string[]): Promise<number> {
  readArguments(args, {});
  const config = loadConfig();
  const { sayTo } = await import('../service.js');
  const log = sayTo(createLog(config.logLevel));
  if (config.databaseUrl !== undefined) {
    await migrate(config.databaseUrl, { log });
    return EXIT_DONE;
  }
  const embedded = await startEmbeddedDatabase({ dataDir: config.dataDir, log });
  try {
    await migrate(embedded.url, { log });
  } finally {
    await embedded.stop();
  }
  return EXIT_DONE;
}
