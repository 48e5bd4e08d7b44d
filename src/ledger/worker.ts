import { monotonicTime, type MonotonicTime } from './monotonic-time.js';
import { Notifier } from './notifier.js';

/** First pause after a failed step: a connection that was dropped is usually back by then. */
export const RETRY_MS_MIN = 100;
/** Longest pause: a database that is back after an outage is used again within this time. */
export const RETRY_MS_MAX = 5_000;
/** A worker that stands by forgets its failures after this time. Shorter, and one that fails in every second step would log each time. */
const FORGET_MS = 60_000;
/** Most causes that are logged during one failure: an error whose text differs at each retry must not fill the log. */
export const CAUSES_LOGGED_MAX = 10;

/** What a worker does after a step. */
export type Next =
  /** More work is known: it takes the next step immediately. */
  | 'continue'
  /** A little was done: it lets work gather for `paceMs`, unless a caller asks it to hurry. */
  | 'pace'
  /** Nothing is left: it waits for a notification, or looks again after `pollMs`. */
  | 'idle'
  /** Another instance does the work: it looks again after `standByMs`, and ignores notifications. */
  | 'stand-by';

export interface WorkerLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What a step gets from its worker. */
export interface Run {
  /** Aborted when the worker stops: a step that waits for something outside ends its wait. */
  readonly stopping: AbortSignal;
  /** Ends a failure before the step ends, for a step that lasts as long as a connection. */
  readonly works: () => void;
}

export interface WorkerOptions {
  readonly step: (run: Run) => Next | Promise<Next>;
  readonly log: WorkerLog;
  /** Logged when a failure begins or its cause changes, and when it ends. */
  readonly messages: { readonly failed: string; readonly recovered: string };
  /** Logged with each message. */
  readonly fields?: object;
  /** Notified when there may be work. */
  readonly notifier?: Notifier;
  /** Longest wait for a notification: other instances do not notify this one. */
  readonly pollMs: number;
  readonly paceMs?: number;
  readonly standByMs?: number;
  /** Notified after each step that did something, and when a failure begins. */
  readonly progress?: Notifier;
  readonly time?: MonotonicTime;
  /** Random number from 0 to below 1, for the jitter of retries. */
  readonly random?: () => number;
}

/** Part of what a follower reports in `/readyz`. */
export interface WorkerStatus {
  readonly failure?: string;
}

/**
 * Repeats a step until it is stopped. All followers of the history run in one: it waits, retries with growing pauses, and logs each
 * cause of a failure once.
 */
export class Worker {
  private readonly stopped = new AbortController();
  private readonly notifier: Notifier;
  private readonly demand: Notifier;
  private readonly time: MonotonicTime;
  private readonly random: () => number;
  private running: Promise<void> | undefined;
  /** Failed steps since the last success. */
  private failures = 0;
  private cause: string | undefined;
  /** When the last step failed, in monotonic ms. */
  private failedAt = 0;
  /** Causes that were logged since the last success. */
  private readonly logged = new Set<string>();

  constructor(private readonly options: WorkerOptions) {
    this.time = options.time ?? monotonicTime;
    this.random = options.random ?? Math.random;
    this.notifier = options.notifier ?? new Notifier(this.time);
    this.demand = new Notifier(this.time);
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Ends a wait immediately, and waits for the step under way. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  /** Aborted when the worker stops: nobody should wait for it any longer. */
  get stopping(): AbortSignal {
    return this.stopped.signal;
  }

  /** Why the last step failed; undefined while the worker works, or while another instance does. */
  get failure(): string | undefined {
    return this.cause;
  }

  status(): WorkerStatus {
    return this.cause === undefined ? {} : { failure: this.cause };
  }

  /** Ends the pause in which work gathers: a caller waits for the result. */
  hurry(): void {
    this.demand.notify();
  }

  private async run(): Promise<void> {
    const run: Run = { stopping: this.stopping, works: () => this.recover() };
    while (!this.stopping.aborted) {
      // Counted before the step: a notification during the step may be about work that the step did not see.
      const [notifications, demands] = [this.notifier.count, this.demand.count];
      await this.pause(await this.attempt(run), notifications, demands);
    }
  }

  private async attempt(run: Run): Promise<Next | 'retry'> {
    try {
      const next = await this.options.step(run);
      // A failed worker that stands by has not recovered: no recovery is logged, and the same failure is not logged again.
      if (next === 'stand-by') this.standBy();
      else this.recover();
      if (next === 'continue' || next === 'pace') this.options.progress?.notify();
      return next;
    } catch (error) {
      this.fail(error);
      return 'retry';
    }
  }

  private pause(next: Next | 'retry', notifications: number, demands: number): Promise<void> {
    const { pollMs, paceMs = 0, standByMs = pollMs } = this.options;
    switch (next) {
      case 'continue':
        return Promise.resolve();
      case 'pace':
        return this.demand.wait(paceMs, this.stopping, demands);
      case 'idle':
        return this.notifier.wait(pollMs, this.stopping, notifications);
      case 'stand-by':
        return this.sleep(standByMs);
      case 'retry':
        return this.sleep(this.retryMs());
    }
  }

  /** A notification does not end it: each command of a busy service would be another retry. */
  private sleep(ms: number): Promise<void> {
    return new Notifier(this.time).wait(ms, this.stopping);
  }

  /** Doubles at each failure. The jitter keeps instances from coming back at the same moment. */
  private retryMs(): number {
    const fullMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (this.failures - 1));
    return fullMs * (0.5 + this.random() / 2);
  }

  private fail(error: unknown): void {
    const { log, messages, fields, progress } = this.options;
    const cause = causeOf(error);
    this.failures += 1;
    this.failedAt = this.time.now();
    this.cause = cause;
    if (!this.logged.has(cause) && this.logged.size < CAUSES_LOGGED_MAX) {
      this.logged.add(cause);
      log.error({ ...fields, err: error }, messages.failed);
    }
    progress?.notify();
  }

  /** After a minute without a failure the next one is logged again, and retried soon: this instance may have to take over. */
  private standBy(): void {
    this.cause = undefined;
    if (this.failures === 0 || this.time.now() - this.failedAt < FORGET_MS) return;
    this.failures = 0;
    this.logged.clear();
  }

  private recover(): void {
    const { log, messages, fields } = this.options;
    if (this.failures === 0) return;
    log.info({ ...fields, failures: this.failures }, messages.recovered);
    this.failures = 0;
    this.cause = undefined;
    this.logged.clear();
  }
}

/** Some errors of the platform have no text of their own, e.g. errors of a connection that was tried over several addresses. */
function causeOf(error: unknown): string {
  const { message, errors }: { message?: unknown; errors?: unknown } =
    typeof error === 'object' && error !== null ? error : {};
  if (message === '' && Array.isArray(errors)) return errors.map(causeOf).join('; ');
  return typeof message === 'string' ? message : String(error);
}
