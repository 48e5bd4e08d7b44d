import { openApplication } from './application.js';
import { readArguments } from './arguments.js';
import type { Streams } from './command.js';
import { EXIT_DONE } from './exit-codes.js';
import { loadConfig } from '../platform/config.js';
import { createLog } from '../platform/logging.js';

/** `ppp-ledger operator-key`: makes and prints a new operator key. A running service may use the database meanwhile. */
export async function runOperatorKey(args: readonly string[], { out }: Streams): Promise<number> {
  readArguments(args, {});
  const { operatorKey: _first, ...config } = loadConfig();
  const { app, close } = await openApplication(config, createLog(config.logLevel));
  try {
    const { Ledger } = await import('../ledger/ledger.js');
    const { newOperatorKey } = await import('../identity/operator-key.service.js');
    out.write(`${await newOperatorKey(app.get(Ledger), 'Operator key from the command line')}\n`);
  } finally {
    await close();
  }
  return EXIT_DONE;
}
