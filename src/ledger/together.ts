import type { AppendCommand, StoredOutcome } from './event-store.js';
import type { Decided } from './group-commit.js';
import { callOf, jobOf, type Job, type Part, type RefusalOfAll } from './job.js';
import { answerOf, refusalOutcome, type Outcome } from './outcome.js';
import { Refusal } from './refusal.js';
import type { CachedStream, StreamState } from './state-cache.js';
import { StreamNotLoaded, type Transaction } from './transaction.js';

/** What a decision came to; a refusal is an outcome as well. */
export interface Decision {
  readonly tx: Transaction;
  readonly outcome: Outcome;
  readonly refusal?: Refusal;
}

/** What deciding several commands as one needs of the ledger. */
export interface TogetherSteps {
  known(commandId: string): StoredOutcome | undefined;
  /** @throws StreamNotLoaded */
  decide(part: Part, before: ReadonlyMap<string, StreamState>): Decision;
  record(part: Part, tx: Transaction | undefined, outcome: Outcome): AppendCommand & { readonly bytes: number };
}

/** Several streams that are not in memory: all are loaded before the commands are decided again. */
export class StreamsNotLoaded extends Error {
  constructor(readonly missing: readonly StreamNotLoaded[]) {
    super(`${missing.length} streams`);
  }
}

/** Commands that wait for each other, because they are carried out together or not at all. */
export class Gathering {
  readonly job: Job;
  private readonly parts: Part[] = [];
  private failure: { readonly error: unknown } | undefined;
  private awaited: number;

  /** @param count of the commands, with the call that holds them, which is the last */
  constructor(
    count: number,
    refusalOfAll: RefusalOfAll,
    private readonly complete: (job: Job) => void,
  ) {
    this.awaited = count;
    this.job = jobOf(this.parts, { refusalOfAll });
  }

  come(place: number, part: Part): void {
    if (this.failure) {
      part.reject(this.failure.error);
      return;
    }
    this.parts[place] = part;
    this.awaited -= 1;
    if (this.awaited === 0) this.complete(this.job);
  }

  /** One of them will not come, and therefore none is carried out. Too late, and without effect, once all have come. */
  abort(error: unknown): void {
    if (this.failure || this.awaited === 0) return;
    this.failure = { error };
    for (const part of Object.values(this.parts)) part.reject(error);
  }
}

/**
 * Decides commands one after the other, each on what those before it have written, in one turn: nothing comes in between.
 * @throws StreamsNotLoaded with all that could be found out to be missing
 */
export function decideTogether(job: Job, steps: TogetherSteps): Decided<Job> {
  const reads = new Map<string, CachedStream>();
  const writes = new Map<string, StreamState>();
  const missing: StreamNotLoaded[] = [];
  const commands: (AppendCommand & { readonly bytes: number })[] = [];
  for (const [place, part] of job.parts.entries()) {
    const decision = decideOne(job, part, writes, steps, missing);
    for (const [stream, entry] of decision?.tx?.reads ?? []) reads.set(stream, entry);
    // What comes after one that waits for a stream may be refused only because that one is not decided yet.
    if (missing.length > 0) continue;
    if (decision?.refusal) return refused(job, place, decision.refusal, reads, steps);
    if (!decision?.tx) continue;
    for (const [stream, state] of decision.tx.writes) writes.set(stream, state);
    commands.push(steps.record(part, decision.tx, decision.outcome));
  }
  if (missing.length > 0) throw new StreamsNotLoaded(missing);
  return { job, commands, bytes: bytesOf(commands), reads, writes };
}

type OneDecision = (Decision & { readonly tx: Transaction }) | { readonly tx?: undefined; readonly refusal?: Refusal };

/** One that was carried out before is as good as decided; one that was refused before refuses all. */
function decideOne(
  job: Job,
  part: Part,
  before: ReadonlyMap<string, StreamState>,
  steps: TogetherSteps,
  missing: StreamNotLoaded[],
): OneDecision | undefined {
  const { commandId } = part.context;
  const known = part === callOf(job) ? undefined : (job.known.get(commandId) ?? steps.known(commandId));
  try {
    if (!known) return steps.decide(part, before);
    answerOf(part.context, known, true);
    job.known.set(commandId, known);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error };
    if (!(error instanceof StreamNotLoaded)) throw error;
    missing.push(error);
    return undefined;
  }
}

/** Only that all were refused is recorded, under the key of the call: the commands may come again by themselves. */
function refused(
  job: Job,
  place: number,
  refusal: Refusal,
  reads: ReadonlyMap<string, CachedStream>,
  steps: TogetherSteps,
): Decided<Job> {
  if (!job.refusalOfAll) throw new Error('A job of several commands says what it means that one is refused.');
  const ofAll = job.refusalOfAll(place, refusal);
  const call = callOf(job);
  if (refusal.kind === 'stale') job.stale = ofAll;
  const commands = refusal.kind === 'stale' ? [] : [steps.record(call, undefined, refusalOutcome(ofAll, call.context))];
  return { job, commands, bytes: bytesOf(commands), reads, writes: new Map() };
}

const bytesOf = (commands: readonly { readonly bytes: number }[]): number =>
  commands.reduce((sum, { bytes }) => sum + bytes, 0);
