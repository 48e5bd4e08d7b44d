import { readArguments } from './arguments.js';
import type { Streams } from './command.js';
import { EXIT_DONE } from './exit-codes.js';
import { warnOfNode } from './node-policy.js';
import { untilStopped } from './serving.js';
import { loadConfig } from '../platform/config.js';

/** `ppp-ledger demo`: serves a ledger with the demo programme. */
export async function runDemo(args: readonly string[], streams: Streams): Promise<number> {
  readArguments(args, {});
  const config = loadConfig();
  warnOfNode(config);
  const { startService } = await import('../service.js');
  const service = await startService(config, { firstOperatorKey: false });
  try {
    const { runDemo: showDemo } = await import('../demo/demo.js');
    const { Ledger } = await import('../ledger/ledger.js');
    const { newOperatorKey } = await import('../identity/operator-key.service.js');
    const { keysExpireAt } = await import('../demo/keys.js');
    const key = config.operatorKey ?? (await newOperatorKey(service.app.get(Ledger), 'Demo: operator', keysExpireAt()));
    await showDemo({ baseUrl: service.url, operatorKey: key, ...streams });
  } catch (error) {
    await service.stop();
    throw error;
  }
  const status = await untilStopped(service, streams);
  const where = config.databaseUrl === undefined ? `in ${config.dataDir}` : 'in your database';
  if (status === EXIT_DONE) streams.err.write(`Stopped. The data is ${where}; npm run demo goes on with it.\n`);
  return status;
}
