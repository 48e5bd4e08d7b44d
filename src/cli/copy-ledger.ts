import type { Logger } from 'pino';
import { Progress, READING } from '../client/progress.js';
import { moveToKurrent, moveToPostgres } from '../ledger/copy/ledger-copy.queries.js';
import { Config, loadConfig } from '../platform/config.js';
import { EngineUnusable } from '../ledger/kurrentdb/engine-unusable.js';
import { appendChecksOf } from '../log/append-key.js';
import { createPool } from '../platform/database/database.js';
import { migrate } from '../platform/database/migrate.js';
import { StartupError } from '../platform/startup-error.js';

const POSTGRES = /^postgres(ql)?:/;

/** The database, the KurrentDB, and the direction. */
interface Move {
  readonly isToKurrent: boolean;
  readonly databaseUrl: string;
  readonly eventStoreUrl: string;
  /** Holds the key of the check values. */
  readonly dataDir: string;
}

/**
 * Reads the two addresses. The PostgreSQL end is always the database with the views: after a move to KurrentDB it holds
 * the copy, and after a move back it holds the original again. It is therefore named once, and only events move.
 * @throws RangeError, ConfigError if no ledger can be moved between the two addresses
 */
export function moveOf(from: string, to: string): Move {
  const isToKurrent = POSTGRES.test(from) && !POSTGRES.test(to);
  if (!isToKurrent && !POSTGRES.test(to))
    throw new RangeError(
      'Say where the ledger is and where it goes: one of --from and --to is postgres://..., the other one kurrentdb://...',
    );
  if (POSTGRES.test(from) && POSTGRES.test(to))
    throw new RangeError('From PostgreSQL to PostgreSQL a ledger is moved with pg_dump and pg_restore.');
  const [database, eventStoreUrl] = isToKurrent ? [from, to] : [to, from];
  const { databaseUrl = '', dataDir } = new Config({
    DATABASE_URL: database,
    EVENT_STORE_URL: eventStoreUrl,
    DATA_DIR: loadConfig().dataDir,
  });
  return { isToKurrent, databaseUrl, eventStoreUrl, dataDir };
}

/**
 * Moves a ledger.
 * @throws RangeError, ConfigError, StartupError
 */
export async function copyLedger(from: string, to: string, log: Logger): Promise<string> {
  const { isToKurrent, databaseUrl, eventStoreUrl, dataDir } = moveOf(from, to);
  const says = { info: (text: string) => log.info(text), warn: (text: string) => log.warn(text) };
  await migrate(databaseUrl, { log: says });
  const pool = createPool({ databaseUrl, log: says });
  const progress = new Progress(process.stderr, READING);
  try {
    const { size, root } = await (isToKurrent
      ? moveToKurrent(pool, eventStoreUrl, progress)
      : moveToPostgres(pool, await appendChecksOf(dataDir, pool), eventStoreUrl, log, progress));
    const next = isToKurrent
      ? 'The database is its copy now: start the service with EVENT_STORE_URL.'
      : 'The database has its events for its own now: start the service without EVENT_STORE_URL.';
    return `${size} events, read back with the same root on both sides: ${root}. ${next}`;
  } catch (error) {
    if (error instanceof EngineUnusable) throw new StartupError(error.message, { cause: error });
    throw error;
  } finally {
    await pool.end();
  }
}
