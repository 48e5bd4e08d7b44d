import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../platform/config.js';
import { LOG_SIGNING_KEY } from '../log/log-signing-key.js';
import { secretKey } from '../platform/secrets.js';
import { StartupError, reasonOf } from '../platform/startup-error.js';
import { noteKeyOf, signingKey, type VerifierKey } from '../tlog/note-key.js';

/**
 * The verifier key of the log of this installation.
 * @throws StartupError if the installation has no signing key yet: a command that only reads must not make one
 */
export async function verifierKeyOf({ dataDir, logOrigin }: Config): Promise<VerifierKey> {
  const seed = await existingKey(dataDir, LOG_SIGNING_KEY, (error) => {
    throw new StartupError(
      `There is no ${LOG_SIGNING_KEY} in ${dataDir} (${reasonOf(error)}): it is made when the service starts for the first ` +
        'time. Set DATA_DIR to the folder of the service.',
      { cause: error },
    );
  });
  return noteKeyOf(signingKey(logOrigin, seed));
}

/** A key of DATA_DIR, or the result of `missing` if the folder has none. */
export async function existingKey<Missing>(
  dataDir: string,
  name: string,
  missing: (error: unknown) => Missing,
): Promise<Buffer | Missing> {
  try {
    await access(join(dataDir, name));
  } catch (error) {
    return missing(error);
  }
  return secretKey(dataDir, name, 'the service cannot do without it');
}
