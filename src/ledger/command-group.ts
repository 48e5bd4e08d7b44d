import type { Answer, CommandContext } from './command-context.js';
import type { StoredOutcome } from './event-store.js';
import type { Refusal } from './refusal.js';
import type { Transaction } from './transaction.js';

/** A pure, synchronous decision: it reads states and appends events through `tx`. It may run more than once. */
export type Decide = (tx: Transaction) => object | void;

/** A command from its caller: its context with the actor and the key, and its decision. */
export interface SubmittedCommand {
  readonly context: CommandContext;
  readonly decide: Decide;
  /** The decision must wait for this promise. If it rejects, the error is the answer, and nothing is recorded. */
  readonly ready?: Promise<unknown> | undefined;
}

/** A command inside the ledger, and the promise of its answer. */
export class PendingCommand implements SubmittedCommand {
  readonly context: CommandContext;
  readonly decide: Decide;
  readonly answer: Promise<Answer>;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;

  constructor({ context, decide }: SubmittedCommand) {
    this.context = context;
    this.decide = decide;
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

/** The unit that is decided and written: one command, or several that are executed all or none (atomic). */
export interface CommandGroup {
  /** The commands in their order. The last one of an atomic group is the call: the result of the group is kept under its key. */
  readonly commands: readonly PendingCommand[];
  /** Decides the group again, at its index in the sequence that it belongs to, if any. */
  readonly sequence?: { again(group: CommandGroup): void };
  /** Makes the refusal of the whole atomic group from the refusal of one of its commands. */
  readonly refusalOfAll?: RefusalOfAll;
  /** Stored outcomes of commands of an atomic group that were executed before, by command id. */
  readonly known: Map<string, StoredOutcome>;
  /** Set until the decision may run; resolves to false when the command was answered with an error instead. */
  preparing?: Promise<boolean> | undefined;
  attempts: number;
  loads: number;
  bytes: number;
  /** The refusal for a stale `If-Match`, until the store has confirmed the revision that the decision saw. */
  stale?: Refusal;
}

/** @param index of the command that is refused, from 0 */
export type RefusalOfAll = (index: number, refusal: Refusal) => Refusal;

export const groupOf = (
  commands: readonly PendingCommand[],
  rest: Pick<CommandGroup, 'sequence' | 'refusalOfAll'> = {},
): CommandGroup => ({ commands, ...rest, known: new Map(), attempts: 0, loads: 0, bytes: 0 });

/** The command under whose key the result of the whole group is kept. */
export function callOf({ commands }: Pick<CommandGroup, 'commands'>): PendingCommand {
  const call = commands.at(-1);
  if (!call) throw new Error('A group has at least one command.');
  return call;
}

export function rejectAll({ commands }: Pick<CommandGroup, 'commands'>, error: unknown): void {
  for (const command of commands) command.reject(error);
}
