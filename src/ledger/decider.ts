import type { Answers } from './answers.js';
import { decideAtomically, type Decision } from './atomic.js';
import { callOf, type CommandGroup, type PendingCommand } from './command-group.js';
import type { EventReader } from './event-reader.js';
import type { AppendCommand } from './event-store.js';
import type { Decided } from './group-commit.js';
import { refusalOutcome, type Outcome } from './outcome.js';
import { Refusal } from './refusal.js';
import type { StateCache, StreamState } from './state-cache.js';
import { formatInstant, type EpochMs } from './time.js';
import { StreamNotLoaded, Transaction } from './transaction.js';
import type { Vault } from './vault.js';

/** Runs decisions on the cached states, and makes the records of their results. No method waits or writes. */
export class Decider {
  constructor(
    private readonly cache: StateCache,
    private readonly vault: Vault,
    private readonly answers: Answers,
    private readonly reader: EventReader,
    private readonly clock: () => EpochMs,
  ) {}

  /**
   * @throws StreamNotLoaded, StreamsNotLoaded. Any other error of a decision that is no refusal is a bug. An event type that the
   *   reader does not know is such a bug: no reader could pass the recorded event.
   */
  decide(group: CommandGroup): Decided<CommandGroup> {
    if (!group.refusalOfAll) return this.decideAlone(group);
    return decideAtomically(group, {
      known: (commandId) => this.answers.known(commandId),
      decide: (command, before) => this.decision(command, before),
      record: recordOf,
    });
  }

  /** @throws StreamNotLoaded. Other errors are left to the decision itself. */
  probe(group: CommandGroup): void {
    try {
      this.decision(callOf(group));
    } catch (error) {
      if (error instanceof StreamNotLoaded) throw error;
    }
  }

  private decideAlone(group: CommandGroup): Decided<CommandGroup> {
    const { sequence } = group;
    const call = callOf(group);
    const { tx, outcome, refusal } = this.decision(call);
    const { reads, writes } = tx;
    if (refusal?.kind === 'stale') {
      group.stale = refusal;
      return { group, sequence, commands: [], bytes: 0, reads, writes };
    }
    const record = recordOf(call, tx, outcome);
    return { group, sequence, commands: [record], bytes: record.bytes, reads, writes };
  }

  private decision({ context, decide }: PendingCommand, before?: ReadonlyMap<string, StreamState>): Decision {
    const tx = new Transaction(context, formatInstant(this.clock()), this.cache, this.vault, before);
    try {
      const further = decide(tx) ?? {};
      for (const { type } of tx.drafts) this.reader.requireKnown(type);
      return { tx, outcome: { answer: { ...further, ...tx.answer() } } };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      tx.withdraw();
      return { tx, outcome: refusalOutcome(error, context), refusal: error };
    }
  }
}

function recordOf(
  { context: { commandId, fingerprint } }: PendingCommand,
  tx: Transaction | undefined,
  result: Outcome,
): AppendCommand & { readonly bytes: number } {
  const outcome = JSON.stringify(result);
  const { drafts: events = [], sealedContents: sealed = [] } = tx ?? {};
  let bytes = outcome.length;
  for (const draft of events) bytes += draft.bytes;
  for (const { ciphertext } of sealed) bytes += ciphertext.length;
  return { commandId, fingerprint, events, outcome, sealed, bytes };
}
