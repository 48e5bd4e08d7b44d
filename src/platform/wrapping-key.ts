import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { createPool } from './database/database.js';
import { secretKey } from './secrets.js';
import { StartupError } from './startup-error.js';

/** File of the key in DATA_DIR. */
export const WRAPPING_KEY = 'wrapping-key';

/**
 * The key that encrypts the keys of sealed contents, and that fingerprints of requests use. It is made for an empty ledger only: with
 * another key a ledger could not open its earlier contents, and would refuse every retry.
 * @throws StartupError if the ledger is not empty and its key is not here
 */
export async function wrappingKeyOf(dataDir: string, databaseUrl: string): Promise<Buffer> {
  const path = join(dataDir, WRAPPING_KEY);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere && (await hasAnswers(databaseUrl))) {
    throw new StartupError(
      `There is no ${path}, but the ledger is in use: restore the key from its backup, or copy it from another instance. If it is ` +
        `lost for good, so are the sealed contents; then make another one: head -c 32 /dev/urandom | base64 > ${path}`,
    );
  }
  return secretKey(dataDir, WRAPPING_KEY, 'without it sealed content is lost');
}

async function hasAnswers(databaseUrl: string): Promise<boolean> {
  const pool = createPool({ databaseUrl, connectionsMax: 1, log: { warn: () => undefined } });
  try {
    return (await pool.query('select from commands limit 1')).rows.length > 0;
  } finally {
    await pool.end();
  }
}
