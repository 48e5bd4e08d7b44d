import type { Answer, CommandContext } from './command-context.js';
import type { EventStore, StoredOutcome } from './event-store.js';
import type { EventReader } from './event-reader.js';
import { GroupCommit, type CommittedBatch, type Decided } from './group-commit.js';
import { monotonicTime, type MonotonicTime } from './monotonic-time.js';
import { streamOf, type DomainEvent, type Noun } from './noun.js';
import { answerOf, refusalOutcome, type Outcome } from './outcome.js';
import { Refusal } from './refusal.js';
import type { LedgerSignal } from './signal.js';
import { StateCache, type CachedStream } from './state-cache.js';
import { asRefusal } from './store-unavailable.js';
import { Streams } from './streams.js';
import { formatInstant, type EpochMs } from './time.js';
import { StreamNotLoaded, Transaction, erase } from './transaction.js';
import type { Vault } from './vault.js';

/** A pure, synchronous decision: reads states and appends events through `tx`. It may be run more than once. */
export type Decide = (tx: Transaction) => object | void;

/** Commands inside the ledger at a time, waiting or on their way to the store. Beyond it callers are told to come back. */
const COMMANDS_MAX = 10_000;
/** Text of the commands inside that have been decided, for the same reason: a few of them may be large. */
const COMMANDS_BYTES_MAX = 64 * 1_048_576;
/** How often a command is decided again because another instance was faster, before its caller is told to come back. */
const ATTEMPTS_MAX = 20;
/** Times that a decision may ask for one more stream: each costs a read, so a decision that walks a chain stays bounded. */
const LOADS_MAX = 300;
/** Outcomes kept in memory, so that the usual quick retry costs no write attempt. */
const RECENT_OUTCOMES_MAX = 20_000;
/** A longer one is not kept: the store has it. */
const RECENT_OUTCOME_LENGTH_MAX = 4_096;

/** Sees how the ledger fares; for metrics and logs. */
export interface LedgerObserver {
  committed?(batch: CommittedBatch): void;
  /** A batch could not be written, for longer than its callers should wait. */
  unavailable?(error: unknown): void;
}

export interface LedgerOptions {
  readonly observer?: LedgerObserver;
  readonly clock?: () => EpochMs;
  readonly time?: MonotonicTime;
}

interface Job {
  readonly context: CommandContext;
  readonly decide: Decide;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  attempts: number;
  loads: number;
  bytes: number;
  /** The `If-Match` that did not hold, until it is sure that it does not. */
  stale?: Refusal;
}

/**
 * The one path of every command. Deciding is synchronous on cached states, so that commands on one stream follow each
 * other without locks, each seeing what the one before it decided; what was decided is written in batches, and nobody is
 * answered before the batch is durable.
 */
export class Ledger {
  private readonly cache = new StateCache();
  private readonly streams: Streams;
  private readonly running = new Map<string, Promise<Answer>>();
  private readonly recent = new Map<string, StoredOutcome>();
  private readonly commit: GroupCommit<Job>;
  private readonly observer: LedgerObserver;
  private readonly clock: () => EpochMs;
  private bytesInside = 0;
  private closed = false;

  constructor(
    private readonly store: EventStore,
    reader: EventReader,
    private readonly vault: Vault,
    signal: LedgerSignal,
    { observer = {}, clock = Date.now, time = monotonicTime }: LedgerOptions = {},
  ) {
    this.observer = observer;
    this.clock = clock;
    this.streams = new Streams(this.cache, store, reader, time);
    const events = {
      settled: (job: Job, outcome: StoredOutcome, replayed: boolean) => this.settle(job, outcome, replayed),
      confirmed: (job: Job) => void this.answerStale(job),
      failed: (job: Job, error: unknown) => job.reject(asRefusal(error)),
      again: (job: Job, conflict: boolean) => this.again(job, conflict),
      refresh: (entry: CachedStream) => this.streams.refresh(entry),
      committed: (batch: CommittedBatch) => {
        signal.notify();
        this.observer.committed?.(batch);
      },
      unavailable: (error: unknown) => this.observer.unavailable?.(error),
    };
    this.commit = new GroupCommit(store, this.cache, events, time);
  }

  /** Commands inside, waiting or on their way to the store. */
  get queued(): number {
    return this.running.size;
  }

  /**
   * Carries a command out once, however often it is sent.
   * @throws Refusal by a rule (recorded as well: the same key is refused for ever), for another body under the same key
   *   (`invalid`), while the same command is still running (`conflict`), when the queue is full or the store does not
   *   answer (`unavailable`).
   */
  async execute(context: CommandContext, decide: Decide): Promise<Answer> {
    if (this.closed) throw unavailable('shutting-down', 'The service is stopping. Send the command again in a moment.');
    const { commandId } = context;
    const known = this.recent.get(commandId);
    if (known) return answerOf(context, known, true);
    if (this.running.has(commandId)) {
      throw new Refusal(
        'conflict',
        'command-in-progress',
        'A command with this Idempotency-Key is still running. Ask again in a moment.',
      );
    }
    if (this.running.size >= COMMANDS_MAX || this.bytesInside >= COMMANDS_BYTES_MAX) {
      throw unavailable(
        'queue-full',
        'More commands are waiting than the service takes at a time. Send the command again in a moment.',
      );
    }
    const answer = this.start(context, decide).finally(() => this.running.delete(commandId));
    this.running.set(commandId, answer);
    return answer;
  }

  /**
   * What is durable of a stream: at least what the store held `maxAgeMs` ago, other instances included.
   * @throws Refusal (`unavailable`) when the store does not answer.
   */
  async read<S, E extends DomainEvent>(
    noun: Noun<S, E>,
    id: string,
    maxAgeMs = 0,
  ): Promise<{ state: S; revision: number }> {
    const { state, revision } = await this.streams.read(erase(noun), streamOf(noun, id), maxAgeMs);
    return { state: state as S, revision };
  }

  /** Takes no further commands and waits until those inside are answered. */
  async close(): Promise<void> {
    this.closed = true;
    this.commit.hurry();
    while (this.running.size > 0) await Promise.allSettled(this.running.values());
    await this.commit.drained();
  }

  private async start(context: CommandContext, decide: Decide): Promise<Answer> {
    let job: Job | undefined;
    try {
      return await new Promise<Answer>((resolve, reject) => {
        job = { context, decide, resolve, reject, attempts: 0, loads: 0, bytes: 0 };
        this.run(job);
      });
    } finally {
      this.bytesInside -= job?.bytes ?? 0;
    }
  }

  private run(job: Job): void {
    const tx = new Transaction(job.context, formatInstant(this.clock()), this.cache, this.vault);
    try {
      this.commit.add(this.decide(job, tx));
    } catch (error) {
      if (error instanceof StreamNotLoaded) this.loadThenRun(job, error);
      else job.reject(error);
    }
  }

  /** @throws StreamNotLoaded, and whatever the decision throws that is no refusal: a bug, which is not recorded. */
  private decide(job: Job, tx: Transaction): Decided<Job> {
    try {
      const further = job.decide(tx) ?? {};
      return this.decided(job, tx, { answer: { ...further, ...tx.answer() } });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      tx.withdraw();
      if (error.kind !== 'stale') return this.decided(job, tx, refusalOutcome(error, job.context));
      job.stale = error;
      return { job, command: undefined, bytes: 0, reads: tx.reads, writes: tx.writes };
    }
  }

  private decided(job: Job, tx: Transaction, result: Outcome): Decided<Job> {
    const { commandId, fingerprint } = job.context;
    const outcome = JSON.stringify(result);
    const bytes = bytesOf(tx) + outcome.length;
    this.bytesInside += bytes - job.bytes;
    job.bytes = bytes;
    const command = { commandId, fingerprint, events: tx.drafts, outcome, sealed: tx.sealedContents };
    return { job, command, bytes, reads: tx.reads, writes: tx.writes };
  }

  private loadThenRun(job: Job, missing: StreamNotLoaded): void {
    job.loads += 1;
    if (job.loads > LOADS_MAX) {
      job.reject(new Error(`A decision asked for more than ${LOADS_MAX} streams; the last was ${missing.stream}.`));
      return;
    }
    this.streams.load(missing.noun, missing.stream).then(() => this.run(job), job.reject);
  }

  /** A stale `If-Match` is not an outcome of the command; but if the command was carried out before, that is the answer. */
  private async answerStale(job: Job): Promise<void> {
    try {
      const stored = await this.store.outcomeOf(job.context.commandId);
      if (stored) this.settle(job, stored, true);
      else job.reject(job.stale);
    } catch (error) {
      job.reject(asRefusal(error));
    }
  }

  private again(job: Job, conflict: boolean): void {
    job.loads = 0;
    if (conflict) job.attempts += 1;
    if (job.attempts <= ATTEMPTS_MAX) return this.run(job);
    job.reject(
      unavailable(
        'contended',
        'Other writers changed the same records again and again. Send the command again in a moment.',
      ),
    );
  }

  private settle(job: Job, stored: StoredOutcome, replayed: boolean): void {
    this.remember(stored);
    try {
      job.resolve(answerOf(job.context, stored, replayed));
    } catch (error) {
      job.reject(error);
    }
  }

  private remember(stored: StoredOutcome): void {
    if (stored.outcome.length > RECENT_OUTCOME_LENGTH_MAX) return;
    this.recent.set(stored.commandId, stored);
    if (this.recent.size <= RECENT_OUTCOMES_MAX) return;
    const oldest = this.recent.keys().next();
    if (!oldest.done) this.recent.delete(oldest.value);
  }
}

const unavailable = (code: string, detail: string): Refusal => new Refusal('unavailable', code, detail);

function bytesOf({ drafts, sealedContents }: Transaction): number {
  let bytes = 0;
  for (const draft of drafts) bytes += draft.bytes;
  for (const { ciphertext } of sealedContents) bytes += ciphertext.length;
  return bytes;
}
