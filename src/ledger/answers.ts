import type { EventStore, StoredOutcome } from './event-store.js';
import { callOf, rejectAll, type CommandGroup, type PendingCommand } from './command-group.js';
import { answerOf } from './outcome.js';
import { asRefusal } from './store-unavailable.js';

/** Outcomes kept in memory, so that the usual quick retry costs no write attempt. */
const RECENT_OUTCOMES_MAX = 20_000;
/** A longer outcome is read from the store when it is needed. */
const RECENT_OUTCOME_LENGTH_MAX = 4_096;

/** Answers the callers of a group with the stored outcome, and keeps the latest outcomes in memory. */
export class Answers {
  private readonly recent = new Map<string, StoredOutcome>();

  constructor(private readonly store: Pick<EventStore, 'outcomeOf'>) {}

  /** The outcome of a command that was executed lately. */
  known(commandId: string): StoredOutcome | undefined {
    return this.recent.get(commandId);
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
