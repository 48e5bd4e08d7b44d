import { isCausedByContent, type AppendBatch, type AppendCommand } from './event-store.js';
import type { AppendResult, EventStore, StoredOutcome } from './event-store.js';
import type { MonotonicTime } from './monotonic-time.js';
import { Refusal } from './refusal.js';
import type { CachedStream, StateCache, StreamState } from './state-cache.js';

/** Commands in one write. A larger batch is not faster, and every command waits for its whole batch. */
const BATCH_COMMANDS_MAX = 1_000;
/** Characters in one write, so that a write stays short. A single command that is larger is written alone. */
const BATCH_BYTES_MAX = 8 * 1_048_576;
/** How long a batch whose outcome is unknown is retried before its callers are answered 503. */
const UNKNOWN_OUTCOME_MS_MAX = 10_000;
const RETRY_FIRST_MS = 20;
const RETRY_MS_MAX = 1_000;

/** A command that has been decided and waits to be written. */
export interface Decided<Group> {
  readonly group: Group;
  /** The sequence that the group belongs to: later groups of the sequence depend on this one, whichever streams they read. */
  readonly sequence?: object | undefined;
  /** One command, or the commands of an atomic group. If it is empty, only the revisions that were read are compared with the store. */
  readonly commands: readonly AppendCommand[];
  readonly bytes: number;
  /** Every stream that the decision read. */
  readonly reads: ReadonlyMap<string, CachedStream>;
  /** State and revision of every stream that the decision writes, after its events. */
  readonly writes: ReadonlyMap<string, StreamState>;
}

/** None of these throws: the batch that calls them has other commands to answer. */
export interface GroupCommitEvents<Group> {
  settled(group: Group, outcome: StoredOutcome, replayed: boolean): void;
  /** The store has the revisions that a decision without events had read; they are durable. */
  confirmed(group: Group): void;
  failed(group: Group, error: unknown): void;
  /**
   * Decide the group again: the states that it read have changed, by another writer if `conflict`. `duplicates` are the outcomes
   * of commands of an atomic group that were executed before.
   */
  again(group: Group, conflict: boolean, duplicates: readonly StoredOutcome[]): void;
  /** Brings a stream up to date with the store. */
  refresh(entry: CachedStream): Promise<unknown>;
  committed(batch: CommittedBatch): void;
  unavailable(error: unknown): void;
}

export interface CommittedBatch {
  readonly commands: number;
  readonly events: number;
  /** Time from the first attempt to write the batch until it was durable. */
  readonly durationMs: number;
}

/**
 * Writes decided commands in batches, one batch at a time: while one is being written the next one fills. Keeps the cached
 * states up to date: `latest` includes all decisions, `committed` only durable ones.
 */
export class GroupCommit<Group> {
  private waiting: Decided<Group>[] = [];
  /** Set while streams are refreshed: a decision made meanwhile may depend on an old state, and is made again. */
  private premature: Decided<Group>[] | undefined;
  private writing: Promise<void> | undefined;
  private isHurried = false;
  /** Commands in the next write. */
  private batchMax = BATCH_COMMANDS_MAX;
  /** Number of commands at the head of the queue, one of which cannot be written. */
  private suspects = 0;

  constructor(
    private readonly store: EventStore,
    private readonly cache: StateCache,
    private readonly events: GroupCommitEvents<Group>,
    private readonly time: MonotonicTime,
  ) {}

  /** Call it in the same turn of the event loop as the decision, so that no other decision comes between. */
  add(decided: Decided<Group>): void {
    if (this.premature) {
      this.premature.push(decided);
      return;
    }
    for (const entry of decided.reads.values()) entry.pending += 1;
    for (const [stream, state] of decided.writes) entryOf(decided, stream).latest = state;
    this.waiting.push(decided);
    this.writing ??= this.write();
  }

  /** Ends all retries: a service that stops cannot wait for a store that does not answer. */
  hurry(): void {
    this.isHurried = true;
  }

  /** Resolves when no command waits and no batch is being written. */
  async drained(): Promise<void> {
    while (this.writing) await this.writing;
  }

  private async write(): Promise<void> {
    try {
      // Commands that arrive in the same turn of the event loop share the first batch.
      await new Promise((resolve) => setImmediate(resolve));
      while (this.waiting.length > 0) await this.writeBatch(this.nextBatch());
    } finally {
      // In the same turn as the last check of the queue: a command that is added later must find no write under way.
      this.writing = undefined;
    }
  }

  private nextBatch(): readonly Decided<Group>[] {
    let count = 0;
    let bytes = 0;
    for (const decided of this.waiting) {
      bytes += decided.bytes;
      if (count === this.batchMax || (count > 0 && bytes > BATCH_BYTES_MAX)) break;
      count += 1;
    }
    return this.waiting.splice(0, count);
  }

  private async writeBatch(decided: readonly Decided<Group>[]): Promise<void> {
    const batch = batchOf(decided);
    const startedAt = this.time.now();
    let result: AppendResult;
    try {
      result = await this.append(batch);
    } catch (error) {
      if (isCausedByContent(error)) this.isolate(decided, error);
      else this.giveUp(decided, error);
      return;
    }
    if (result.ok) {
      this.suspect(this.suspects - decided.length);
      this.settle(decided, result, startedAt);
    } else if (result.stale.length + result.duplicates.length > 0) {
      await this.recover(decided, new Set(result.stale), result.duplicates);
    } else {
      this.giveUp(decided, new Error('The store rejected a batch without a reason.'));
    }
  }

  /** Retries while the outcome is unknown: a batch that was written after all comes back as a duplicate of itself. */
  private async append(batch: AppendBatch): Promise<AppendResult> {
    const deadline = this.time.now() + UNKNOWN_OUTCOME_MS_MAX;
    for (let delayMs = RETRY_FIRST_MS; ; delayMs = Math.min(delayMs * 2, RETRY_MS_MAX)) {
      try {
        return await this.store.append(batch);
      } catch (error) {
        const isFinal = error instanceof Refusal || isCausedByContent(error);
        if (isFinal || this.isHurried || this.time.now() + delayMs > deadline) throw error;
      }
      await this.time.sleep(delayMs);
    }
  }

  private settle(
    batch: readonly Decided<Group>[],
    { firstPosition, recordedAt }: { firstPosition: number; recordedAt: string },
    startedAt: number,
  ): void {
    let position = firstPosition - 1;
    let commands = 0;
    for (const decided of batch) {
      for (const entry of decided.reads.values()) {
        entry.pending -= 1;
        entry.checkedAt = Math.max(entry.checkedAt, startedAt);
      }
      for (const [stream, state] of decided.writes) entryOf(decided, stream).committed = state;
      if (decided.commands.length === 0) this.events.confirmed(decided.group);
      for (const { commandId, fingerprint, outcome, events } of decided.commands) {
        position += events.length;
        commands += 1;
        this.events.settled(decided.group, { commandId, fingerprint, position, recordedAt, outcome }, false);
      }
    }
    const durationMs = this.time.now() - startedAt;
    this.events.committed({ commands, events: position - firstPosition + 1, durationMs });
  }

  /**
   * The store rejected the batch, and wrote nothing of it. Commands that were executed before are answered: another instance
   * executed them, or our own attempt did and its answer was lost. Commands that read a stream which has moved are decided
   * again. The other commands of the batch are written first, so that they do not wait for a race over streams of others.
   */
  private async recover(
    batch: readonly Decided<Group>[],
    moved: ReadonlySet<string>,
    duplicates: readonly StoredOutcome[],
  ): Promise<void> {
    const answers = new Map(duplicates.map((outcome) => [outcome.commandId, outcome]));
    const answersTo = ({ commands }: Decided<Group>) =>
      commands.flatMap(({ commandId }) => answers.get(commandId) ?? []);
    const undone = this.takeBack(batch, (decided) => answersTo(decided).length > 0 || readsAny(decided, moved));
    this.suspects = 0;
    this.batchMax = batch.filter((decided) => !undone.has(decided)).length || BATCH_COMMANDS_MAX;
    this.premature = [];
    await this.refresh(undone, moved);
    const { premature } = this;
    this.premature = undefined;
    for (const decided of undone) {
      const known = answersTo(decided);
      const isAnswered = known.length > 0 && known.length === decided.commands.length;
      if (isAnswered) for (const outcome of known) this.events.settled(decided.group, outcome, true);
      else this.events.again(decided.group, readsAny(decided, moved), known);
    }
    for (const { group } of premature) this.events.again(group, false, []);
  }

  /** A stream that cannot be refreshed is dropped from the cache; the next decision that needs it loads it again. */
  private async refresh(undone: ReadonlySet<Decided<Group>>, moved: ReadonlySet<string>): Promise<void> {
    const entries = new Map([...undone].flatMap(({ reads }) => [...reads]));
    const refreshed = [...moved].map(async (stream) => {
      const entry = entries.get(stream);
      if (!entry) return;
      const { revision } = entry.committed;
      await this.events.refresh(entry).catch(() => undefined);
      // The store holds less than before, as after a failover: drop the state, whose last events do not exist.
      if (entry.committed.revision === revision) this.cache.drop(stream);
    });
    await Promise.all(refreshed);
  }

  /** One command of the batch cannot be written: find it by halving the batch, so that the other commands pass. */
  private isolate(batch: readonly Decided<Group>[], error: unknown): void {
    if (batch.length > 1) {
      this.waiting = [...batch, ...this.waiting];
      this.suspect(batch.length);
      return;
    }
    this.suspect(0);
    const [culprit] = batch;
    for (const decided of this.takeBack(batch, (candidate) => candidate === culprit)) {
      if (decided === culprit) this.events.failed(decided.group, error);
      else this.events.again(decided.group, false, []);
    }
  }

  private suspect(count: number): void {
    this.suspects = Math.max(0, count);
    this.batchMax = this.suspects > 0 ? Math.ceil(this.suspects / 2) : BATCH_COMMANDS_MAX;
  }

  /**
   * The store does not answer, or takes nothing at all, so all waiting commands fail. If the batch was written after all, its streams have
   * moved.
   */
  private giveUp(batch: readonly Decided<Group>[], error: unknown): void {
    if (!(error instanceof Refusal)) this.events.unavailable(error);
    for (const { group } of this.takeBack(batch, () => true)) this.events.failed(group, error);
  }

  /**
   * Takes decisions back, in the batch and after it, with all decisions that depend on them, in their order. The other
   * decisions stay, and stay first. Later groups of the same sequence are taken back as well: a group that is decided again
   * may write where it was refused before.
   */
  private takeBack(
    batch: readonly Decided<Group>[],
    isFirst: (decided: Decided<Group>) => boolean,
  ): ReadonlySet<Decided<Group>> {
    const undone = new Set<Decided<Group>>();
    const kept: Decided<Group>[] = [];
    const unwritten = new Set<string>();
    const sequences = new Set<object>();
    const rests = (decided: Decided<Group>): boolean =>
      readsAny(decided, unwritten) || (decided.sequence !== undefined && sequences.has(decided.sequence));
    for (const decided of [...batch, ...this.waiting]) {
      if (isFirst(decided) || rests(decided)) {
        undone.add(decided);
        if (decided.sequence) sequences.add(decided.sequence);
        for (const stream of decided.writes.keys()) unwritten.add(stream);
      } else kept.push(decided);
    }
    for (const { reads } of undone) {
      for (const entry of reads.values()) {
        entry.pending -= 1;
        entry.latest = entry.committed;
      }
    }
    for (const decided of kept) {
      for (const [stream, state] of decided.writes) entryOf(decided, stream).latest = state;
    }
    this.waiting = kept;
    return undone;
  }
}

function batchOf(batch: readonly Decided<unknown>[]): AppendBatch {
  const expected = new Map<string, number>();
  for (const { reads } of batch) {
    for (const [stream, entry] of reads) expected.set(stream, entry.committed.revision);
  }
  return { expected, commands: batch.flatMap(({ commands }) => commands) };
}

function readsAny({ reads }: Decided<unknown>, streams: ReadonlySet<string>): boolean {
  if (streams.size === 0) return false;
  for (const stream of reads.keys()) if (streams.has(stream)) return true;
  return false;
}

function entryOf(decided: Decided<unknown>, stream: string): CachedStream {
  const entry = decided.reads.get(stream);
  if (!entry) throw new Error(`${stream} was written without having been read.`);
  return entry;
}
