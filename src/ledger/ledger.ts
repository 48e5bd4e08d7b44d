import { Answers } from './answers.js';
import { StreamsNotLoaded } from './atomic.js';
import type { Answer, CommandContext } from './command-context.js';
import {
  PendingCommand,
  callOf,
  groupOf,
  rejectAll,
  type CommandGroup,
  type Decide,
  type RefusalOfAll,
  type SubmittedCommand,
} from './command-group.js';
import { Decider } from './decider.js';
import type { EventStore, StoredOutcome } from './event-store.js';
import type { EventReader } from './event-reader.js';
import { GroupCommit, type CommittedBatch } from './group-commit.js';
import { monotonicTime, type MonotonicTime } from './monotonic-time.js';
import { streamOf, type DomainEvent, type Aggregate } from './aggregate.js';
import { answerOf } from './outcome.js';
import { Refusal, unavailable } from './refusal.js';
import { Sequence } from './sequence.js';
import type { Notifier } from './notifier.js';
import { StateCache, type CachedStream } from './state-cache.js';
import { asRefusal } from './store-unavailable.js';
import { Streams } from './streams.js';
import type { EpochMs } from './time.js';
import { StreamNotLoaded, untyped, type Transaction } from './transaction.js';
import type { Vault } from './vault.js';

/** Commands inside the ledger at a time, waiting or being written. Further callers are asked to come back. */
const COMMANDS_MAX = 10_000;
/** Text of the decided commands inside, for the same reason: a few of them may be large. */
const COMMANDS_BYTES_MAX = 64 * 1_048_576;
/** How often a command is decided again because another instance was faster, before its caller is asked to come back. */
const ATTEMPTS_MAX = 20;
/** Times that a decision may ask for one more stream: each costs a read, so a decision that walks a chain stays bounded. */
const LOADS_MAX = 300;

/** Observes the ledger, for metrics and logs. */
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

/**
 * The one path of every command. Decisions are synchronous on cached states, so that commands on one stream follow each other
 * without locks, each on the result of the command before it. Decided commands are written in batches, and every answer waits until
 * its batch is durable.
 */
export class Ledger {
  private readonly cache = new StateCache();
  private readonly streams: Streams;
  /** Commands inside, by id. */
  private readonly running = new Map<string, Promise<Answer>>();
  private readonly answers: Answers;
  private readonly commit: GroupCommit<CommandGroup>;
  private readonly observer: LedgerObserver;
  private readonly decider: Decider;
  private bytesInside = 0;
  private closed = false;

  constructor(
    store: EventStore,
    reader: EventReader,
    vault: Vault,
    notifier: Notifier,
    { observer = {}, clock = Date.now, time = monotonicTime }: LedgerOptions = {},
  ) {
    this.observer = observer;
    this.streams = new Streams(this.cache, store, reader, time);
    this.answers = new Answers(store);
    this.decider = new Decider(this.cache, vault, this.answers, reader, clock);
    const events = {
      settled: (group: CommandGroup, outcome: StoredOutcome, replayed: boolean) =>
        this.answers.settle(group, outcome, replayed),
      confirmed: (group: CommandGroup) => void this.answerStale(group),
      failed: (group: CommandGroup, error: unknown) => rejectAll(group, asRefusal(error)),
      again: (group: CommandGroup, conflict: boolean, duplicates: readonly StoredOutcome[]) =>
        this.again(group, conflict, duplicates),
      refresh: (entry: CachedStream) => this.streams.refresh(entry),
      committed: (batch: CommittedBatch) => {
        notifier.notify();
        this.observer.committed?.(batch);
      },
      unavailable: (error: unknown) => this.observer.unavailable?.(error),
    };
    this.commit = new GroupCommit(store, this.cache, events, time);
  }

  /** Commands inside, waiting or being written. */
  get queued(): number {
    return this.running.size;
  }

  /**
   * Executes a command once, however often it is sent.
   * @throws Refusal by a rule (recorded as well: the same key is refused for ever), for another body under the same key
   *   (`invalid`), while the same command is still running (`conflict`), when the queue is full or the store does not
   *   answer (`unavailable`).
   */
  async execute(context: CommandContext, decide: Decide): Promise<Answer> {
    if (context.formerId === undefined) return this.executeOne({ context, decide });
    return this.executeOne({ context: await this.answers.asRecorded(context), decide });
  }

  private async executeOne(command: SubmittedCommand): Promise<Answer> {
    this.requireOpen();
    const replayed = this.replayed(command.context);
    if (replayed) return replayed;
    this.requireRoom(1);
    const { group, answer } = this.admit(command);
    this.run(group);
    return answer;
  }

  /**
   * Executes commands in their order: each is decided after the ones before it, and a refusal of one does not stop the ones
   * behind it.
   * A command whose `ready` promise is pending holds up the commands behind it alone.
   * @returns the result of each command, in the same order; the reasons are those that `execute` throws.
   * @throws Refusal (`unavailable`) when there is no room for all of them.
   */
  async executeInOrder(commands: readonly SubmittedCommand[]): Promise<readonly PromiseSettledResult<Answer>[]> {
    if (!commands.some(hasFormerId)) return this.executeAll(commands);
    return this.executeAll(await this.answers.allAsRecorded(commands));
  }

  private executeAll(commands: readonly SubmittedCommand[]): Promise<readonly PromiseSettledResult<Answer>[]> {
    this.requireOpen();
    this.requireRoom(commands.length);
    const sequence = new Sequence<CommandGroup>({
      preparing: (group) => group.preparing,
      decide: (group) => this.attemptWithin(group),
      probe: (group) => this.decider.probe(group),
      load: (group, missing) => this.load(group, [missing]),
    });
    const groups: CommandGroup[] = [];
    const answers = commands.map(async (command) => {
      const replayed = this.replayed(command.context);
      if (replayed) return replayed;
      const { group, answer } = this.admit(command, { sequence });
      group.preparing = command.ready?.then(
        () => this.prepared(group),
        (error: unknown) => this.notPrepared(group, error),
      );
      groups.push(group);
      return answer;
    });
    sequence.start(groups);
    return Promise.allSettled(answers);
  }

  /**
   * Executes commands all or none: in one write, each on the result of the ones before it. The result of all of them is kept
   * under the key of `call`. Their `ready` promises must have resolved.
   * @returns the answers, in the order of the commands.
   * @throws Refusal made by `refusalOfAll` for the first command that is refused; what `execute` throws for the call itself.
   */
  async executeAtomically(
    call: CommandContext,
    commands: readonly SubmittedCommand[],
    refusalOfAll: RefusalOfAll,
  ): Promise<readonly Answer[]> {
    if (call.formerId === undefined) return this.executeGroup(call, commands, refusalOfAll);
    const recorded = await this.answers.allAsRecorded(commands);
    return this.executeGroup(await this.answers.asRecorded(call), recorded, refusalOfAll);
  }

  private async executeGroup(
    call: CommandContext,
    commands: readonly SubmittedCommand[],
    refusalOfAll: RefusalOfAll,
  ): Promise<readonly Answer[]> {
    this.requireOpen();
    this.requireRoom(commands.length + 1);
    this.requireNotRunning(call);
    for (const [index, { context }] of commands.entries()) {
      if (this.running.has(context.commandId)) throw refusalOfAll(index, inProgress());
    }
    const pending = [...commands, { context: call, decide: (tx: Transaction) => tx.itself() }].map(
      (command) => new PendingCommand(command),
    );
    const group = groupOf(pending, { refusalOfAll });
    const answers = pending.map((command) => this.enter(command, group));
    void this.startAtomic(group);
    const settled = await Promise.allSettled(answers);
    const failed = settled.at(-1);
    if (failed?.status === 'rejected') throw failed.reason;
    return Promise.all(answers.slice(0, -1));
  }

  /**
   * The durable state of a stream: at least as new as the store `maxAgeMs` ago, writes of other instances included.
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

  /** Accepts no further commands and waits until the commands inside are answered. */
  async close(): Promise<void> {
    this.closed = true;
    this.commit.hurry();
    while (this.running.size > 0) await Promise.allSettled(this.running.values());
    await this.commit.drained();
  }

  private requireOpen(): void {
    if (this.closed) throw unavailable('shutting-down', 'The service is stopping. Send the command again in a moment.');
  }

  private requireRoom(commands: number): void {
    if (this.running.size + commands <= COMMANDS_MAX && this.bytesInside < COMMANDS_BYTES_MAX) return;
    throw queueFull();
  }

  private requireNotRunning({ commandId }: CommandContext): void {
    if (this.running.has(commandId)) throw inProgress();
  }

  /**
   * The answer that is still in memory, for a quick retry.
   * @throws Refusal that is stored instead, and `command-in-progress` while the command is inside.
   */
  private replayed(context: CommandContext): Answer | undefined {
    const known = this.answers.known(context.commandId);
    if (known) return answerOf(context, known, true);
    this.requireNotRunning(context);
    return undefined;
  }

  private admit(
    command: SubmittedCommand,
    rest: Pick<CommandGroup, 'sequence'> = {},
  ): { group: CommandGroup; answer: Promise<Answer> } {
    const pending = new PendingCommand(command);
    const group = groupOf([pending], rest);
    return { group, answer: this.enter(pending, group) };
  }

  /** From here on the key of the command is in use, until the command is answered. */
  private enter(command: PendingCommand, group: CommandGroup): Promise<Answer> {
    const { commandId } = command.context;
    const answer = command.answer.finally(() => {
      this.running.delete(commandId);
      if (command === callOf(group)) this.bytesInside -= group.bytes;
    });
    this.running.set(commandId, answer);
    return answer;
  }

  private run(group: CommandGroup): void {
    try {
      this.attempt(group);
    } catch (error) {
      if (error instanceof StreamNotLoaded) void this.loadThenRun(group, [error]);
      else if (error instanceof StreamsNotLoaded) void this.loadThenRun(group, error.missing);
      else throw error;
    }
  }

  /** A failed preparation stays with its group, so that the sequence passes over the group. */
  private notPrepared(group: CommandGroup, error: unknown): boolean {
    rejectAll(group, error);
    return false;
  }

  private prepared(group: CommandGroup): boolean {
    group.preparing = undefined;
    return true;
  }

  /** A call of many commands passed the bound on bytes before any of its commands had bytes: look again at each. */
  private attemptWithin(group: CommandGroup): void {
    if (group.bytes === 0 && this.bytesInside >= COMMANDS_BYTES_MAX) rejectAll(group, queueFull());
    else this.attempt(group);
  }

  /** @throws StreamNotLoaded, StreamsNotLoaded. Any other error of a decision that is no refusal is a bug, and is not recorded. */
  private attempt(group: CommandGroup): void {
    try {
      const decided = this.decider.decide(group);
      this.bytesInside += decided.bytes - group.bytes;
      group.bytes = decided.bytes;
      this.commit.add(decided);
    } catch (error) {
      if (error instanceof StreamNotLoaded || error instanceof StreamsNotLoaded) throw error;
      rejectAll(group, error);
    }
  }

  private async loadThenRun(group: CommandGroup, missing: readonly StreamNotLoaded[]): Promise<void> {
    if (await this.load(group, missing)) this.run(group);
  }

  /** False when the streams cannot be read; the callers of the group have been answered so. */
  private async load(group: CommandGroup, missing: readonly StreamNotLoaded[]): Promise<boolean> {
    group.loads += 1;
    if (group.loads > LOADS_MAX) {
      rejectAll(
        group,
        new Error(`A decision asked for more than ${LOADS_MAX} streams; the last was ${missing[0]?.stream}.`),
      );
      return false;
    }
    try {
      await Promise.all(missing.map(({ aggregate, stream }) => this.streams.load(aggregate, stream)));
      return true;
    } catch (error) {
      rejectAll(group, error);
      return false;
    }
  }

  /** Looks for a stored result of the call first: today its commands might be decided otherwise. */
  private async startAtomic(group: CommandGroup): Promise<void> {
    if (!(await this.answers.replayed(group))) this.run(group);
  }

  /** A stale `If-Match` is not an outcome of the command. If the command was executed before, its stored outcome is the answer. */
  private async answerStale(group: CommandGroup): Promise<void> {
    if (!(await this.answers.replayed(group))) rejectAll(group, group.stale);
  }

  private again(group: CommandGroup, conflict: boolean, duplicates: readonly StoredOutcome[]): void {
    const call = callOf(group).context.commandId;
    for (const outcome of duplicates) {
      if (outcome.commandId === call) return this.answers.settle(group, outcome, true);
      group.known.set(outcome.commandId, outcome);
    }
    group.loads = 0;
    if (conflict) group.attempts += 1;
    if (group.attempts <= ATTEMPTS_MAX) return group.sequence ? group.sequence.again(group) : this.run(group);
    rejectAll(
      group,
      unavailable(
        'contended',
        'Other writers changed the same records again and again. Send the command again in a moment.',
      ),
    );
  }
}

/** A command that may have been recorded under a former id, which only the store knows. */
const hasFormerId = ({ context }: SubmittedCommand): boolean => context.formerId !== undefined;

const queueFull = (): Refusal =>
  unavailable(
    'queue-full',
    'More commands are waiting than the service takes at a time. Send the command again in a moment.',
  );

const inProgress = (): Refusal =>
  new Refusal(
    'conflict',
    'command-in-progress',
    'A command with this Idempotency-Key is still running. Ask again in a moment.',
  );
