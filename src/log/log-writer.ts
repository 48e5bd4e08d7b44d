import type { ProjectorLog } from '../ledger/projector.js';
import type { Notifier } from '../ledger/notifier.js';
import { signCheckpoint, type TreeHead } from '../tlog/checkpoint.js';
import type { KeptCheckpoint } from './kept-checkpoint.js';
import type { LogHead, LogStore, LogTransaction } from './log-store.queries.js';
import { hashesEqual, leafHash } from '../tlog/merkle.js';
import { readRoot } from '../tlog/merkle-proof.js';
import type { SigningKey } from '../tlog/note-key.js';
import { TileBuilder } from '../tlog/tile-builder.js';
import { tileReader } from '../tlog/tile-reader.js';
import { partialTilesOf } from '../tlog/tile.js';

/** Entries between two checkpoints at the most; bounds memory and how long the head stays locked. */
const BATCH_ENTRIES_MAX = 5_000;
/** The log is never signed more often than this: every checkpoint leaves up to seven partial tiles behind. */
const PACE_MS = 200;
const POLL_MS = 500;
const RETRY_MS = 2_000;

export interface LogStatus {
  readonly size: number;
  /** Why the log is not being signed. */
  readonly failure?: string;
}

/**
 * Integrates the recorded events into the transparency log and signs its checkpoints. Any number of instances may run it:
 * the lock on the head lets one at a time do a batch, and what it builds on is read back from the database each time
 * another one was in between.
 */
export class LogWriter {
  private readonly stopping = new AbortController();
  private builder = new TileBuilder();
  private failure: string | undefined;
  /** Whether the kept checkpoint was found to be part of the history in the database. */
  private keptChecked = false;
  private following: Promise<void> | undefined;

  constructor(
    private readonly store: LogStore,
    private readonly key: SigningKey,
    private readonly kept: KeptCheckpoint,
    private readonly signal: Notifier,
    private readonly grown: Notifier,
    private readonly log: ProjectorLog,
  ) {}

  start(): void {
    this.following = this.follow();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.following;
  }

  async status(): Promise<LogStatus> {
    const { size } = await this.store.head();
    return { size, ...(this.failure !== undefined && { failure: this.failure }) };
  }

  /** Waits until an entry is covered by a signed checkpoint; false when it takes longer than `timeoutMs`. */
  async covers(size: number, timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      if ((await this.store.head()).size >= size) return true;
      if (Date.now() >= deadline || this.stopping.signal.aborted) return false;
      await this.grown.wait(POLL_MS / 10, this.stopping.signal);
    }
  }

  private async follow(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      let waitMs = POLL_MS;
      try {
        if (await this.integrate()) waitMs = PACE_MS;
        this.failure = undefined;
      } catch (error) {
        if (this.failure === undefined) this.log.error({ err: error }, 'The transparency log is not being signed.');
        this.failure = error instanceof Error ? error.message : String(error);
        this.builder = new TileBuilder();
        this.keptChecked = false;
        waitMs = RETRY_MS;
      }
      // Working at a pace, not at every commit: what gathers meanwhile shares one checkpoint.
      if (waitMs === PACE_MS) await this.grown.wait(PACE_MS, this.stopping.signal);
      else await this.signal.wait(waitMs, this.stopping.signal);
    }
  }

  /** One batch. True when there was something to integrate. */
  private async integrate(): Promise<boolean> {
    let signed = false;
    await this.store.asWriter(async (writer, head) => {
      await this.resume(writer, head);
      const ahead = await this.signedAhead(head);
      const entries = await writer.entriesAfter(head.size, ahead ? ahead.size - head.size : BATCH_ENTRIES_MAX);
      // The bytes were read back from storage: what is signed is what will be served.
      for (const entry of entries) this.builder.append(leafHash(entry));
      if (ahead && this.builder.size < ahead.size) throw behind(ahead);
      if (entries.length === 0) return;
      const { size } = this.builder;
      const root = this.builder.root();
      if (ahead) requireSame(ahead, root);
      const note = signCheckpoint({ origin: this.key.name, size, root }, this.key);
      await writer.putTiles([...this.builder.takeFullTiles(), ...this.builder.partialTiles()]);
      await writer.advance({ size, root, note });
      // Before the commit: a signature that anybody may come to see is then always on record outside the database.
      await this.kept.write(note);
      signed = true;
    });
    if (signed) this.grown.notify();
    return signed;
  }

  /** Continues where the log stands now; another instance, or a failure, may have been in between. */
  private async resume(writer: LogTransaction, head: LogHead): Promise<void> {
    if (this.builder.size !== head.size || head.size === 0) {
      // It may also be another database, e.g. a standby that took over and lacks what was signed last.
      this.keptChecked = false;
      this.builder = TileBuilder.resume(head.size, await writer.tiles(partialTilesOf(head.size)));
    }
    if (head.root !== null && !hashesEqual(this.builder.root(), head.root)) {
      throw new Error(
        `The stored tiles do not give the root that was signed for size ${head.size}: the log was changed.`,
      );
    }
  }

  /**
   * The history that was signed must be part of the one that is about to be signed, whatever happened to the database.
   * @returns the kept checkpoint if the database does not have it yet: it must come out again.
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
