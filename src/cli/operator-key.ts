import { openApplication } from './application.js';
import { readArguments } from './arguments.js';
import type { Streams } from './command.js';
import { EXIT_DONE } from './exit-codes.js';
import { loadConfig } from '../platform/config.js';
import { createLog } from '../platform/logging.js';

/** `ppp-ledger operator-key`: makes a new operator key and prints it, also beside a running service. */
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
