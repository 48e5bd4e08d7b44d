import { readArguments } from './arguments.js';
import { withLog } from './audit-source-call.js';
import type { Streams } from './command.js';
import { EXIT_DONE } from './exit-codes.js';
import { NotCheckable } from '../audit/audit-finding.js';
import { noteText, requireGrowth } from '../audit/audit-log.js';
import { readTrust, TRUST_OPTIONS } from '../audit/audit-trust.js';

/** `ppp-ledger audit checkpoint SOURCE`. */
export async function runCheckpoint(args: readonly string[], streams: Streams): Promise<number> {
  const { values, positionals } = readArguments(args, TRUST_OPTIONS, ['one SOURCE']);
  const [name = ''] = positionals;
  return withLog(name, await readTrust(values), streams, async (log) => {
    if (log.quorumMissing !== undefined) {
      throw new NotCheckable(log.quorumMissing, 'Witnesses may be late: try again in a minute.');
    }
    await requireGrowth(log);
    streams.out.write(noteText(log));
    return EXIT_DONE;
  });
}
