import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, reasonOf, StartupError } from '../platform/startup-error.js';
import { openCheckpoint, type TreeHead } from '../tlog/checkpoint.js';
import { writeDurably } from './durable-file.js';
import { hashesEqual, originHash } from '../tlog/merkle.js';
import { cosignerKeyOf, type SigningKey, type VerifierKey } from '../tlog/note-key.js';
import { encodeHex } from '../tlog/strict-text.js';
import type { Fork, Witness, WitnessedCheckpoint, WitnessStore } from './witness.js';

const CHECKPOINTS = 'checkpoints';
const FORKS = 'forks';
/** One fork is proof enough. The limit protects the disk from a log that signs any tree. */
const FORKS_KEPT_MAX = 100;

/**
 * The state of a witness, in a folder: for each log one file, named after the SHA-256 of its origin, with the
 * checkpoint that was cosigned last and its cosignature. The folder has one user at a time; see `acquireInstanceLock`.
 */
export class WitnessFolder implements WitnessStore {
  private readonly latestByOrigin = new Map<string, WitnessedCheckpoint>();
  /** The last write to each log's file. A write waits for the one before it. */
  private readonly writes = new Map<string, Promise<unknown>>();

  private constructor(private readonly folder: string) {}

  /**
   * Reads the checkpoints that were cosigned before.
   * @throws StartupError if a file does not hold a checkpoint that the key cosigned: without it the witness could
   * cosign a fork.
   */
  static async open(folder: string, key: SigningKey, logs: Witness['logs']): Promise<WitnessFolder> {
    const opened = new WitnessFolder(folder);
    for (const part of [CHECKPOINTS, FORKS]) await mkdir(join(folder, part), { recursive: true, mode: 0o700 });
    for (const origin of logs.keys()) {
      const checkpoint = await readCheckpoint(opened.pathOf(origin), origin, cosignerKeyOf(key));
      if (checkpoint) opened.latestByOrigin.set(origin, checkpoint);
    }
    return opened;
  }

  latest(origin: string): Promise<WitnessedCheckpoint | undefined> {
    return Promise.resolve(this.latestByOrigin.get(origin));
  }

  async advance(origin: string, from: TreeHead | undefined, next: WitnessedCheckpoint): Promise<boolean> {
    return this.alone(origin, async () => {
      const now = this.latestByOrigin.get(origin);
      const unchanged = now && from ? now.size === from.size && hashesEqual(now.root, from.root) : now === from;
      if (!unchanged) return false;
      await writeDurably(this.pathOf(origin), next.note);
      // The state changes only after the durable write. After a failed write, the next request is decided from the
      // earlier state.
      this.latestByOrigin.set(origin, next);
      return true;
    });
  }

  /**
   * Keeps two checkpoints that do not belong to one history. The log signed both, so they prove the fork to anybody,
   * permanently.
   * @param submitted the other checkpoint, in its submitted form, after its consistency proof if it is larger.
   */
  async keepFork(origin: string, { stored: seen, submitted: { size, root } }: Fork, submitted: string): Promise<void> {
    await this.alone(origin, async () => {
      const stored = this.latestByOrigin.get(origin);
      const folder = join(this.folder, FORKS);
      if (stored?.size !== seen.size || (await readdir(folder)).length >= FORKS_KEPT_MAX) return;
      const name = `${originHash(origin)}-${size}-${encodeHex(root).slice(0, 16)}`;
      await writeDurably(join(folder, name), `${stored.note}\n${submitted}`);
    });
  }

  private pathOf(origin: string): string {
    return join(this.folder, CHECKPOINTS, originHash(origin));
  }

  private async alone<T>(origin: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.writes.get(origin) ?? Promise.resolve()).then(work, work);
    this.writes.set(origin, mine);
    return mine;
  }
}

async function readCheckpoint(
  path: string,
  origin: string,
  key: VerifierKey,
): Promise<WitnessedCheckpoint | undefined> {
  try {
    const note = await readFile(path, 'utf8');
    const { checkpoint, note: opened } = openCheckpoint(note, origin, [key]);
    const { size, root } = checkpoint;
    return { size, root, note, cosignedAt: opened.verified[0]?.timestampSeconds ?? 0 };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new StartupError(
      `${path} does not hold what this witness has cosigned for ${origin} (${reasonOf(error)}). Without it a fork could ` +
        'be cosigned: restore the newest copy that there is.',
      { cause: error },
    );
  }
}
