import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { lead } from '../leadership.js';
import { Notifier } from '../notifier.js';
import type { KurrentLog } from './kurrent-log.js';
import { BatchReader, UnreadableLog, type ReadBatch } from './record.js';
import { purgeStaged, writeBatches, type CopyHead, type SequencedCopy } from './sequenced-copy.js';

/** Any fixed number: whoever holds this session-level advisory lock sequences. */
export const SEQUENCER_LOCK = 7_236_002;
/** Commands and events in one write; a copy that is made anew is written in steps of this size. */
const ROWS_MAX = 2_000;
/** How soon another instance takes over when the sequencer is gone. */
const LEADER_RETRY_MS = 500;
/** How soon a subscription that was dropped is made again: at first, and at most. Each time a part of it is left to chance. */
const RESUBSCRIBE_FIRST_MS = 100;
const RESUBSCRIBE_MAX_MS = 5_000;
/** No append is under way for nearly as long as that. */
const STAGED_MS_MAX = 3_600_000;
/** How often contents that belong to nothing are looked for. */
const PURGE_EVERY_MS = 600_000;

export interface SequencerLog {
  info(message: string): void;
  warn(message: string): void;
}

/** Another sequencer has moved the copy: this one knows it no more. */
class Overtaken extends Error {}

/**
 * Follows the log on KurrentDB and writes its batches to PostgreSQL, in order, each once. One instance does at a time: it
 * holds a lock of its session, and writes through that very session; and a write says where the copy stood, so that even
 * two who both believe to be the one do no harm.
 */
export class Sequencer {
  /** Notified when batches have been copied by this instance. */
  readonly progress = new Notifier();
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private purgedAt = -Infinity;
  private broken: string | undefined;

  constructor(
    private readonly pool: Pool,
    private readonly log: KurrentLog,
    private readonly copy: SequencedCopy,
    private readonly says: SequencerLog,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** What keeps the copy from going on, if anything that will not go away by itself; whichever instance leads. */
  get failure(): string | undefined {
    return this.broken;
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.stopping.signal.aborted) {
      try {
        const leader = await lead(this.pool, SEQUENCER_LOCK);
        if (leader) await this.sequenceAs(leader, () => (failures = 0));
        else {
          this.broken = await this.copy.failure();
          await this.pause(LEADER_RETRY_MS);
        }
      } catch (error) {
        await this.report(error);
        failures += 1;
        const delayMs = Math.min(RESUBSCRIBE_FIRST_MS * 2 ** failures, RESUBSCRIBE_MAX_MS);
        await this.pause(delayMs * (0.5 + Math.random() / 2));
      }
    }
  }

  private async report(caught: unknown): Promise<void> {
    const reason = caught instanceof Error ? caught.message : String(caught);
    if (caught instanceof UnreadableLog && this.broken !== reason) {
      this.broken = reason;
      this.says.warn(`The log on KurrentDB cannot be copied any further, and nothing is written: ${reason}`);
      // The others find out by themselves where the database cannot be told.
      await this.copy.fail(reason).catch(() => undefined);
    } else if (!(caught instanceof UnreadableLog || caught instanceof Overtaken)) {
      this.says.warn(`The sequencer lost its connection and starts again: ${reason}`);
    }
  }

  private async sequenceAs(leader: PoolClient, succeeded: () => void): Promise<void> {
    // Whoever sequences stops reading when its session is lost, and does not wait for the next record to find out.
    const ending = new AbortController();
    const end = (): void => ending.abort();
    leader.once('end', end);
    this.stopping.signal.addEventListener('abort', end, { once: true });
    if (this.stopping.signal.aborted) end();
    try {
      let head = await this.copy.head(leader);
      if (!head) throw new UnreadableLog('the database is not a copy any more.');
      await this.requireSameLog(head);
      this.broken = await this.copy.failure();
      // Nothing is left that could stand in the way, and perhaps nobody writes before it is said.
      if (this.broken !== undefined && (await this.log.lastTurn(head.turn)) === head.turn) await this.recover();
      const reader = new BatchReader(this.log.names);
      let ready: ReadBatch[] = [];
      for await (const { record, more } of this.log.follow(head.place, ending.signal)) {
        const batch = reader.add(record);
        if (batch) ready.push(batch);
        if (ready.length === 0 || (more && rowsIn(ready) < ROWS_MAX)) continue;
        head = await this.write(leader, head, ready);
        ready = [];
        succeeded();
        if (!more) await this.purge(leader, head);
      }
    } finally {
      this.stopping.signal.removeEventListener('abort', end);
      leader.off('end', end);
      // The lock goes with its session, so that a broken connection cannot keep it.
      leader.release(true);
    }
  }

  private async write(leader: PoolClient, head: CopyHead, batches: readonly ReadBatch[]): Promise<CopyHead> {
    for (const [index, { turn }] of batches.entries()) {
      const expected = head.turn + 1 + index;
      if (turn !== expected) throw new UnreadableLog(`turn ${expected} is missing, turn ${turn} follows.`);
    }
    const written = await writeBatches(leader, head, batches);
    if (!written) throw new Overtaken();
    if (this.broken !== undefined) await this.recover();
    this.progress.notify();
    return written;
  }

  private async recover(): Promise<void> {
    await this.copy.fail(undefined);
    this.broken = undefined;
    this.says.info('The log on KurrentDB is copied again.');
  }

  /** A server that was set up anew, or restored from an older backup, has another history than the one that was published. */
  private async requireSameLog({ turn, batch }: CopyHead): Promise<void> {
    if (turn < 0) return;
    const found = await this.log.batchAt(turn);
    if (found === batch) return;
    throw new UnreadableLog(
      `turn ${turn} of the copy is ${found === undefined ? 'not on KurrentDB' : 'another one there'}: the server is not the one ` +
        'that this database was copied from, or has lost a part of its history.',
    );
  }

  /** Where everything durable has been copied, what was staged long ago and is not in place belongs to no batch. */
  private async purge(leader: PoolClient, { turn }: CopyHead): Promise<void> {
    if (performance.now() - this.purgedAt < PURGE_EVERY_MS) return;
    // That nothing more has arrived says nothing of what is still to come: after an outage that may be all that was staged.
    if ((await this.log.lastTurn(turn)) !== turn) return;
    this.purgedAt = performance.now();
    await purgeStaged(leader, STAGED_MS_MAX);
  }

  private pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}

const rowsIn = (batches: readonly ReadBatch[]): number =>
  batches.reduce((sum, { commands }) => sum + commands.reduce((rows, { events }) => rows + 1 + events.length, 0), 0);
