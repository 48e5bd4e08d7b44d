import type { Answer, CommandContext } from '../../src/ledger/command-context.js';
import type { Decide } from '../../src/ledger/command-group.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { ReplayedRefusal } from '../../src/ledger/outcome.js';
import { Refusal } from '../../src/ledger/refusal.js';
import type { SimulatedWorld } from '../support/simulated-world.js';
import { blunder, contextOf, move, openAccount } from './accounts.js';

/** One command and every final answer to it. */
export interface Sent {
  readonly key: string;
  readonly decide: Decide;
  readonly kind: 'ordinary' | 'blunder' | 'poison';
  readonly ifMatch?: number;
  /** The account of the command. */
  readonly on: string;
  /** All accounts that the decision reads, where that matters. */
  readonly sees?: readonly string[];
  /** Final answers, as text: there may be only one, however often the command is sent. */
  readonly answers: Set<string>;
}

/** Composes a random command on some of the accounts. */
export function compose(chance: SimulatedWorld, key: string, accounts: readonly [string, ...string[]]): Sent {
  const [from, to, witness] = [chance.pick(accounts), chance.pick(accounts), chance.pick(accounts)];
  const sent = { key, on: from, sees: [from, to, witness], kind: 'ordinary', answers: new Set<string>() } as const;
  const dice = chance.random();
  if (dice < 0.04) return { ...sent, kind: 'blunder', decide: blunder(from) };
  if (dice < 0.08) return { ...sent, kind: 'poison', decide: move(from, to, 1, witness) };
  if (dice < 0.25) return { ...sent, sees: [from], decide: openAccount(from, chance.integer(0, 50)) };
  const decide = move(from, to, chance.integer(0, 30), witness);
  return dice < 0.35 ? { ...sent, decide, ifMatch: chance.integer(0, 6) } : { ...sent, decide };
}

export function contextFor({ key, kind, ifMatch }: Sent): CommandContext {
  return contextOf(key, {
    ...(ifMatch === undefined ? {} : { ifMatch }),
    // No store can hold this character in a text.
    ...(kind === 'poison' ? { fingerprint: 'poison \u0000' } : {}),
  });
}

/** The reply to a command that was sent once. */
export interface Reply {
  /** A refusal that is not final. */
  readonly refusal?: Refusal;
  /** The command was executed by this attempt, and not before. */
  readonly isFresh?: boolean;
}

/** Sends a command once, and notes the answer if it is final. Returns a refusal that is not final. */
export async function send(sent: Sent, ledger: Ledger): Promise<Refusal | undefined> {
  return note(sent, await outcomeOf(ledger.execute(contextFor(sent), sent.decide))).refusal;
}

/** An answer, or the error that was thrown. */
export const outcomeOf = (answer: Promise<Answer>): Promise<unknown> => answer.catch((error: unknown) => error);

export function note({ answers }: Pick<Sent, 'answers'>, outcome: unknown): Reply {
  if (outcome instanceof Refusal) {
    if (!isFinal(outcome)) return { refusal: outcome };
    answers.add(refusalText(outcome));
    return { isFresh: outcome instanceof ReplayedRefusal && !outcome.replayed };
  }
  if (outcome instanceof Error) {
    answers.add(`bug: ${String(outcome)}`);
    return {};
  }
  const { replayed = false, ...answer } = outcome as Answer;
  answers.add(`answer ${JSON.stringify(answer)}`);
  return { isFresh: !replayed };
}

/** Refusals that are not recorded: the caller may send the command again with the same key. */
const isFinal = ({ kind, code }: Refusal): boolean =>
  kind !== 'unavailable' && kind !== 'stale' && code !== 'command-in-progress' && code !== 'stale-revision';

function refusalText({ kind, code, detail, facts }: Refusal): string {
  return `refusal ${JSON.stringify({ kind, code, detail, facts })}`;
}
