import type { RefusalOfAll } from '../../src/ledger/command-group.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { Refusal, refusal } from '../../src/ledger/refusal.js';
import type { SimulatedProcess } from '../support/simulated-process.js';
import type { SimulatedWorld } from '../support/simulated-world.js';
import { contextOf } from './accounts.js';
import { compose, contextFor, note, outcomeOf, type Reply, type Sent } from './sent.js';

const COMMANDS_MAX = 6;
/** Within this time the commands of a call are checked, and the call reaches the ledger. */
const COMING_MS_MAX = 20;

/** A call of several commands, in order or atomic, and every final answer to it. */
export interface SentCall {
  readonly key: string;
  readonly isAtomic: boolean;
  readonly commands: readonly Sent[];
  /** The commands that are also sent alone. */
  readonly alone: ReadonlySet<Sent>;
  /** Final answers to the call itself. */
  readonly answers: Set<string>;
  /** Commands that were executed in the same attempt, in their order. */
  readonly executed: (readonly Sent[])[];
}

export function composeCall(chance: SimulatedWorld, key: string, accounts: readonly [string, ...string[]]): SentCall {
  const commands = Array.from({ length: chance.integer(1, COMMANDS_MAX) }, (_, place) => {
    const sent = compose(chance, `${key}.${place}`, accounts);
    // A higher rate would leave hardly any call that can execute.
    return sent.kind === 'ordinary' || chance.chance(0.3) ? sent : compose(chance, `${key}.${place}`, accounts);
  });
  return {
    key,
    isAtomic: chance.chance(0.5),
    commands,
    alone: new Set(chance.chance(0.2) ? commands.filter(() => chance.chance(0.4)) : []),
    answers: new Set(),
    executed: [],
  };
}

/** How a call is sent. */
export interface Sending {
  readonly ledger: Ledger;
  /** The process that executes the call. */
  readonly process: SimulatedProcess;
  /** Notes the outcome of one of the commands in order. */
  readonly observe: (sent: Sent, outcome: () => Promise<unknown>) => Promise<Reply>;
  /** Index of a command whose check fails this time, as when its lookup gets no answer. */
  readonly missing?: number | undefined;
}

/** Sends a call once. True when the client has no reason to send it again. */
export const sendCall = (call: SentCall, sending: Sending): Promise<boolean> =>
  call.isAtomic ? sendAtomically(call, sending) : sendInOrder(call, sending);

/** Works like `Bulk.inOrder`. */
async function sendInOrder(call: SentCall, { ledger, process, observe, missing }: Sending): Promise<boolean> {
  const { refusal } = note(call, await outcomeOf(ledger.execute(contextOf(call.key), (tx) => tx.itself())));
  if (refusal) return false;
  await process.sleep(process.world.integer(0, COMING_MS_MAX));
  const ready = call.commands.filter((_, index) => index !== missing);
  // The service may have begun to stop since the call came: then it refuses all of its commands alike.
  const results = ledger
    .executeInOrder(ready.map((sent) => ({ context: contextFor(sent), decide: sent.decide })))
    .catch((reason: unknown) => ready.map((): PromiseRejectedResult => ({ status: 'rejected', reason })));
  const replies = await Promise.all(
    ready.map((sent, index) => observe(sent, async () => outcomeOfResult((await results)[index]))),
  );
  call.executed.push(ready.filter((_, index) => replies[index]?.isFresh));
  return missing === undefined && replies.every(({ refusal: one }) => !one || one.kind === 'stale');
}

const outcomeOfResult = (result: PromiseSettledResult<unknown> | undefined): unknown =>
  result?.status === 'fulfilled' ? result.value : result?.reason;

const refusalOfAll: RefusalOfAll = (index, { code, detail, facts }) =>
  refusal('conflict', code, `Command ${index}: ${detail}`, { facts, index });

/** Works like `Bulk.atomically`. */
async function sendAtomically(call: SentCall, { ledger, process, missing }: Sending): Promise<boolean> {
  await process.sleep(process.world.integer(0, COMING_MS_MAX));
  if (missing !== undefined) return false;
  const commands = call.commands.map((sent) => ({ context: contextFor(sent), decide: sent.decide }));
  const [whole, answers] = await ledger.executeAtomically(contextOf(call.key), commands, refusalOfAll).then(
    (all) => [all.at(-1), all] as const,
    (error: unknown) => [error, []] as const,
  );
  const isOrdinary = call.commands.every(({ kind }) => kind === 'ordinary');
  // A bug in a command shows only if no command before it is refused.
  if (whole instanceof Error && !(whole instanceof Refusal) && !isOrdinary) return true;
  const { refusal } = note(call, whole);
  for (const [index, answer] of answers.entries()) {
    const sent = call.commands[index];
    if (sent) note(sent, answer);
  }
  if (!(whole instanceof Error) && answers.length !== call.commands.length) {
    call.answers.add(`${answers.length} of ${call.commands.length} commands were answered.`);
  }
  return !refusal || refusal.code === 'stale-revision';
}
