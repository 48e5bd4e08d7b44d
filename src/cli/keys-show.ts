import { readArguments } from './arguments.js';
import type { Streams } from './command.js';
import { EXIT_DONE } from './exit-codes.js';
import { verifierKeyOf } from './installation.js';
import { loadConfig } from '../platform/config.js';
import { formatVerifierKey } from '../tlog/note-key.js';

/** `ppp-ledger keys show`: prints the verifier key of the log, which auditors keep. Does not print the signing key. */
export async function runKeysShow(args: readonly string[], { out }: Streams): Promise<number> {
  readArguments(args, {});
  out.write(`${formatVerifierKey(await verifierKeyOf(loadConfig()))}\n`);
  return EXIT_DONE;
}
