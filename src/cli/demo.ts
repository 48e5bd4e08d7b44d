import { readArguments } from './arguments.js';
import type { Streams } from './command.js';
import { warnOfNode } from './node-policy.js';
import { untilStopped } from './serving.js';
import { loadConfig } from '../platform/config.js';

/** `ppp-ledger demo`: serves a ledger with the demo programme. */
export async function runDemo(args: readonly string[], streams: Streams): Promise<number> {
  readArguments(args, {});
  const config = loadConfig();
  warnOfNode(config);
  const { startService } = await import('../service.js');
  const service = await startService(config);
  try {
    const { runDemo: showDemo } = await import('../demo/demo.js');
    const { Ledger } = await import('../ledger/ledger.js');
    const { newOperatorKey } = await import('../identity/operator-key.service.js');
    const key =
      config.operatorKey ??
      service.operatorKey ??
      (await newOperatorKey(service.app.get(Ledger), 'Operator key of the demo'));
    await showDemo({ baseUrl: service.url, operatorKey: key, ...streams });
  } catch (error) {
    await service.stop();
    throw error;
  }
  return untilStopped(service, streams);
}
