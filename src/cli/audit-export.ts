import { readArguments } from './arguments.js';
import { readingProgress, warnOfKey, withSource } from './audit-source-call.js';
import type { Streams } from './command.js';
import { EXIT_DONE } from './exit-codes.js';
import { visible } from './visible-text.js';
import { exportLog } from '../audit/archive-export.js';
import { readTrust, TRUST_OPTIONS } from '../audit/audit-trust.js';

/** `ppp-ledger audit export SOURCE FILE`. */
export async function runExport(args: readonly string[], streams: Streams): Promise<number> {
  const { values, positionals } = readArguments(args, TRUST_OPTIONS, ['a SOURCE and a FILE', 'a SOURCE and a FILE']);
  const [name = '', file = ''] = positionals;
  const trust = await readTrust(values);
  const log = await withSource(name, (source) => exportLog(source, trust, file, readingProgress(streams)));
  warnOfKey(log, streams);
  streams.out.write(`${log.checkpoint.size} events of ${visible(log.checkpoint.origin)} are in ${file}.\n`);
  return EXIT_DONE;
}
