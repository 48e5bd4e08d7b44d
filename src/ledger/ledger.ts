import type { Answer, CommandContext } from './command-context.js';
import type { AppendCommand, EventStore, StoredOutcome } from './event-store.js';
import type { EventReader } from './event-reader.js';
import { GroupCommit, type CommittedBatch, type Decided } from './group-commit.js';
import { streamOf, type DomainEvent, type Noun } from './noun.js';
import { Refusal, type FieldError, type RefusalFacts, type RefusalKind } from './refusal.js';
import type { LedgerSignal } from './signal.js';
import { StateCache, type CachedStream } from './state-cache.js';
import { formatInstant, type EpochMs } from './time.js';
import { StreamNotLoaded, Transaction, erase } from './transaction.js';
import type { Vault } from './vault.js';

/** A pure, synchronous decision: reads states and appends events through `tx`. It may be run more than once. */
export type Decide = (tx: Transaction) => object | void;

/** Commands inside the ledger at a time, waiting or on their way to the store. Beyond it callers are told to come back. */
const COMMANDS_MAX = 10_000;
/** How often a command is decided again because another instance was faster, before its caller is told to come back. */
const ATTEMPTS_MAX = 20;
/** Times that a decision may ask for one more stream: each costs a read, so a decision that walks a chain stays bounded. */
const LOADS_MAX = 300;
const STREAM_PAGE = 5_000;
/** Outcomes kept in memory, so that the usual quick retry costs no write attempt. */
const RECENT_OUTCOMES_MAX = 20_000;

/** Sees how the ledger fares; for metrics. */
export interface LedgerObserver {
  committed?(batch: CommittedBatch): void;
}

interface Job {
  readonly context: CommandContext;
  readonly decide: Decide;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  attempts: number;
  loads: number;
}

/** What is stored as the outcome of a command. */
type Outcome =
  | { readonly answer: { readonly id: string; readonly revision: number } & Record<string, unknown> }
  | {
      readonly refusal: {
        readonly kind: RefusalKind;
        readonly code: string;
        readonly detail: string;
        readonly facts: RefusalFacts;
        readonly errors: readonly FieldError[];
      };
      readonly correlationId: string;
    };

/** A refusal that was decided earlier: answered again word for word. */
export class ReplayedRefusal extends Refusal {
  constructor(
    refusal: Pick<Refusal, 'kind' | 'code' | 'detail' | 'facts' | 'errors'>,
    readonly correlationId: string,
    readonly replayed: boolean,
  ) {
    super(refusal.kind, refusal.code, refusal.detail, refusal.facts, refusal.errors);
  }
}

/**
 * The one path of every command. Deciding is synchronous on cached states, so that commands on one stream follow each
 * other without locks, each seeing what the one before it decided; what was decided is written in batches, and nobody is
 * answered before the batch is durable.
 */
export class Ledger {
  private readonly cache = new StateCache();
  private readonly loading = new Map<string, Promise<void>>();
  private readonly running = new Map<string, string>();
  private readonly recent = new Map<string, StoredOutcome>();
  private readonly commit: GroupCommit<Job>;
  private closed = false;

  constructor(
    private readonly store: EventStore,
    private readonly reader: EventReader,
    private readonly vault: Vault,
    signal: LedgerSignal,
    private readonly observer: LedgerObserver = {},
    private readonly clock: () => EpochMs = Date.now,
  ) {
    this.commit = new GroupCommit(
      store,
      this.cache,
      {
        settled: (job, outcome, replayed) => this.settle(job, outcome, replayed),
        failed: (job, error) => this.fail(job, error),
        again: (job) => this.again(job),
        refresh: (entry) => this.refresh(entry),
        committed: (batch) => {
          signal.notify();
          this.observer.committed?.(batch);
        },
      },
      clock,
    );
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
    if (known) return this.replay(context, known);
    if (this.running.has(commandId)) {
      throw new Refusal(
        'conflict',
        'command-in-progress',
        'A command with this Idempotency-Key is still running. Ask again in a moment.',
      );
    }
    if (this.running.size >= COMMANDS_MAX) {
      throw unavailable(
        'queue-full',
        'More commands are waiting than the service takes at a time. Send the command again in a moment.',
      );
    }
    this.running.set(commandId, context.fingerprint);
    try {
      return await new Promise<Answer>((resolve, reject) => {
        this.run({ context, decide, resolve, reject, attempts: 0, loads: 0 });
      });
    } finally {
      this.running.delete(commandId);
    }
  }

  /** The state of a stream, at most `maxAgeMs` behind what other instances wrote. */
  async read<S, E extends DomainEvent>(
    noun: Noun<S, E>,
    id: string,
    maxAgeMs = 0,
  ): Promise<{ state: S; revision: number }> {
    const stream = streamOf(noun, id);
    const cached = this.cache.get(stream);
    if (!cached) await this.load(erase(noun), stream);
    else if (this.clock() - cached.checkedAt > maxAgeMs) await this.refresh(cached);
    const entry = this.cache.get(stream);
    if (!entry) return this.read(noun, id, maxAgeMs);
    return { state: entry.committed.state as S, revision: entry.committed.revision };
  }

  /** Takes no further commands and waits until those inside are answered. */
  async close(): Promise<void> {
    this.closed = true;
    await this.commit.drained();
  }

  private run(job: Job): void {
    const tx = new Transaction(job.context, formatInstant(this.clock()), this.cache, this.vault);
    try {
      const further = job.decide(tx) ?? {};
      this.submit(job, tx, { answer: { ...further, ...tx.answer() } });
    } catch (error) {
      if (error instanceof StreamNotLoaded) this.loadThenRun(job, error);
      else if (error instanceof Refusal && error.kind === 'stale') void this.answerStale(job, error);
      else if (error instanceof Refusal) this.submit(job, withoutEvents(tx), refusalOutcome(error, job.context));
      else job.reject(error);
    }
  }

  private submit(job: Job, tx: Transaction, outcome: Outcome): void {
    const command: AppendCommand = {
      commandId: job.context.commandId,
      fingerprint: job.context.fingerprint,
      events: tx.drafts,
      outcome: JSON.stringify(outcome),
      sealed: tx.sealedContents,
    };
    const decided: Decided<Job> = { job, command, reads: tx.reads, writes: tx.writes };
    this.commit.add(decided);
  }

  private loadThenRun(job: Job, missing: StreamNotLoaded): void {
    job.loads += 1;
    if (job.loads > LOADS_MAX) {
      job.reject(new Error(`A decision asked for more than ${LOADS_MAX} streams; the last was ${missing.stream}.`));
      return;
    }
    this.load(missing.noun, missing.stream).then(
      () => this.run(job),
      (error: unknown) => this.fail(job, error),
    );
  }

  /** A stale `If-Match` is not an outcome of the command; but if the command was carried out before, that is the answer. */
  private async answerStale(job: Job, refusal: Refusal): Promise<void> {
    try {
      const stored = await this.store.outcomeOf(job.context.commandId);
      if (stored) this.settle(job, stored, true);
      else job.reject(refusal);
    } catch (error) {
      this.fail(job, error);
    }
  }

  private again(job: Job): void {
    job.attempts += 1;
    if (job.attempts > ATTEMPTS_MAX) {
      job.reject(
        unavailable(
          'contended',
          'Other writers changed the same records again and again. Send the command again in a moment.',
        ),
      );
    } else {
      this.run(job);
    }
  }

  private settle(job: Job, stored: StoredOutcome, replayed: boolean): void {
    this.recent.set(stored.commandId, stored);
    if (this.recent.size > RECENT_OUTCOMES_MAX) {
      const oldest = this.recent.keys().next();
      if (!oldest.done) this.recent.delete(oldest.value);
    }
    try {
      job.resolve(answerOf(job.context, stored, replayed));
    } catch (error) {
      job.reject(error);
    }
  }

  private replay(context: CommandContext, stored: StoredOutcome): Answer {
    return answerOf(context, stored, true);
  }

  private fail(job: Job, error: unknown): void {
    job.reject(error instanceof Refusal ? error : new StoreUnavailable(error));
  }

  private load(noun: Noun<unknown, DomainEvent>, stream: string): Promise<void> {
    const running = this.loading.get(stream);
    if (running) return running;
    const loading = this.loadStream(noun, stream).finally(() => this.loading.delete(stream));
    this.loading.set(stream, loading);
    return loading;
  }

  private async loadStream(noun: Noun<unknown, DomainEvent>, stream: string): Promise<void> {
    const checkedAt = this.clock();
    const start = { state: noun.initial, revision: -1 };
    const committed = await this.catchUp(noun, stream, start);
    if (this.cache.get(stream)) return;
    this.cache.put({ stream, noun, committed, latest: committed, pending: 0, checkedAt });
  }

  /** Brings a cached stream up to what the store holds. Decisions on their way keep the state that they were made on. */
  private async refresh(entry: CachedStream): Promise<void> {
    const checkedAt = this.clock();
    const base = entry.committed;
    const committed = await this.catchUp(entry.noun, entry.stream, base);
    if (entry.pending > 0 || entry.committed !== base) return;
    entry.checkedAt = checkedAt;
    if (committed.revision === base.revision) return;
    entry.committed = committed;
    entry.latest = committed;
  }

  private async catchUp(
    noun: Noun<unknown, DomainEvent>,
    stream: string,
    from: { state: unknown; revision: number },
  ): Promise<{ state: unknown; revision: number }> {
    let { state, revision } = from;
    for (;;) {
      const page = await this.store.readStream(stream, revision + 1, STREAM_PAGE);
      for (const stored of page) {
        const event = this.reader.read(stored);
        if (event.revision !== revision + 1) throw new Error(`${stream} has a gap before revision ${event.revision}.`);
        state = noun.evolve(state, event);
        revision = event.revision;
      }
      if (page.length < STREAM_PAGE) return { state, revision };
    }
  }
}

/** The store did not answer; whether the command was recorded will show when it is sent again with the same key. */
export class StoreUnavailable extends Refusal {
  constructor(override readonly cause: unknown) {
    super(
      'unavailable',
      'store-unavailable',
      'The ledger could not be reached in time. Send the command again with the same Idempotency-Key: it is recorded once.',
    );
  }
}

const unavailable = (code: string, detail: string): Refusal => new Refusal('unavailable', code, detail);

/** A refusal records what it was decided on, but none of the events that the decision had begun to write. */
function withoutEvents(tx: Transaction): Transaction {
  tx.drafts.length = 0;
  tx.sealedContents.length = 0;
  tx.writes.clear();
  return tx;
}

function refusalOutcome(error: Refusal, context: CommandContext): Outcome {
  const { kind, code, detail, facts, errors } = error;
  return { refusal: { kind, code, detail, facts, errors }, correlationId: context.correlationId };
}

function answerOf(context: CommandContext, stored: StoredOutcome, replayed: boolean): Answer {
  if (stored.fingerprint !== context.fingerprint) {
    throw new Refusal(
      'invalid',
      'idempotency-key-reused',
      'This Idempotency-Key was used for another request. Use a new key for a new request.',
    );
  }
  const outcome = JSON.parse(stored.outcome) as Outcome;
  if ('refusal' in outcome) throw new ReplayedRefusal(outcome.refusal, outcome.correlationId, replayed);
  const { position, recordedAt } = stored;
  return { ...outcome.answer, position, recordedAt, ...(replayed ? { replayed } : {}) };
}
