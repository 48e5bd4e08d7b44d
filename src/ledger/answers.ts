import type { EventStore, StoredOutcome } from './event-store.js';
import { callOf, rejectAll, type CommandGroup, type PendingCommand } from './command-group.js';
import { answerOf } from './outcome.js';
import { asRefusal } from './store-unavailable.js';

/** Outcomes kept in memory, so that the usual quick retry costs no write attempt. */
const RECENT_OUTCOMES_MAX = 20_000;
/** A longer one is not kept: the store has it. */
const RECENT_OUTCOME_LENGTH_MAX = 4_096;

/** Gives everybody who waits for a group the one answer that is stored for it, and keeps the latest in memory. */
export class Answers {
  private readonly recent = new Map<string, StoredOutcome>();

  constructor(private readonly store: Pick<EventStore, 'outcomeOf'>) {}

  /** Of a command that was carried out lately. */
  known(commandId: string): StoredOutcome | undefined {
    return this.recent.get(commandId);
  }

  /** One command of the group is stored: now, or before if `replayed`. */
  settle(group: CommandGroup, stored: StoredOutcome, replayed: boolean): void {
    this.remember(stored);
    const command = group.commands.find(({ context }) => context.commandId === stored.commandId);
    const isCallOfGroup = group.refusalOfAll !== undefined && command === callOf(group);
    if (group.refusalOfAll && replayed) {
      // What is stored of the call says that its commands are stored as well; the answer to them is not in hand.
      if (isCallOfGroup) void this.replay(group, stored).catch((error: unknown) => rejectAll(group, asRefusal(error)));
      return;
    }
    answer(group, command, stored, replayed);
    // After the call: where it is refused, that is the answer to all, whatever had become of some of them before.
    if (isCallOfGroup)
      for (const known of group.commands) answer(group, known, group.known.get(known.context.commandId), true);
  }

  /** Answers the group with what is stored, if it was carried out before; false if it was not. Never rejects. */
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

  /** @throws what the store throws */
  private async replay(group: CommandGroup, call: StoredOutcome): Promise<void> {
    try {
      answerOf(callOf(group).context, call, true);
    } catch (error) {
      rejectAll(group, error);
      return;
    }
    const outcomes = group.commands.map(async ({ context: { commandId } }) => {
      const stored = this.recent.get(commandId) ?? (await this.store.outcomeOf(commandId));
      if (!stored) throw new Error(`Command ${commandId} is missing, though all were carried out together.`);
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

/** Of several, a refusal of one is a refusal of all. */
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
