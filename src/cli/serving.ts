import { EXIT_BUG, EXIT_DONE, EXIT_UNAVAILABLE } from './exit-codes.js';
import type { Streams } from './command.js';
import type { Service } from '../service.js';

/** A longer stop is aborted. Every answered command was durable before its answer. */
const STOP_MS_MAX = 10_000;

/** Prints the address of a service, and its first operator key if there is one. */
export function announce({ url, operatorKey }: Service, { out }: Streams): void {
  out.write(`The partnership ledger listens on ${url} (API documentation: ${url}/docs).\n`);
  if (operatorKey !== undefined) out.write(`First operator key, shown only now: ${operatorKey}\n`);
}

/** Serves until SIGTERM, SIGINT or the end of the embedded database, then stops. Resolves with the exit code. */
export async function untilStopped(service: Service, { err }: Streams): Promise<number> {
  const reason = await Promise.race([
    untilSignal(),
    service.databaseEnded.then(() => 'the embedded database ended' as const),
  ]);
  await stopInTime(service);
  if (reason === 'SIGTERM' || reason === 'SIGINT') return EXIT_DONE;
  err.write(`ppp-ledger: ${reason}; start it again.\n`);
  return EXIT_UNAVAILABLE;
}

export const untilSignal = (): Promise<'SIGTERM' | 'SIGINT'> => Promise.race([once('SIGTERM'), once('SIGINT')]);

/** Stops a program, or ends the process if the stop takes too long. */
export async function stopInTime(program: { stop(): Promise<void> }): Promise<void> {
  const deadline = setTimeout(() => process.exit(EXIT_BUG), STOP_MS_MAX);
  await program.stop();
  clearTimeout(deadline);
}

const once = (name: 'SIGTERM' | 'SIGINT'): Promise<typeof name> =>
  new Promise((resolve) => process.once(name, () => resolve(name)));
