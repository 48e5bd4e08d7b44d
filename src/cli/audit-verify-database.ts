import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { existingKey, verifierKeyOf } from './installation.js';
import { AGGREGATES } from '../aggregates.js';
import { NotCheckable } from '../audit/audit-finding.js';
import type { Trust } from '../audit/audit-log.js';
import { verifyStored } from '../audit/database/stored-ledger.queries.js';
import type { Verification } from '../audit/verification.js';
import type { ProgressListener } from '../ledger/progress-listener.js';
import { LAST_CHECKPOINT } from '../log/kept-checkpoint.js';
import { loadConfig } from '../platform/config.js';
import { createPool, isDamage } from '../platform/database/database.js';
import { findEmbeddedDatabase, startEmbeddedDatabase } from '../platform/database/embedded-database.js';
import { reasonOf } from '../platform/startup-error.js';
import { createLog } from '../platform/logging.js';
import { SERVED } from '../projections.js';
import { WRAPPING_KEY } from '../platform/wrapping-key.js';

/** Verifies the database of the settings and changes nothing. A running service may use the database meanwhile. */
export async function verifyDatabase({ key, kept }: Trust, progress: ProgressListener): Promise<Verification> {
  const config = loadConfig();
  const { dataDir } = config;
  const own = key ?? (await verifierKeyOf(config));
  const wrappingKey = await existingKey(dataDir, WRAPPING_KEY, () => undefined);
  const { sayTo } = await import('../service.js');
  const log = sayTo(createLog(config.logLevel));
  const running = config.databaseUrl ?? (await findEmbeddedDatabase(dataDir));
  const embedded = running === undefined ? await startEmbeddedDatabase({ dataDir, log }) : undefined;
  const pool = createPool({ databaseUrl: running ?? embedded?.url ?? '', log });
  try {
    const stored = { pool, key: own, projections: SERVED, ...(wrappingKey && { wrappingKey }) };
    const last = kept ?? (await readFile(join(dataDir, LAST_CHECKPOINT), 'utf8').catch(() => undefined));
    return await verifyStored(stored, last === undefined ? {} : { kept: last }, AGGREGATES, progress);
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw new NotCheckable(
      `The files of the database are damaged: ${reasonOf(error)}.`,
      'Restore the database from its backup, and verify it again with the checkpoint that you kept.',
      { cause: error },
    );
  } finally {
    await pool.end();
    await embedded?.stop();
  }
}
