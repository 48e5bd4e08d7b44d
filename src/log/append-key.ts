import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { AppendChecks } from '../ledger/append-checks.js';
import { secretKey } from '../platform/secrets.js';
import { StartupError } from '../platform/startup-error.js';
import { acceptEvents, appendKeyInUse } from './batch-checks.queries.js';

/** File of the key in DATA_DIR. */
export const APPEND_KEY = 'append-key';

export const APPEND_KEY_LOSS = 'without it nobody can tell what the service recorded from what others wrote';

/**
 * The check values of batches, with the key of this installation. The key is a file of its own: it can be replaced without losing sealed
 * contents or the log, and its absence shows that a ledger has no check values yet. It is made only there; events that are not signed yet
 * are then accepted as they stand.
 * @throws StartupError if the ledger is in use with a key that is not here
 */
export async function appendChecksOf(dataDir: string, pool: Pool): Promise<AppendChecks> {
  const path = join(dataDir, APPEND_KEY);
  const inUse = await appendKeyInUse(pool);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere && inUse !== null) {
    throw new StartupError(
      `There is no ${path}, but the batches of this ledger are checked with it: restore the key from its backup, or copy it from another ` +
        `instance. ${IF_LOST}`,
    );
  }
  const checks = new AppendChecks(await secretKey(dataDir, APPEND_KEY, APPEND_KEY_LOSS));
  if (inUse !== null && !checks.keyId.equals(inUse)) {
    throw new StartupError(
      `${path} is not the key that the batches of this ledger are checked with: restore it from its backup, or copy it from another ` +
        `instance. ${IF_LOST}`,
    );
  }
  if (!isThere) await acceptEvents(pool, checks);
  return checks;
}

const IF_LOST =
  'If it is lost for good, "An event that the service did not record" in migrations/README.md says how to go on.';

/**
 * Covers all events that are not signed yet with check values under a key, as the operator wants it. The service may be running.
 * @returns number of the events
 * @throws StartupError, and nothing is changed, if the ledger does not end at the position that the operator has looked at
 */
export function acceptUpTo(pool: Pool, key: Uint8Array, position: number): Promise<number> {
  return acceptEvents(pool, new AppendChecks(key), async (accepted) => {
    if (accepted.position === position) return;
    throw new StartupError(
      `The ledger ends at position ${accepted.position}, and not at ${position}: look at the events up to there first. Nothing was accepted.`,
    );
  });
}
