import { readArguments } from './arguments.js';
import type { Streams } from './command.js';
import { EXIT_DONE } from './exit-codes.js';
import { existingKey } from './installation.js';
import { withDatabase } from './settings-database.js';
import { UsageError } from '../audit/audit-finding.js';
import { acceptUpTo, APPEND_KEY } from '../log/append-key.js';
import { loadConfig } from '../platform/config.js';
import { isDatabaseAway } from '../platform/database/database.js';
import { createLog } from '../platform/logging.js';
import { reasonOf, StartupError } from '../platform/startup-error.js';

/** `ppp-ledger accept POSITION`: the operator takes responsibility for events that the service did not record. */
export async function runAccept(args: readonly string[], streams: Streams): Promise<number> {
  const [text = ''] = readArguments(args, {}, ['the last POSITION of the ledger']).positionals;
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new UsageError('POSITION is the number of the last event, as /readyz shows it.');
  const config = loadConfig();
  const key = await existingKey(config.dataDir, APPEND_KEY, () => {
    throw new StartupError(
      `There is no ${APPEND_KEY} in ${config.dataDir}: set DATA_DIR to the folder of the service. If the key is lost for good, make ` +
        `another one: head -c 32 /dev/urandom | base64 > ${config.dataDir}/${APPEND_KEY}`,
    );
  });
  const { sayTo } = await import('../service.js');
  try {
    const events = await withDatabase(config, 'shared', sayTo(createLog('warn')), ({ pool }) =>
      acceptUpTo(pool, key, Number(text)),
    );
    streams.out.write(`${events} events up to position ${text} are accepted as they stand, and will be signed.\n`);
    return EXIT_DONE;
  } catch (error) {
    if (isDatabaseAway(error)) throw new StartupError(`Nothing was accepted. ${reasonOf(error)}`, { cause: error });
    throw error;
  }
}
