import { openApplication } from './application.js';
import { readArguments } from './arguments.js';
import type { Streams } from './command.js';
import { EXIT_DONE } from './exit-codes.js';
import { loadConfig } from '../platform/config.js';
import { obstacleToStart } from '../platform/database/server-requirements.js';
import { createLog } from '../platform/logging.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';

/**
 * `ppp-ledger operator-key`: makes and prints a new operator key; with `--revoke-others` the earlier ones cannot be used any more. A
 * running service may use the database meanwhile.
 */
export async function runOperatorKey(args: readonly string[], { out, err }: Streams): Promise<number> {
  const { values } = readArguments(args, { 'revoke-others': { type: 'boolean' } });
  const { operatorKey: first, ...config } = loadConfig();
  const { app, close } = await openApplication(config, createLog(config.logLevel));
  try {
    const { Ledger } = await import('../ledger/ledger.js');
    const { newOperatorKey, revokeOtherOperatorKeys } = await import('../identity/operator-key.service.js');
    const ledger = app.get(Ledger);
    const key = await newOperatorKey(ledger, 'Operator key from the command line');
    out.write(`${key}\n`);
    if (values['revoke-others'] === true) {
      const { pool } = app.get<Runtime>(RUNTIME);
      const revoked = await revokeOtherOperatorKeys(ledger, pool, key);
      err.write(`Revoked ${revoked} earlier operator ${revoked === 1 ? 'key' : 'keys'}.\n`);
    } else {
      err.write(
        'Earlier operator keys stay valid: "ppp-ledger operator-key --revoke-others" makes a key and revokes them.\n',
      );
    }
    if (first !== undefined)
      err.write('OPERATOR_KEY stays valid as well, until the service starts with another value.\n');
  } catch (error) {
    throw obstacleToStart(error) ?? error;
  } finally {
    await close();
  }
  return EXIT_DONE;
}
