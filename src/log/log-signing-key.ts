import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import type { Config } from '../platform/config.js';
import { secretKey } from '../platform/secrets.js';
import { StartupError, reasonOf } from '../platform/startup-error.js';
import { openCheckpoint } from '../tlog/checkpoint.js';
import { LogError } from '../tlog/log-error.js';
import { formatVerifierKey, hex8, noteKeyOf, signingKey } from '../tlog/note-key.js';
import { parseNote } from '../tlog/note.js';
import { LAST_CHECKPOINT } from './kept-checkpoint.js';
import { LogStore } from './log-store.queries.js';

/** File of the seed of the signing key in DATA_DIR. */
export const LOG_SIGNING_KEY = 'log-signing-key';

const NEW_LOG =
  'If the key is lost for good, the log ends with it: "A lost signing key" in migrations/README.md begins another log.';

/**
 * The seed of the key that signs the log, 32 bytes. It is made only where no log has been signed: another key would be another log, and
 * everybody who trusts the first one would be shown a log that they do not know.
 * @throws StartupError if a log was signed and its key is not here, cannot be read, or is another one
 */
export async function logSigningKeyOf({ dataDir, logOrigin }: Config, pool: Pool): Promise<Buffer> {
  const path = join(dataDir, LOG_SIGNING_KEY);
  const { size, note } = await new LogStore(pool).head();
  if (!(await isThere(path))) {
    if (note !== null) {
      throw new StartupError(
        `There is no ${path}, but the log is signed up to size ${size} by ${signersOf(note)}: restore the key from its backup, or copy ` +
          `it from another instance. ${NEW_LOG}`,
      );
    }
    if (await isThere(join(dataDir, LAST_CHECKPOINT))) {
      throw new StartupError(
        `There is no ${path}, but ${LAST_CHECKPOINT} beside it shows that a log was signed: restore the key from its backup, and the ` +
          `database with it. ${NEW_LOG}`,
      );
    }
  }
  const seed = await secretKey(dataDir, LOG_SIGNING_KEY, 'without it the log cannot be signed any further');
  const key = noteKeyOf(signingKey(logOrigin, seed));
  try {
    if (note !== null) openCheckpoint(note, logOrigin, [key]);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    throw new StartupError(
      `${path} and LOG_ORIGIN make the key ${formatVerifierKey(key)}, but the log is signed up to size ${size} by ${signersOf(note ?? '')}: ` +
        `restore the key from its backup, and set LOG_ORIGIN as it was. ${NEW_LOG}`,
      { cause: error },
    );
  }
  return seed;
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Names and key IDs on a stored checkpoint, as verifier keys begin. */
function signersOf(note: string): string {
  try {
    return parseNote(note)
      .signatures.map(({ name, keyId }) => `${name}+${hex8(keyId)}`)
      .join(', ');
  } catch (error) {
    return `a checkpoint that cannot be read (${reasonOf(error)})`;
  }
}
