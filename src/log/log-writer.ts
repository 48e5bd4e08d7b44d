import type { AppendChecks } from '../ledger/append-checks.js';
import type { Notifier } from '../ledger/notifier.js';
import { Worker, type Next, type WorkerLog } from '../ledger/worker.js';
import { signCheckpoint, type TreeHead } from '../tlog/checkpoint.js';
import { BatchVerifier } from './batch-checks.queries.js';
import type { KeptCheckpoint } from './kept-checkpoint.js';
import type { LogHead, LogStore, LogTransaction } from './log-store.queries.js';
import { hashesEqual, leafHash } from '../tlog/merkle.js';
import { readRoot } from '../tlog/merkle-proof.js';
import type { SigningKey } from '../tlog/note-key.js';
import { TileBuilder } from '../tlog/tile-builder.js';
import { tileReader } from '../tlog/tile-reader.js';
import { partialTilesOf } from '../tlog/tile.js';

/** Most entries between two checkpoints: limits memory, and how long the head stays locked. */
const BATCH_ENTRIES_MAX = 5_000;
/** Shortest time between two checkpoints: each checkpoint stores up to seven partial tiles. */
const PACE_MS = 200;
/** Longest time until events of another instance are noticed. The events of this instance are notified. */
const POLL_MS = 500;
/** How often a caller that waits for a checkpoint looks for one that another instance signed. */
const COVERED_POLL_MS = 50;

export interface LogStatus {
  readonly size: number;
  /** Why the log is not being signed; undefined while it is. */
  readonly failure?: string;
}

/**
 * Integrates the recorded events into the transparency log and signs its checkpoints. Any number of instances may run it: a lock on
 * the head lets one instance at a time write a batch. An instance reads the tiles back from the database whenever another instance
 * wrote the batch before.
 */
export class LogWriter {
  private builder = new TileBuilder();
  /** Whether the kept checkpoint was found to be part of the history in the database. */
  private keptChecked = false;
  private readonly verifier: BatchVerifier;
  private readonly worker: Worker;

  constructor(
    private readonly store: LogStore,
    private readonly key: SigningKey,
    private readonly kept: KeptCheckpoint,
    checks: AppendChecks,
    notifier: Notifier,
    /** Notified when a checkpoint was signed. */
    private readonly grown: Notifier,
    log: WorkerLog,
  ) {
    this.verifier = new BatchVerifier(checks);
    this.worker = new Worker({
      log,
      messages: {
        failed: 'The transparency log is not being signed.',
        recovered: 'The transparency log is being signed again.',
      },
      notifier,
      pollMs: POLL_MS,
      paceMs: PACE_MS,
      progress: grown,
      step: () => this.step(),
    });
  }

  start(): void {
    this.worker.start();
  }

  async stop(): Promise<void> {
    await this.worker.stop();
  }

  async status(): Promise<LogStatus> {
    const { size } = await this.store.head();
    return { size, ...this.worker.status() };
  }

  /** Waits until a signed checkpoint covers `size` entries; false when it takes longer than `timeoutMs`. */
  async covers(size: number, timeoutMs: number): Promise<boolean> {
    const { stopping } = this.worker;
    const look = async (): Promise<true | undefined> => ((await this.store.head()).size >= size ? true : undefined);
    return (await this.grown.until(look, { timeoutMs, pollMs: COVERED_POLL_MS, stopping })) ?? false;
  }

  private async step(): Promise<Next> {
    try {
      // At a pace, also after a full batch: the events that gather meanwhile share one checkpoint.
      return (await this.integrate()) ? 'pace' : 'idle';
    } catch (error) {
      this.builder = new TileBuilder();
      this.keptChecked = false;
      this.verifier.forget();
      throw error;
    }
  }

  /** Integrates one batch. True when there was something to integrate. */
  private async integrate(): Promise<boolean> {
    let signed = false;
    await this.store.asWriter(async (writer, head) => {
      if (head.hold !== null) throw new Error(head.hold);
      await this.resume(writer, head);
      const ahead = await this.signedAhead(head);
      const entries = await writer.eventsAfter(head.size, ahead ? ahead.size - head.size : BATCH_ENTRIES_MAX);
      // The events that are ahead were signed before, and the root shows whether they are the same.
      if (!ahead) await writer.verify(this.verifier, entries);
      // The entries were read back from storage: the signature covers the bytes that will be served.
      for (const { envelope } of entries) this.builder.append(leafHash(Buffer.from(envelope)));
      if (ahead && this.builder.size < ahead.size) throw behind(ahead);
      if (entries.length === 0) return;
      const { size } = this.builder;
      const root = this.builder.root();
      if (ahead) requireSame(ahead, root);
      const note = signCheckpoint({ origin: this.key.name, size, root }, this.key);
      await writer.putTiles([...this.builder.takeFullTiles(), ...this.builder.partialTiles()]);
      await writer.advance({ size, root, note });
      // Before the commit: each signature that somebody may see is then on record outside the database.
      await this.kept.write(note);
      signed = true;
    });
    return signed;
  }

  /** Continues at the end of the log. Another instance may have written, or a step may have failed, since the last batch. */
  private async resume(writer: LogTransaction, head: LogHead): Promise<void> {
    if (this.builder.size !== head.size || head.size === 0) {
      this.requireSigned(head);
      // It may also be another database, e.g. a standby that took over and lacks the last signed entries.
      this.keptChecked = false;
      this.builder = TileBuilder.resume(head.size, await writer.tiles(partialTilesOf(head.size)));
    }
    if (head.root !== null && !hashesEqual(this.builder.root(), head.root)) {
      throw new Error(
        `The stored tiles do not give the root that was signed for size ${head.size}: the log was changed.`,
      );
    }
  }

  /** The end of the log is where it was signed: a size that is only written there would leave events in front of it unverified. */
  private requireSigned({ size, root, note }: LogHead): void {
    if (size === 0 && note === null) return;
    const signed = note === null ? undefined : this.kept.requireOwn(note);
    if (signed?.size === size) {
      if (root !== null && hashesEqual(signed.root, root)) return;
      throw new Error(`The root in the database is not the one that was signed for size ${size}: the log was changed.`);
    }
    throw new Error(
      `The database says that the log was signed up to size ${size}, and its last checkpoint was signed for size ${signed?.size ?? 0}: ` +
        'somebody wrote into the database. Nothing is signed. Compare the events after that checkpoint with your backups.',
    );
  }

  /**
   * Checks that the signed history is part of the history in the database, which may have been restored from a backup.
   * @returns the kept checkpoint if the database does not have it yet: the next batch must end with the same checkpoint
   */
  private async signedAhead(head: LogHead): Promise<TreeHead | undefined> {
    if (this.keptChecked) return undefined;
    if (head.note !== null) this.kept.requireOwn(head.note);
    const kept = await this.kept.read();
    if (kept !== undefined && kept.size > head.size) {
      if (kept.size - head.size > BATCH_ENTRIES_MAX) throw behind(kept);
      return kept;
    }
    if (kept !== undefined) {
      const read = tileReader(kept.size, async (tile) => (await this.store.tile(tile)) ?? new Uint8Array());
      requireSame(kept, await readRoot(kept.size, read));
    }
    this.keptChecked = true;
    return undefined;
  }
}

const behind = ({ size }: TreeHead): Error =>
  new Error(
    `The database ends before the last signed checkpoint (size ${size}): it looks like an older backup. Nothing is ` +
      'signed, because that would be a second history. Restore the events up to that size, or start a new log under ' +
      'another LOG_ORIGIN and tell everybody who holds checkpoints of this one.',
  );

function requireSame(kept: TreeHead, root: Uint8Array): void {
  if (hashesEqual(kept.root, root)) return;
  throw new Error(
    `The database holds another history than the one that was signed up to size ${kept.size}. Nothing is signed. ` +
      'Find out which of the two is right before going on.',
  );
}
