import type { AppendCommand, StoredOutcome } from './event-store.js';
import type { Decided } from './group-commit.js';
import { callOf, type CommandGroup, type PendingCommand } from './command-group.js';
import { answerOf, refusalOutcome, type Outcome } from './outcome.js';
import { Refusal } from './refusal.js';
import type { CachedStream, StreamState } from './state-cache.js';
import { StreamNotLoaded, type Transaction } from './transaction.js';

/** The result of a decision; a refusal is an outcome as well. */
export interface Decision {
  readonly tx: Transaction;
  readonly outcome: Outcome;
  readonly refusal?: Refusal;
}

/** What the decision of an atomic group needs of the ledger. */
export interface AtomicSteps {
  known(commandId: string): StoredOutcome | undefined;
  /** @throws StreamNotLoaded */
  decide(command: PendingCommand, before: ReadonlyMap<string, StreamState>): Decision;
  record(
    command: PendingCommand,
    tx: Transaction | undefined,
    outcome: Outcome,
  ): AppendCommand & { readonly bytes: number };
}

/** Several streams that are not in memory: all are loaded before the commands are decided again. */
export class StreamsNotLoaded extends Error {
  constructor(readonly missing: readonly StreamNotLoaded[]) {
    super(`${missing.length} streams`);
  }
}

/**
 * Decides the commands of an atomic group one after the other, each on the states that the commands before it wrote. The decisions take
 * one turn of the event loop, so that no other command comes between them.
 * @throws StreamsNotLoaded with every missing stream that this attempt could find
 */
export function decideAtomically(group: CommandGroup, steps: AtomicSteps): Decided<CommandGroup> {
  const reads = new Map<string, CachedStream>();
  const writes = new Map<string, StreamState>();
  const missing: StreamNotLoaded[] = [];
  const records: (AppendCommand & { readonly bytes: number })[] = [];
  for (const [index, command] of group.commands.entries()) {
    const decision = decideOne(group, command, writes, steps, missing);
    for (const [stream, entry] of decision?.tx?.reads ?? []) reads.set(stream, entry);
    // A command after a command that waits for a stream may be refused only because the earlier command is not decided yet.
    if (missing.length > 0) continue;
    if (decision?.refusal) return refused(group, index, decision.refusal, reads, steps);
    if (!decision?.tx) continue;
    for (const [stream, state] of decision.tx.writes) writes.set(stream, state);
    records.push(steps.record(command, decision.tx, decision.outcome));
  }
  if (missing.length > 0) throw new StreamsNotLoaded(missing);
  return { group, commands: records, bytes: bytesOf(records), reads, writes };
}

type OneDecision = (Decision & { readonly tx: Transaction }) | { readonly tx?: undefined; readonly refusal?: Refusal };

/** A command that was executed before counts as decided; a command that was refused before refuses the group. */
function decideOne(
  group: CommandGroup,
  command: PendingCommand,
  before: ReadonlyMap<string, StreamState>,
  steps: AtomicSteps,
  missing: StreamNotLoaded[],
): OneDecision | undefined {
  const { commandId } = command.context;
  const known = command === callOf(group) ? undefined : (group.known.get(commandId) ?? steps.known(commandId));
  try {
    if (!known) return steps.decide(command, before);
    answerOf(command.context, known, true);
    group.known.set(commandId, known);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error };
    if (!(error instanceof StreamNotLoaded)) throw error;
    missing.push(error);
    return undefined;
  }
}

/** Records the refusal under the key of the call alone, so that the commands may be sent again by themselves. */
function refused(
  group: CommandGroup,
  index: number,
  refusal: Refusal,
  reads: ReadonlyMap<string, CachedStream>,
  steps: AtomicSteps,
): Decided<CommandGroup> {
  if (!group.refusalOfAll) throw new Error('An atomic group needs `refusalOfAll`.');
  const ofAll = group.refusalOfAll(index, refusal);
  const call = callOf(group);
  if (refusal.kind === 'stale') group.stale = ofAll;
  const commands = refusal.kind === 'stale' ? [] : [steps.record(call, undefined, refusalOutcome(ofAll, call.context))];
  return { group, commands, bytes: bytesOf(commands), reads, writes: new Map() };
}

const bytesOf = (commands: readonly { readonly bytes: number }[]): number =>
  commands.reduce((sum, { bytes }) => sum + bytes, 0);
