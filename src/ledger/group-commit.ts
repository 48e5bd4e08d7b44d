import { setTimeout as sleep } from 'node:timers/promises';
import type { AppendCommand, EventStore, StoredOutcome } from './event-store.js';
import type { CachedStream, StateCache, StreamState } from './state-cache.js';
import type { EpochMs } from './time.js';

/** Commands in one write. More would not make it faster, but every one of them waits for all. */
const BATCH_COMMANDS_MAX = 1_000;
/** How long a batch whose outcome is unknown is tried again before its callers are told. */
const UNKNOWN_OUTCOME_MS_MAX = 10_000;
const RETRY_FIRST_MS = 20;
const RETRY_MS_MAX = 1_000;

/** A command that has been decided and waits to be written. */
export interface Decided<Job> {
  readonly job: Job;
  readonly command: AppendCommand;
  /** Every stream that the decision looked at. */
  readonly reads: ReadonlyMap<string, CachedStream>;
  /** State and revision of every stream that it adds to, after its events. */
  readonly writes: ReadonlyMap<string, StreamState>;
}

export interface GroupCommitEvents<Job> {
  settled(job: Job, outcome: StoredOutcome, replayed: boolean): void;
  failed(job: Job, error: unknown): void;
  /** Decide this command again: what it was decided on has changed. */
  again(job: Job): void;
  /** Bring a stream up to date with the store. */
  refresh(entry: CachedStream): Promise<void>;
  committed(batch: CommittedBatch): void;
}

export interface CommittedBatch {
  readonly commands: number;
  readonly events: number;
  /** From the first attempt to write it until it was durable. */
  readonly durationMs: number;
}

/**
 * Writes decided commands in batches, one batch at a time: while one is on its way the next one gathers. Keeps the cached
 * states in step: what is decided shows at once in `latest`, what is durable in `committed`.
 */
export class GroupCommit<Job> {
  private waiting: Decided<Job>[] = [];
  private recovering: Decided<Job>[] | undefined;
  private writing: Promise<void> | undefined;
  /** After an error that only one command can have caused, this many are written one at a time to find it. */
  private oneByOne = 0;

  constructor(
    private readonly store: EventStore,
    private readonly cache: StateCache,
    private readonly events: GroupCommitEvents<Job>,
    private readonly clock: () => EpochMs,
  ) {}

  add(decided: Decided<Job>): void {
    if (this.recovering) {
      // It was decided on states that are being dropped; it is decided again with the others.
      this.recovering.push(decided);
      return;
    }
    for (const entry of decided.reads.values()) entry.pending += 1;
    for (const [stream, state] of decided.writes) entryOf(decided, stream).latest = state;
    this.waiting.push(decided);
    this.writing ??= this.write().finally(() => (this.writing = undefined));
  }

  /** Resolves when nothing waits and nothing is on its way. */
  async drained(): Promise<void> {
    while (this.writing) await this.writing;
  }

  private async write(): Promise<void> {
    // Commands that arrive in the same turn of the event loop share the first batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) {
      const size = this.oneByOne > 0 ? 1 : BATCH_COMMANDS_MAX;
      this.oneByOne = Math.max(0, this.oneByOne - 1);
      await this.writeBatch(this.waiting.splice(0, size));
    }
  }

  private async writeBatch(batch: readonly Decided<Job>[]): Promise<void> {
    const expected = new Map<string, number>();
    for (const { reads } of batch) {
      for (const [stream, entry] of reads) expected.set(stream, entry.committed.revision);
    }
    const commands = batch.map(({ command }) => command);
    const startedAt = performance.now();
    try {
      const result = await this.append(() => this.store.append({ expected, commands }));
      if (result.ok) {
        this.settle(batch, result.firstPosition, result.recordedAt);
        const events = commands.reduce((sum, command) => sum + command.events.length, 0);
        this.events.committed({ commands: commands.length, events, durationMs: performance.now() - startedAt });
      } else await this.recover(batch, result.stale, result.duplicates);
    } catch (error) {
      await this.giveUp(batch, error);
    }
  }

  /** Tries again while the outcome is unknown: what was written after all comes back as a duplicate of itself. */
  private async append<T>(attempt: () => Promise<T>): Promise<T> {
    const deadline = this.clock() + UNKNOWN_OUTCOME_MS_MAX;
    for (let delayMs = RETRY_FIRST_MS; ; delayMs = Math.min(delayMs * 2, RETRY_MS_MAX)) {
      try {
        return await attempt();
      } catch (error) {
        if (isCausedByContent(error) || this.clock() + delayMs > deadline) throw error;
        await sleep(delayMs * (0.5 + Math.random() / 2));
      }
    }
  }

  private settle(batch: readonly Decided<Job>[], firstPosition: number, recordedAt: string): void {
    let position = firstPosition - 1;
    const now = this.clock();
    for (const decided of batch) {
      const { job, command, reads, writes } = decided;
      for (const entry of reads.values()) {
        entry.pending -= 1;
        entry.checkedAt = now;
      }
      for (const [stream, state] of writes) entryOf(decided, stream).committed = state;
      position += command.events.length;
      const { commandId, fingerprint, outcome } = command;
      this.events.settled(job, { commandId, fingerprint, position, recordedAt, outcome }, false);
    }
  }

  /**
   * Something stood in the way of the batch and nothing of it was written. What was carried out before is answered; all
   * the others, those that were still gathering included, are decided again on fresh states, in their order.
   */
  private async recover(
    batch: readonly Decided<Job>[],
    stale: readonly string[],
    duplicates: readonly StoredOutcome[],
  ): Promise<void> {
    const undone = this.rollBack(batch);
    this.recovering = [];
    const answered = new Map(duplicates.map((outcome) => [outcome.commandId, outcome]));
    try {
      const entries = new Map(undone.flatMap(({ reads }) => [...reads]));
      // A duplicate may have been written by another instance, or by our own attempt whose answer was lost: either way
      // the streams that it wrote have moved.
      const moved = duplicates.length > 0 ? [...entries.keys()] : stale;
      await Promise.all(
        moved.flatMap((stream) => entries.get(stream) ?? []).map((entry) => this.events.refresh(entry)),
      );
    } catch {
      // What cannot be refreshed is dropped and loaded again by the decision that needs it.
      this.cache.clear();
    }
    const again = [...undone, ...this.recovering];
    this.recovering = undefined;
    for (const { job, command } of again) {
      const outcome = answered.get(command.commandId);
      if (outcome) this.events.settled(job, outcome, true);
      else this.events.again(job);
    }
  }

  private async giveUp(batch: readonly Decided<Job>[], error: unknown): Promise<void> {
    if (isCausedByContent(error) && batch.length > 1) {
      this.oneByOne = batch.length;
      await this.recover(batch, [], []);
      return;
    }
    const undone = this.rollBack(batch);
    const failed = isCausedByContent(error) ? batch : undone;
    for (const { reads } of undone) for (const stream of reads.keys()) this.cache.drop(stream);
    for (const { job } of failed) this.events.failed(job, error);
    for (const decided of undone) if (!failed.includes(decided)) this.events.again(decided.job);
  }

  /** Forgets what was decided but not written: the batch, and everything decided on top of it. */
  private rollBack(batch: readonly Decided<Job>[]): Decided<Job>[] {
    const undone = [...batch, ...this.waiting];
    this.waiting = [];
    for (const { reads } of undone) {
      for (const entry of reads.values()) {
        entry.latest = entry.committed;
        entry.pending = 0;
      }
    }
    return undone;
  }
}

function entryOf(decided: Decided<unknown>, stream: string): CachedStream {
  const entry = decided.reads.get(stream);
  if (!entry) throw new Error(`${stream} was written without having been read.`);
  return entry;
}

/** Data exceptions and integrity violations (SQLSTATE classes 22 and 23): sending the same again cannot help. */
function isCausedByContent(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^2[23]...$/.test(code);
}
