import { readArguments } from './arguments.js';
import type { Streams } from './command.js';
import { EXIT_DONE } from './exit-codes.js';
import { stopInTime, untilSignal } from './serving.js';
import { loadWitnessConfig } from '../platform/config.js';
import { createLog } from '../platform/logging.js';

/** `ppp-ledger witness`: follows other ledgers' logs until SIGTERM or SIGINT. */
export async function runWitness(args: readonly string[], { out, err }: Streams): Promise<number> {
  const { values } = readArguments(args, { logs: { type: 'string' }, name: { type: 'string' } });
  const { logs, name } = values;
  const config = loadWitnessConfig({ ...(logs !== undefined && { logs }), ...(name !== undefined && { name }) });
  const { startWitness } = await import('../witness/witness-service.js');
  const witness = await startWitness(config, createLog(config.logLevel));
  out.write(`The witness ${witness.name} listens on ${witness.url}.\n`);
  for (const origin of witness.origins) out.write(`It follows ${origin}.\n`);
  out.write(`Its verifier key: ${witness.vkey}\n`);
  await untilSignal();
  await stopInTime(witness, err);
  return EXIT_DONE;
}
