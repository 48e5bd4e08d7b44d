import { readArguments } from './arguments.js';
import type { Streams } from './command.js';
import { copyLedger, moveOf } from './copy-ledger.js';
import { EXIT_DONE } from './exit-codes.js';
import { UsageError } from '../audit/audit-finding.js';
import { createLog } from '../platform/logging.js';
import { reasonOf } from '../platform/startup-error.js';

/** `ppp-ledger copy`: moves a ledger from one engine to the other, and verifies that the copy is complete. */
export async function runCopy(args: readonly string[], { out }: Streams): Promise<number> {
  const { values } = readArguments(args, { from: { type: 'string' }, to: { type: 'string' } });
  const { from, to } = values;
  if (from === undefined) throw new UsageError('Say where the ledger is: --from URL.');
  if (to === undefined) throw new UsageError('Say where it goes: --to URL.');
  requireMove(from, to);
  out.write(`${await copyLedger(from, to, createLog('warn'))}\n`);
  return EXIT_DONE;
}

function requireMove(from: string, to: string): void {
  try {
    moveOf(from, to);
  } catch (error) {
    throw new UsageError(reasonOf(error), { cause: error });
  }
}
