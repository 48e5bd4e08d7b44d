import { readArguments } from './arguments.js';
import type { Streams } from './command.js';
import { announce, untilStopped } from './serving.js';
import { warnOfNode } from './node-policy.js';
import { loadConfig } from '../platform/config.js';

/** `ppp-ledger serve`: runs until SIGTERM or SIGINT. Resolves with the exit code. */
export async function runServe(args: readonly string[], streams: Streams): Promise<number> {
  readArguments(args, {});
  const config = loadConfig();
  warnOfNode(config);
  // The service takes seconds to load, so wrong settings are reported before it is loaded.
  const { startService } = await import('../service.js');
  const service = await startService(config);
  announce(service, streams);
  return untilStopped(service, streams);
}
