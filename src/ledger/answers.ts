import type { EventStore, StoredOutcome } from './event-store.js';
import { callOf, rejectAll, type Job, type Part } from './job.js';
import { answerOf } from './outcome.js';
import { asRefusal } from './store-unavailable.js';

/** Outcomes kept in memory, so that the usual quick retry costs no write attempt. */
const RECENT_OUTCOMES_MAX = 20_000;
/** A longer one is not kept: the store has it. */
const RECENT_OUTCOME_LENGTH_MAX = 4_096;

/** Gives everybody who waits for a job the one answer that is stored for it, and keeps the latest in memory. */
export class Answers {
  private readonly recent = new Map<string, StoredOutcome>();

  constructor(private readonly store: Pick<EventStore, 'outcomeOf'>) {}

  /** Of a command that was carried out lately. */
  known(commandId: string): StoredOutcome | undefined {
    return this.recent.get(commandId);
  }

  /** One command of the job is stored: now, or before if `replayed`. */
  settle(job: Job, stored: StoredOutcome, replayed: boolean): void {
    this.remember(stored);
    const part = job.parts.find(({ context }) => context.commandId === stored.commandId);
    const isCallOfAll = job.refusalOfAll !== undefined && part === callOf(job);
    if (job.refusalOfAll && replayed) {
      // What is stored of the call says that its commands are stored as well; the answer to them is not in hand.
      if (isCallOfAll) void this.replay(job, stored).catch((error: unknown) => rejectAll(job, asRefusal(error)));
      return;
    }
    answer(job, part, stored, replayed);
    // After the call: where it is refused, that is the answer to all, whatever had become of some of them before.
    if (isCallOfAll) for (const known of job.parts) answer(job, known, job.known.get(known.context.commandId), true);
  }

  /** Answers the job with what is stored, if it was carried out before; false if it was not. Never rejects. */
  async replayed(job: Job): Promise<boolean> {
    try {
      const stored = await this.store.outcomeOf(callOf(job).context.commandId);
      if (stored) this.settle(job, stored, true);
      return stored !== undefined;
    } catch (error) {
      rejectAll(job, asRefusal(error));
      return true;
    }
  }

  /** @throws what the store throws */
  private async replay(job: Job, call: StoredOutcome): Promise<void> {
    try {
      answerOf(callOf(job).context, call, true);
    } catch (error) {
      rejectAll(job, error);
      return;
    }
    const outcomes = job.parts.map(async ({ context: { commandId } }) => {
      const stored = this.recent.get(commandId) ?? (await this.store.outcomeOf(commandId));
      if (!stored) throw new Error(`Command ${commandId} is missing, though all were carried out together.`);
      return stored;
    });
    const stored = await Promise.all(outcomes);
    for (const [index, outcome] of stored.entries()) answer(job, job.parts[index], outcome, true);
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
function answer(job: Job, part: Part | undefined, stored: StoredOutcome | undefined, replayed: boolean): void {
  if (!part || !stored) return;
  try {
    part.resolve(answerOf(part.context, stored, replayed));
  } catch (error) {
    rejectAll(job, error);
  }
}
