import type { Pool, PoolClient } from 'pg';
import { SEQUENCER_LOCK } from '../advisory-locks.js';
import type { AppendChecks } from '../append-checks.js';
import { lead } from '../leadership.js';
import { Notifier } from '../notifier.js';
import { Worker, type Next, type Run, type WorkerLog } from '../worker.js';
import type { KurrentLog } from './kurrent-log.js';
import { BatchReader, UnreadableLog, type ReadBatch } from './record.js';
import { purgeStaged, writeBatches, type CopyHead, type SequencedCopy } from './sequenced-copy.js';

/** Commands and events in one write: a new copy is written in steps of this size. */
const ROWS_MAX = 2_000;
/** How soon another instance takes over when the sequencer is gone. */
const STAND_BY_MS = 500;
/** Much longer than any append is under way. */
const STAGED_MS_MAX = 3_600_000;
/** How often staged contents are looked for that belong to no batch. */
const PURGE_EVERY_MS = 600_000;

/** Another sequencer has moved the copy: the head that this one knows is out of date. */
class Overtaken extends Error {}

/**
 * Follows the log on KurrentDB and writes its batches to PostgreSQL, in order, each once. One instance at a time does so: it holds a lock
 * of its session and writes in that session. Each write names the head from which it starts, so that two instances that both believe to
 * hold the lock do no harm.
 */
export class Sequencer {
  /** Notified when this instance has copied batches. */
  readonly progress = new Notifier();
  private readonly worker: Worker;
  private purgedAt = -Infinity;
  private obstacle: string | undefined;

  constructor(
    private readonly pool: Pool,
    private readonly log: KurrentLog,
    private readonly copy: SequencedCopy,
    private readonly checks: AppendChecks,
    workerLog: WorkerLog,
  ) {
    this.worker = new Worker({
      log: workerLog,
      messages: {
        failed: 'The log on KurrentDB is not being copied, and nothing is written until it is.',
        recovered: 'The log on KurrentDB is copied again.',
      },
      pollMs: STAND_BY_MS,
      step: (run) => this.step(run),
    });
  }

  start(): void {
    this.worker.start();
  }

  async stop(): Promise<void> {
    await this.worker.stop();
  }

  /** The obstacle that blocks the copy and will not go away by itself, on every instance. A lost connection is no obstacle. */
  get failure(): string | undefined {
    return this.obstacle;
  }

  private async step(run: Run): Promise<Next> {
    try {
      const leader = await lead(this.pool, SEQUENCER_LOCK);
      // It returns only when the worker stops, which shows no success.
      if (leader) await this.sequenceAs(leader, run);
      else this.obstacle = await this.copy.failure();
      return 'stand-by';
    } catch (error) {
      // Another sequencer works, and this one reads the head again when it has its turn.
      if (error instanceof Overtaken) return 'stand-by';
      if (error instanceof UnreadableLog) await this.note(error.message);
      throw error;
    }
  }

  private async note(obstacle: string): Promise<void> {
    if (this.obstacle === obstacle) return;
    this.obstacle = obstacle;
    // Where the database does not take the note, the other instances meet the obstacle themselves.
    await this.copy.fail(obstacle).catch(() => undefined);
  }

  /** Copies until the worker stops. */
  private async sequenceAs(leader: PoolClient, run: Run): Promise<void> {
    // The subscription ends with the session, and not only when the next record cannot be written.
    const ending = new AbortController();
    const end = (): void => ending.abort();
    leader.once('end', end);
    run.stopping.addEventListener('abort', end, { once: true });
    if (run.stopping.aborted) end();
    try {
      await this.follow(leader, run, ending.signal);
      if (!run.stopping.aborted) throw new Error('The session in which the log was copied has ended.');
    } finally {
      run.stopping.removeEventListener('abort', end);
      leader.off('end', end);
      // The lock is released with its session, so that a broken connection cannot keep the lock.
      leader.release(true);
    }
  }

  private async follow(leader: PoolClient, { works }: Run, ending: AbortSignal): Promise<void> {
    let head = await this.copy.head(leader);
    if (!head) throw new UnreadableLog('the database is not a copy any more.');
    await this.requireSameLog(head);
    this.obstacle = await this.copy.failure();
    // All batches are copied, so the obstacle is gone. Recover now: there may be no further write that would show it.
    if (this.obstacle !== undefined && (await this.log.lastTurn(head.turn)) === head.turn) await this.recover(works);
    // A subscription works also when nobody writes. But records after an obstacle do not show that the obstacle is gone.
    const caughtUp = (): void => {
      if (this.obstacle === undefined) works();
    };
    const reader = new BatchReader(this.log.names);
    let ready: ReadBatch[] = [];
    for await (const { record, more } of this.log.follow(head.place, ending, caughtUp)) {
      const batch = reader.add(record);
      if (batch) ready.push(batch);
      if (ready.length === 0 || (more && rowsIn(ready) < ROWS_MAX)) continue;
      head = await this.write(leader, head, ready);
      ready = [];
      await this.recover(works);
      this.progress.notify();
      if (!more) await this.purge(leader, head);
    }
  }

  private async write(leader: PoolClient, head: CopyHead, batches: readonly ReadBatch[]): Promise<CopyHead> {
    for (const [index, { turn }] of batches.entries()) {
      const expected = head.turn + 1 + index;
      if (turn !== expected) throw new UnreadableLog(`turn ${expected} is missing, turn ${turn} follows.`);
    }
    const written = await writeBatches(leader, head, batches, this.checks);
    if (!written) throw new Overtaken();
    return written;
  }

  private async recover(works: () => void): Promise<void> {
    if (this.obstacle !== undefined) {
      await this.copy.fail(undefined);
      this.obstacle = undefined;
    }
    works();
  }

  /** A new server, or one that was restored from an older backup, has another history than the published one. */
  private async requireSameLog({ turn, turnBatch }: CopyHead): Promise<void> {
    if (turn < 0) return;
    const found = await this.log.batchAt(turn);
    if (found === turnBatch) return;
    throw new UnreadableLog(
      `turn ${turn} of the copy is ${found === undefined ? 'not on KurrentDB' : 'another one there'}: the server is not the one ` +
        'that this database was copied from, or has lost a part of its history.',
    );
  }

  /** Once all durable batches have been copied, a content that was staged long ago and is still staged belongs to no batch. */
  private async purge(leader: PoolClient, { turn }: CopyHead): Promise<void> {
    if (performance.now() - this.purgedAt < PURGE_EVERY_MS) return;
    // An empty subscription does not show that everything has been copied: after an outage all staged contents may still be needed.
    if ((await this.log.lastTurn(turn)) !== turn) return;
    this.purgedAt = performance.now();
    await purgeStaged(leader, STAGED_MS_MAX);
  }
}

const rowsIn = (batches: readonly ReadBatch[]): number =>
  batches.reduce((sum, { commands }) => sum + commands.reduce((rows, { events }) => rows + 1 + events.length, 0), 0);
