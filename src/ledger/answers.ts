import type { CommandContext } from './command-context.js';
import { readEvent } from './event.js';
import type { EventStore, StoredOutcome } from './event-store.js';
import { callOf, rejectAll, type CommandGroup, type PendingCommand, type SubmittedCommand } from './command-group.js';
import { answerOf } from './outcome.js';
import { asRefusal } from './store-unavailable.js';

/** Outcomes kept in memory, so that the usual quick retry costs no write attempt. */
const RECENT_OUTCOMES_MAX = 20_000;
/** A longer outcome is read from the store when it is needed. */
const RECENT_OUTCOME_LENGTH_MAX = 4_096;
/** Outcomes under former ids that are looked up together. */
const FORMER_IDS_MAX = 50;

/** Answers the callers of a group with the stored outcome, and keeps the latest outcomes in memory. */
export class Answers {
  private readonly recent = new Map<string, StoredOutcome>();

  constructor(private readonly store: Pick<EventStore, 'outcomeOf' | 'readAll'>) {}

  /** The outcome of a command that was executed lately. */
  known(commandId: string): StoredOutcome | undefined {
    return this.recent.get(commandId);
  }

  /**
   * The command under the id under which it was recorded: the former id where the same request has an outcome under it, or where
   * another request of this role does, which makes the key a used one. An outcome of the operator binds no other role.
   * @throws Refusal (`unavailable`) when the store does not answer
   */
  async asRecorded(context: CommandContext): Promise<CommandContext> {
    const { formerId, commandId, fingerprint } = context;
    if (formerId === undefined || this.recent.has(commandId)) return context;
    try {
      const stored = this.recent.get(formerId) ?? (await this.store.outcomeOf(formerId));
      if (stored === undefined) return context;
      const isOwn = stored.fingerprint === fingerprint || (await this.isOfLesserRole(stored));
      return isOwn ? { ...context, commandId: formerId } : context;
    } catch (error) {
      throw asRefusal(error);
    }
  }

  /** The same for many commands, a bounded number at a time. */
  async allAsRecorded(commands: readonly SubmittedCommand[]): Promise<readonly SubmittedCommand[]> {
    const found: SubmittedCommand[] = [];
    for (let first = 0; first < commands.length; first += FORMER_IDS_MAX) {
      const some = commands.slice(first, first + FORMER_IDS_MAX).map(async ({ context, decide, ready }) => ({
        context: await this.asRecorded(context),
        decide,
        ready,
      }));
      found.push(...(await Promise.all(some)));
    }
    return found;
  }

  /** An outcome without an event protects nothing: the key may be used again, and nothing is recorded twice. */
  private async isOfLesserRole({ commandId, position }: StoredOutcome): Promise<boolean> {
    const [last] = await this.store.readAll(position - 1, 1);
    if (last === undefined) return false;
    const { commandId: recordedBy, actor } = readEvent(last);
    return recordedBy === commandId && actor.role !== 'operator';
  }

  /** One command of the group is stored: now, or earlier if `replayed`. */
  settle(group: CommandGroup, stored: StoredOutcome, replayed: boolean): void {
    this.remember(stored);
    const command = group.commands.find(({ context }) => context.commandId === stored.commandId);
    const isCallOfGroup = group.refusalOfAll !== undefined && command === callOf(group);
    if (group.refusalOfAll && replayed) {
      // The stored call proves that its commands are stored as well; their outcomes must be read.
      if (isCallOfGroup) void this.replay(group, stored).catch((error: unknown) => rejectAll(group, asRefusal(error)));
      return;
    }
    answer(group, command, stored, replayed);
    // The call is answered first: its refusal is the answer to all commands, also to commands that were executed before.
    if (isCallOfGroup)
      for (const known of group.commands) answer(group, known, group.known.get(known.context.commandId), true);
  }

  /** Answers a group that was executed before with its stored outcome; false for any other group. Never rejects. */
  async replayed(group: CommandGroup): Promise<boolean> {
    try {
      const stored = await this.store.outcomeOf(callOf(group).context.commandId);
      if (stored) this.settle(group, stored, true);
      return stored !== undefined;
    } catch (error) {
      rejectAll(group, asRefusal(error));
      return true;
    }
  }

  /** @throws the error of the store */
  private async replay(group: CommandGroup, call: StoredOutcome): Promise<void> {
    try {
      answerOf(callOf(group).context, call, true);
    } catch (error) {
      rejectAll(group, error);
      return;
    }
    const outcomes = group.commands.map(async ({ context: { commandId } }) => {
      const stored = this.recent.get(commandId) ?? (await this.store.outcomeOf(commandId));
      if (!stored) throw new Error(`Command ${commandId} is missing, though its atomic group was executed.`);
      return stored;
    });
    const stored = await Promise.all(outcomes);
    for (const [index, outcome] of stored.entries()) answer(group, group.commands[index], outcome, true);
  }

  private remember(stored: StoredOutcome): void {
    if (stored.outcome.length > RECENT_OUTCOME_LENGTH_MAX) return;
    this.recent.set(stored.commandId, stored);
    if (this.recent.size <= RECENT_OUTCOMES_MAX) return;
    const oldest = this.recent.keys().next();
    if (!oldest.done) this.recent.delete(oldest.value);
  }
}

/** The refusal of one command of an atomic group refuses all of them. */
function answer(
  group: CommandGroup,
  command: PendingCommand | undefined,
  stored: StoredOutcome | undefined,
  replayed: boolean,
): void {
  if (!command || !stored) return;
  try {
    command.resolve(answerOf(command.context, stored, replayed));
  } catch (error) {
    rejectAll(group, error);
  }
}
