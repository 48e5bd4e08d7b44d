import { readArguments } from './arguments.js';
import { withLog } from './audit-source-call.js';
import type { Streams } from './command.js';
import { EXIT_DONE } from './exit-codes.js';
import { shownOn } from './visible-text.js';
import { noteText } from '../audit/audit-log.js';
import { readTrust, TRUST_OPTIONS } from '../audit/audit-trust.js';

/** `ppp-ledger audit checkpoint SOURCE`. */
export async function runCheckpoint(args: readonly string[], streams: Streams): Promise<number> {
  const { values, positionals } = readArguments(args, TRUST_OPTIONS, ['one SOURCE']);
  const [name = ''] = positionals;
  return withLog(name, await readTrust(values), streams, async (log) => {
    streams.out.write(shownOn(streams.out, noteText(log)));
    return EXIT_DONE;
  });
}
