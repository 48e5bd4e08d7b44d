import { readArguments } from './arguments.js';
import { linesOf } from './audit-text.js';
import type { Streams } from './command.js';
import { EXIT_DONE, EXIT_UNCHECKED, EXIT_WRONG } from './exit-codes.js';
import { visible, visibleJson } from './visible-text.js';
import { NotCheckable, ProvenWrong, UsageError } from '../audit/audit-finding.js';
import { readTrust } from '../audit/audit-trust.js';
import { checkReceipt, type CheckedReceipt } from '../audit/receipt.js';
import { reasonOf } from '../platform/startup-error.js';
import { readInput } from '../platform/text-file.js';
import { PROOF_BYTES_MAX } from '../tlog/proof.js';

const OPTIONS = {
  event: { type: 'string' },
  vkey: { type: 'string' },
  policy: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** An event has at most 60,000 bytes. An answer of the API adds sealed content, and JSON may be indented. */
const EVENT_FILE_BYTES_MAX = 1_048_576;

/** `ppp-ledger audit receipt FILE`: needs only files. */
export async function runReceipt(args: readonly string[], { out, err }: Streams): Promise<number> {
  const { values, positionals } = readArguments(args, OPTIONS, ['one FILE']);
  const [file = ''] = positionals;
  const { event, vkey, policy, json } = values;
  if (event === undefined)
    throw new UsageError('Give the event that the receipt is for: --event FILE, or - to read it.');
  if (vkey === undefined && policy === undefined)
    throw new UsageError("Give the log's verifier key, --vkey KEY|FILE, or a policy that lists it, --policy FILE.");
  const trust = await readTrust({ vkey, policy });
  try {
    const receipt = await readBounded(file, PROOF_BYTES_MAX);
    const result = checkReceipt({ receipt, event: await readBounded(event, EVENT_FILE_BYTES_MAX), ...trust });
    out.write(json === true ? `${visibleJson(result)}\n` : receiptText(result));
    return EXIT_DONE;
  } catch (error) {
    if (json !== true) throw error;
    if (error instanceof ProvenWrong) {
      out.write(`${visibleJson({ verdict: 'wrong', finding: error.finding })}\n`);
      return EXIT_WRONG;
    }
    if (error instanceof NotCheckable) {
      const { message, nextStep } = error;
      out.write(`${visibleJson({ verdict: 'unchecked', message, nextStep })}\n`);
      err.write(`ppp-ledger: could not be checked: ${visible(message)}\n`);
      return EXIT_UNCHECKED;
    }
    throw error;
  }
}

/** @throws NotCheckable */
async function readBounded(name: string, bytesMax: number): Promise<Uint8Array> {
  try {
    return await readInput(name, bytesMax);
  } catch (error) {
    throw new NotCheckable(`${name} cannot be read: ${reasonOf(error)}.`, 'Give a file that can be read.');
  }
}

function receiptText({ origin, position, size, root, leaf, entry, checked, notChecked }: CheckedReceipt): string {
  return [
    `Log      ${visible(origin)}`,
    `Size     ${size}`,
    `Root     ${root}`,
    `Position ${position}`,
    `Leaf     ${leaf}`,
    '',
    'The event that is proven:',
    visible(entry),
    '',
    'Checked, and holds:',
    ...linesOf(checked),
    '',
    'Not part of this check:',
    ...linesOf(notChecked),
    '',
    `VERIFIED: the log signed a history that has this event at position ${position}.`,
    '',
  ].join('\n');
}
