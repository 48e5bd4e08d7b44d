import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { AppendChecks } from '../append-checks.js';
import type { StoredEvent } from '../event.js';
import { checkContinuity, isCausedByContent, UnwritableBatch } from '../event-store.js';
import type { AppendBatch, AppendResult, ClockStatus, EventStore, StoredOutcome } from '../event-store.js';
import { randomId } from '../identifiers.js';
import type { ClockCheck } from '../postgres/clock-check.js';
import { PostgresEventStore } from '../postgres/postgres-event-store.js';
import { formatInstant, parseInstant, type EpochMs } from '../time.js';
import type { KurrentLog, Verdict } from './kurrent-log.js';
import { checkSize, checkWritable, recordsOf } from './record.js';
import type { Comparison, SequencedCopy } from './sequenced-copy.js';
import type { Sequencer } from './sequencer.js';

/** How long a caller waits for the copy, whichever instance makes it. */
const COPIED_MS_MAX = 5_000;
/** How often a waiting caller looks at the copy, because another instance may make it. */
const COPIED_POLL_MS = 5;
/** How often an append is tried again if another writer took the next turn. */
const RACES_MAX = 50;
const RACE_PAUSE_MS_MAX = 10;

/**
 * The event log on KurrentDB. An append is one atomic write there, with the expected revision of every stream that was read or
 * written. Each command has a record that can be written only once. The append returns when the sequencer has copied the batch to
 * PostgreSQL, because the copy decides position and time. All reads use the copy.
 */
export class KurrentEventStore implements EventStore {
  private readonly read: PostgresEventStore;
  private running: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  /** @param sequencer of this instance. Batches that another instance copies are found by looking. */
  constructor(
    pool: Pool,
    checks: AppendChecks,
    private readonly log: KurrentLog,
    private readonly copy: SequencedCopy,
    private readonly sequencer: Pick<Sequencer, 'progress' | 'failure'>,
    private readonly clock: () => EpochMs = Date.now,
    private readonly clockCheck?: ClockCheck,
  ) {
    this.read = new PostgresEventStore(pool, checks);
  }

  clocks(): Promise<ClockStatus | undefined> {
    return this.clockCheck?.status() ?? Promise.resolve(undefined);
  }

  get failure(): string | undefined {
    return this.sequencer.failure;
  }

  async append(batch: AppendBatch): Promise<AppendResult> {
    checkContinuity(batch);
    checkWritable(batch);
    // A batch that is written now would take effect when the copy continues, long after its caller got the answer "outcome unknown".
    if (this.failure !== undefined) throw new Error(`The log on KurrentDB is not being copied: ${this.failure}`);
    for (let races = 0; races < RACES_MAX; races += 1) {
      const result = await this.attempt(batch);
      if (result) return result;
      await sleep(Math.random() * RACE_PAUSE_MS_MAX);
    }
    throw new Error(`Others took the next turn ${RACES_MAX} times.`);
  }

  /** The copy first reaches the last durable batch: a decision that reads older events would only be rejected as stale. */
  async readStream(stream: string, fromRevision: number, limit: number): Promise<readonly StoredEvent[]> {
    await this.catchUp();
    return this.read.readStream(stream, fromRevision, limit);
  }

  readAll(afterPosition: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.read.readAll(afterPosition, limit);
  }

  readEvent(id: string): Promise<StoredEvent | undefined> {
    return this.read.readEvent(id);
  }

  head(): Promise<number> {
    return this.read.head();
  }

  positionAt(recordedAt: string): Promise<number> {
    return this.read.positionAt(recordedAt);
  }

  async outcomeOf(commandId: string): Promise<StoredOutcome | undefined> {
    const known = await this.read.outcomeOf(commandId);
    if (known) return known;
    await this.catchUp();
    return this.read.outcomeOf(commandId);
  }

  /** @returns undefined if only the turn of another writer blocked the append */
  private async attempt(batch: AppendBatch): Promise<AppendResult | undefined> {
    let compared = await this.copy.compare(batch);
    // The copy may be behind: a conflict that it shows, or a batch without commands, is compared again with the last durable batch.
    if (batch.commands.length === 0 || isHeld(compared)) {
      await this.catchUp();
      compared = await this.copy.compare(batch);
    }
    if (isHeld(compared)) return rejection(compared);
    if (compared.repeated.length > 0)
      throw new UnwritableBatch(`Event ${compared.repeated[0]} has been written before.`);
    const stamp = formatInstant(this.clock());
    await this.clockCheck?.require(stamp);
    if (batch.commands.length === 0) return unwritten(compared, stamp);
    return this.write(batch, compared, stamp);
  }

  private async write(batch: AppendBatch, compared: Comparison, stamp: string): Promise<AppendResult | undefined> {
    const batchId = randomId();
    const records = recordsOf(this.log.names, batchId, batch, stamp);
    checkSize(records);
    await this.copy.stage(
      batchId,
      batch.commands.flatMap(({ sealed }) => sealed),
    );
    let verdict: Verdict;
    try {
      verdict = await this.log.append({ records, expected: this.expectations(batch), lastTurn: compared.turn });
    } catch (error) {
      if (isCausedByContent(error)) {
        await this.copy.unstage(batchId);
        throw error;
      }
      return this.resolve(batch, batchId, error);
    }
    if (verdict.written) return { ok: true, ...(await this.sequenced(batchId)) };
    await this.copy.unstage(batchId);
    return this.conflict(batch, verdict.conflicts);
  }

  private expectations({ expected, commands }: AppendBatch): ReadonlyMap<string, number> {
    const { names } = this.log;
    return new Map([
      ...[...expected].map(([stream, revision]) => [names.event(stream), revision] as const),
      ...commands.map(({ commandId }) => [names.command(commandId), -1] as const),
    ]);
  }

  /** The server may name only some of the conflicts: the copy, once it is up to date, shows all of them. */
  private async conflict(batch: AppendBatch, conflicts: readonly string[]): Promise<AppendResult | undefined> {
    await this.catchUp();
    const compared = await this.copy.compare(batch);
    const { names } = this.log;
    const named = new Set(conflicts);
    const stale = [...batch.expected.keys()].filter(
      (stream) => compared.stale.includes(stream) || named.has(names.event(stream)),
    );
    const { duplicates } = compared;
    return stale.length + duplicates.length > 0 ? { ok: false, stale, duplicates } : undefined;
  }

  /**
   * Finds the outcome of an append whose answer was lost, by the record of its first command: this batch has written it, or another
   * batch has. If the record is missing it may still arrive, and the outcome is unknown.
   * @throws Error if the outcome is unknown: the batch may be sent again, and then meets that record
   */
  private async resolve(batch: AppendBatch, batchId: string, error: unknown): Promise<AppendResult | undefined> {
    const [command] = batch.commands;
    const writtenBy = command && (await this.log.batchOf(command.commandId));
    if (writtenBy === undefined) throw error;
    if (writtenBy === batchId) return { ok: true, ...(await this.sequenced(batchId)) };
    return this.conflict(batch, []);
  }

  /** @throws Error if it takes too long. The batch is durable, and is found when it is sent again. */
  private async sequenced(batchId: string): Promise<{ firstPosition: number; recordedAt: string }> {
    return this.copied(() => this.copy.sequenced(batchId));
  }

  /** Waits until the copy has the last batch that is durable at the time of the call. Concurrent callers share the wait. */
  private catchUp(): Promise<void> {
    if (!this.running) return this.startCatchUp();
    // The wait under way may have asked the server before this call.
    this.next ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        return this.startCatchUp();
      });
    return this.next;
  }

  private startCatchUp(): Promise<void> {
    const asked = (async () => {
      const turn = await this.log.lastTurn(await this.copy.turn());
      await this.copied(async () => ((await this.copy.turn()) >= turn ? true : undefined));
    })();
    this.running = asked;
    // The callers get the error; here it only matters that the wait has ended.
    void asked
      .catch(() => undefined)
      .then(() => {
        if (this.running === asked) this.running = undefined;
      });
    return asked;
  }

  /** @throws Error when the sequencer does not get there in time */
  private async copied<T>(look: () => Promise<T | undefined>): Promise<T> {
    const { progress } = this.sequencer;
    const deadline = performance.now() + COPIED_MS_MAX;
    for (;;) {
      const since = progress.count;
      const found = await look();
      if (found !== undefined) return found;
      if (performance.now() > deadline)
        throw new Error(`No sequencer has copied the log from KurrentDB within ${COPIED_MS_MAX} ms.`);
      await progress.wait(COPIED_POLL_MS, undefined, since);
    }
  }
}

const isHeld = ({ stale, duplicates }: Comparison): boolean => stale.length + duplicates.length > 0;

const rejection = ({ stale, duplicates }: Comparison): AppendResult => ({ ok: false, stale, duplicates });

/** The answer to a batch without commands whose expected revisions are right. */
function unwritten({ position, recordedAt }: Comparison, stamp: string): AppendResult {
  const stampMs = Math.max(parseInstant(recordedAt), parseInstant(stamp));
  return { ok: true, firstPosition: position + 1, recordedAt: formatInstant(stampMs) };
}
