import { EXIT_DONE, EXIT_UNAVAILABLE } from './exit-codes.js';
import type { Streams } from './command.js';
import type { Service } from '../service.js';

/** A longer stop is aborted, e.g. while the database does not answer. Every answered command was durable before its answer. */
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
  const isAsked = reason === 'SIGTERM' || reason === 'SIGINT';
  if (!isAsked) err.write(`ppp-ledger: ${reason}; start it again.\n`);
  await stopInTime(service, err);
  return isAsked ? EXIT_DONE : EXIT_UNAVAILABLE;
}

export const untilSignal = (): Promise<'SIGTERM' | 'SIGINT'> => Promise.race([once('SIGTERM'), once('SIGINT')]);

/** Stops a program, or ends the process if something outside holds the stop up for too long. */
export async function stopInTime(program: { stop(): Promise<void> }, err: Streams['err']): Promise<void> {
  const deadline = setTimeout(() => {
    err.write(
      `ppp-ledger: the stop took more than ${STOP_MS_MAX / 1_000} s and was cut off; every answered command is recorded.\n`,
    );
    process.exit(EXIT_UNAVAILABLE);
  }, STOP_MS_MAX);
  await program.stop();
  clearTimeout(deadline);
}

const once = (name: 'SIGTERM' | 'SIGINT'): Promise<typeof name> =>
  new Promise((resolve) => process.once(name, () => resolve(name)));
