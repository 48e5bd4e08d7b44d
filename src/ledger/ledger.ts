import { Answers } from './answers.js';
import type { Answer, CommandContext } from './command-context.js';
import type { AppendCommand, EventStore, StoredOutcome } from './event-store.js';
import type { EventReader } from './event-reader.js';
import { GroupCommit, type CommittedBatch, type Decided } from './group-commit.js';
import { callOf, jobOf, rejectAll, type Decide, type Job, type Part, type RefusalOfAll } from './job.js';
import { monotonicTime, type MonotonicTime } from './monotonic-time.js';
import { streamOf, type DomainEvent, type Aggregate } from './aggregate.js';
import { answerOf, refusalOutcome, type Outcome } from './outcome.js';
import { Refusal } from './refusal.js';
import { Sequence } from './sequence.js';
import type { Notifier } from './notifier.js';
import { StateCache, type CachedStream, type StreamState } from './state-cache.js';
import { asRefusal } from './store-unavailable.js';
import { Streams } from './streams.js';
import { formatInstant, type EpochMs } from './time.js';
import { Gathering, StreamsNotLoaded, decideTogether, type Decision } from './together.js';
import { StreamNotLoaded, Transaction, untyped } from './transaction.js';
import type { Vault } from './vault.js';

/** Commands inside the ledger at a time, waiting or on their way to the store. Beyond it callers are told to come back. */
const COMMANDS_MAX = 10_000;
/** Text of the commands inside that have been decided, for the same reason: a few of them may be large. */
const COMMANDS_BYTES_MAX = 64 * 1_048_576;
/** How often a command is decided again because another instance was faster, before its caller is told to come back. */
const ATTEMPTS_MAX = 20;
/** Times that a decision may ask for one more stream: each costs a read, so a decision that walks a chain stays bounded. */
const LOADS_MAX = 300;
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

/** How a command is started: alone, in its place among others, or when the others have come. */
interface Entry {
  readonly isTogether?: true;
  start(part: Part): Job | undefined;
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
  private readonly answers: Answers;
  /** How commands that came with others are started. */
  private readonly entries = new WeakMap<CommandContext, Entry>();
  private readonly commit: GroupCommit<Job>;
  private readonly observer: LedgerObserver;
  private readonly clock: () => EpochMs;
  private readonly alone: Entry = {
    start: (part) => {
      const job = jobOf([part]);
      this.run(job);
      return job;
    },
  };
  private bytesInside = 0;
  private closed = false;

  constructor(
    store: EventStore,
    reader: EventReader,
    private readonly vault: Vault,
    signal: Notifier,
    { observer = {}, clock = Date.now, time = monotonicTime }: LedgerOptions = {},
  ) {
    this.observer = observer;
    this.clock = clock;
    this.streams = new Streams(this.cache, store, reader, time);
    this.answers = new Answers(store);
    const events = {
      settled: (job: Job, outcome: StoredOutcome, replayed: boolean) => this.answers.settle(job, outcome, replayed),
      confirmed: (job: Job) => void this.answerStale(job),
      failed: (job: Job, error: unknown) => rejectAll(job, asRefusal(error)),
      again: (job: Job, conflict: boolean, duplicates: readonly StoredOutcome[]) =>
        this.again(job, conflict, duplicates),
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
    const entry = this.entries.get(context) ?? this.alone;
    const known = this.answers.known(commandId);
    if (known && !entry.isTogether) return answerOf(context, known, true);
    if (this.running.has(commandId)) {
      throw new Refusal(
        'conflict',
        'command-in-progress',
        'A command with this Idempotency-Key is still running. Ask again in a moment.',
      );
    }
    this.requireRoom(1);
    let job: Job | undefined;
    const answer = new Promise<Answer>((resolve, reject) => {
      job = entry.start({ context, decide, resolve, reject });
    }).finally(() => {
      this.running.delete(commandId);
      this.bytesInside -= job?.bytes ?? 0;
    });
    this.running.set(commandId, answer);
    return answer;
  }

  /**
   * Announces commands that are decided in the order of their contexts, each when those before it are. They are then executed as
   * usual; those that will not come must be skipped.
   * @throws Refusal (`unavailable`) when there is no room for all of them.
   */
  inOrder(contexts: readonly CommandContext[]): Pick<Sequence<Job>, 'skip'> {
    this.requireRoom(contexts.length);
    const sequence = new Sequence<Job>(contexts.length, {
      decide: (job) => this.attempt(job),
      probe: (job) => this.probe(job),
      load: (job, missing) => this.load(job, [missing]),
    });
    for (const [place, context] of contexts.entries()) {
      const start = (part: Part): Job => {
        const job = jobOf([part], { sequence });
        sequence.come(place, job);
        return job;
      };
      this.entries.set(context, { start });
    }
    return sequence;
  }

  /**
   * Announces commands that are carried out together or not at all: in one write, each on what those before it decided. They are
   * then executed as usual. Under the key of `call` stands what became of all of them.
   * @throws Refusal (`unavailable`) when there is no room for all of them.
   */
  together(
    call: CommandContext,
    contexts: readonly CommandContext[],
    refusalOfAll: RefusalOfAll,
  ): { readonly answer: Promise<Answer>; abort(error: unknown): void } {
    const all = [...contexts, call];
    this.requireRoom(all.length);
    const gathering = new Gathering(all.length, refusalOfAll, (job) => void this.startTogether(job));
    for (const [place, context] of all.entries()) {
      const start = (part: Part): Job | undefined => {
        gathering.come(place, part);
        return context === call ? gathering.job : undefined;
      };
      this.entries.set(context, { start, isTogether: true });
    }
    const abort = (error: unknown): void => gathering.abort(error);
    const answer = this.execute(call, (tx) => tx.itself());
    // Where the call is not let in, its commands would wait for it for ever.
    answer.catch(abort);
    return { answer, abort };
  }

  /**
   * What is durable of a stream: at least what the store held `maxAgeMs` ago, other instances included.
   * @throws Refusal (`unavailable`) when the store does not answer.
   */
  async read<S, E extends DomainEvent>(
    aggregate: Aggregate<S, E>,
    id: string,
    maxAgeMs = 0,
  ): Promise<{ state: S; revision: number }> {
    const { state, revision } = await this.streams.read(untyped(aggregate), streamOf(aggregate, id), maxAgeMs);
    return { state: state as S, revision };
  }

  /** Takes no further commands and waits until those inside are answered. */
  async close(): Promise<void> {
    this.closed = true;
    this.commit.hurry();
    while (this.running.size > 0) await Promise.allSettled(this.running.values());
    await this.commit.drained();
  }

  private requireRoom(commands: number): void {
    if (this.running.size + commands <= COMMANDS_MAX && this.bytesInside < COMMANDS_BYTES_MAX) return;
    throw unavailable(
      'queue-full',
      'More commands are waiting than the service takes at a time. Send the command again in a moment.',
    );
  }

  private run(job: Job): void {
    try {
      this.attempt(job);
    } catch (error) {
      if (error instanceof StreamNotLoaded) void this.loadThenRun(job, [error]);
      else if (error instanceof StreamsNotLoaded) void this.loadThenRun(job, error.missing);
      else throw error;
    }
  }

  /** @throws StreamNotLoaded, StreamsNotLoaded; what else a decision throws that is no refusal is a bug, which is not recorded. */
  private attempt(job: Job): void {
    try {
      this.commit.add(job.refusalOfAll ? this.decideTogether(job) : this.decide(job));
    } catch (error) {
      if (error instanceof StreamNotLoaded || error instanceof StreamsNotLoaded) throw error;
      rejectAll(job, error);
    }
  }

  private decide(job: Job): Decided<Job> {
    const { sequence } = job;
    const part = callOf(job);
    const { tx, outcome, refusal } = this.decision(part);
    const { reads, writes } = tx;
    if (refusal?.kind === 'stale') {
      job.stale = refusal;
      return { job, sequence, commands: [], bytes: 0, reads, writes };
    }
    const command = recordOf(part, tx, outcome);
    return this.counted({ job, sequence, commands: [command], bytes: command.bytes, reads, writes });
  }

  private decideTogether(job: Job): Decided<Job> {
    return this.counted(
      decideTogether(job, {
        known: (commandId) => this.answers.known(commandId),
        decide: (part, before) => this.decision(part, before),
        record: recordOf,
      }),
    );
  }

  private decision({ context, decide }: Part, before?: ReadonlyMap<string, StreamState>): Decision {
    const tx = new Transaction(context, formatInstant(this.clock()), this.cache, this.vault, before);
    try {
      const further = decide(tx) ?? {};
      return { tx, outcome: { answer: { ...further, ...tx.answer() } } };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      tx.withdraw();
      return { tx, outcome: refusalOutcome(error, context), refusal: error };
    }
  }

  private counted(decided: Decided<Job>): Decided<Job> {
    const { job, bytes } = decided;
    this.bytesInside += bytes - job.bytes;
    job.bytes = bytes;
    return decided;
  }

  /** @throws StreamNotLoaded; what else it throws will be found out when the command is decided. */
  private probe(job: Job): void {
    try {
      this.decision(callOf(job));
    } catch (error) {
      if (error instanceof StreamNotLoaded) throw error;
    }
  }

  private async loadThenRun(job: Job, missing: readonly StreamNotLoaded[]): Promise<void> {
    if (await this.load(job, missing)) this.run(job);
  }

  /** False when they cannot be had; whoever waits for the job has been told. */
  private async load(job: Job, missing: readonly StreamNotLoaded[]): Promise<boolean> {
    job.loads += 1;
    if (job.loads > LOADS_MAX) {
      rejectAll(
        job,
        new Error(`A decision asked for more than ${LOADS_MAX} streams; the last was ${missing[0]?.stream}.`),
      );
      return false;
    }
    try {
      await Promise.all(missing.map(({ aggregate, stream }) => this.streams.load(aggregate, stream)));
      return true;
    } catch (error) {
      rejectAll(job, error);
      return false;
    }
  }

  /** Whether the call was carried out before comes first: its commands might be decided otherwise by now. */
  private async startTogether(job: Job): Promise<void> {
    if (!(await this.answers.replayed(job))) this.run(job);
  }

  /** A stale `If-Match` is not an outcome of the command; but if the command was carried out before, that is the answer. */
  private async answerStale(job: Job): Promise<void> {
    if (!(await this.answers.replayed(job))) rejectAll(job, job.stale);
  }

  private again(job: Job, conflict: boolean, duplicates: readonly StoredOutcome[]): void {
    const call = callOf(job).context.commandId;
    for (const outcome of duplicates) {
      if (outcome.commandId === call) return this.answers.settle(job, outcome, true);
      job.known.set(outcome.commandId, outcome);
    }
    job.loads = 0;
    if (conflict) job.attempts += 1;
    if (job.attempts <= ATTEMPTS_MAX) return job.sequence ? job.sequence.again(job) : this.run(job);
    rejectAll(
      job,
      unavailable(
        'contended',
        'Other writers changed the same records again and again. Send the command again in a moment.',
      ),
    );
  }
}

const unavailable = (code: string, detail: string): Refusal => new Refusal('unavailable', code, detail);

function recordOf(
  { context: { commandId, fingerprint } }: Part,
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
