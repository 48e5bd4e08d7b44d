import type { Answer, CommandContext } from '../../src/ledger/command-context.js';
import type { RefusalOfAll } from '../../src/ledger/job.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { Refusal } from '../../src/ledger/refusal.js';
import type { SimulatedProcess } from '../support/simulated-process.js';
import type { SimulatedWorld } from '../support/simulated-world.js';
import { contextOf } from './accounts.js';
import { compose, contextFor, note, outcomeOf, type Reply, type Sent } from './sent.js';

const COMMANDS_MAX = 6;
/** Within this time the commands of a call come to the ledger, in any order. */
const COMING_MS_MAX = 20;

/** A call of several commands, in order or together, and all that its callers ever heard about it. */
export interface SentCall {
  readonly key: string;
  readonly isTogether: boolean;
  readonly commands: readonly Sent[];
  /** Those that are sent by themselves as well. */
  readonly alone: ReadonlySet<Sent>;
  /** Final answers to the call itself. */
  readonly answers: Set<string>;
  /** Commands that were carried out in one and the same attempt, in their order. */
  readonly carriedOut: (readonly Sent[])[];
}

export function composeCall(chance: SimulatedWorld, key: string, accounts: readonly [string, ...string[]]): SentCall {
  const commands = Array.from({ length: chance.integer(1, COMMANDS_MAX) }, (_, place) => {
    const sent = compose(chance, `${key}.${place}`, accounts);
    // Not so often that hardly any call could be carried out.
    return sent.kind === 'ordinary' || chance.chance(0.3) ? sent : compose(chance, `${key}.${place}`, accounts);
  });
  return {
    key,
    isTogether: chance.chance(0.5),
    commands,
    alone: new Set(chance.chance(0.2) ? commands.filter(() => chance.chance(0.4)) : []),
    answers: new Set(),
    carriedOut: [],
  };
}

/** How a call is sent: through whom each of its commands goes, and whether one of them may be missing this time. */
export interface Sending {
  readonly ledger: Ledger;
  /** Where all of it goes on. */
  readonly process: SimulatedProcess;
  /** Sends one of the commands in order, under its context. */
  readonly send: (sent: Sent, context: CommandContext) => Promise<Reply>;
  /** One place that is left out this time. */
  readonly missing?: number | undefined;
}

/** Sends a call once. True when there is no reason to send it again. */
export const sendCall = (call: SentCall, sending: Sending): Promise<boolean> =>
  call.isTogether ? sendTogether(call, sending) : sendInOrder(call, sending);

/** As `Bulk.oneByOne` does. */
async function sendInOrder(call: SentCall, { ledger, process, send, missing }: Sending): Promise<boolean> {
  const { refusal } = note(call, await outcomeOf(ledger.execute(contextOf(call.key), (tx) => tx.itself())));
  if (refusal) return false;
  const contexts = call.commands.map(contextFor);
  const sequence = ledger.inOrder(contexts);
  const replies = await Promise.all(
    contexts.map(async (context, place): Promise<Reply | undefined> => {
      await process.sleep(process.world.integer(0, COMING_MS_MAX));
      const sent = call.commands[place];
      const reply = place === missing || !sent ? undefined : await send(sent, context);
      sequence.skip(place);
      return reply;
    }),
  );
  call.carriedOut.push(call.commands.filter((_, place) => replies[place]?.isFresh));
  return replies.every((reply) => reply && (!reply.refusal || reply.refusal.kind === 'stale'));
}

const refusalOfAll: RefusalOfAll = (place, { code, detail, facts }) =>
  new Refusal('conflict', code, `Command ${place}: ${detail}`, { facts, place });

/** As `Bulk.together` does. */
async function sendTogether(call: SentCall, { ledger, process, missing }: Sending): Promise<boolean> {
  const contexts = call.commands.map(contextFor);
  const all = ledger.together(contextOf(call.key), contexts, refusalOfAll);
  const parts = contexts.map(async (context, place): Promise<Answer> => {
    await process.sleep(process.world.integer(0, COMING_MS_MAX));
    try {
      const sent = call.commands[place];
      if (place === missing || !sent) throw new Refusal('unavailable', 'missing', 'It does not come this time.');
      return await ledger.execute(context, sent.decide);
    } catch (error) {
      const isOfOne = error instanceof Refusal && error.kind !== 'unavailable';
      all.abort(isOfOne ? refusalOfAll(place, error) : error);
      throw error;
    }
  });
  const [whole, ...outcomes] = await Promise.all([all.answer, ...parts].map(outcomeOf));
  const isOrdinary = call.commands.every(({ kind }) => kind === 'ordinary');
  // Whether a bug in one of them comes to light depends on whether one before it is refused.
  if (whole instanceof Error && !(whole instanceof Refusal) && !isOrdinary) return true;
  const { refusal } = note(call, whole);
  const isDone = !(whole instanceof Error);
  for (const [place, outcome] of outcomes.entries()) {
    const sent = call.commands[place];
    if (isDone && sent) note(sent, outcome);
    if (outcome instanceof Error === isDone) {
      call.answers.add(`${isDone ? 'all' : 'none'} were carried out, but command ${place} heard: ${String(outcome)}`);
    }
  }
  return !refusal || refusal.code === 'stale-revision';
}
