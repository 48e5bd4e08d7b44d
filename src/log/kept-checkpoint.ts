import { open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from '../platform/startup-error.js';
import { openCheckpoint } from '../tlog/checkpoint.js';
import type { TreeHead } from '../tlog/checkpoint.js';
import { LogError } from '../tlog/log-error.js';
import { formatVerifierKey, type VerifierKey } from '../tlog/note-key.js';

/** File of the last signed checkpoint in DATA_DIR. */
export const LAST_CHECKPOINT = 'last-checkpoint';

/**
 * The last signed checkpoint, kept in a file outside the database. When an older database is restored, this file still shows how far
 * the log was signed.
 */
export class KeptCheckpoint {
  private readonly path: string;

  constructor(
    folder: string,
    private readonly key: VerifierKey,
  ) {
    this.path = join(folder, LAST_CHECKPOINT);
  }

  /**
   * Undefined before the first.
   * @throws Error when the file does not hold a checkpoint of this log, signed with its key
   */
  async read(): Promise<TreeHead | undefined> {
    let note: string;
    try {
      note = await readFile(this.path, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
    return this.requireOwn(note);
  }

  /** @throws Error, with what to do, when a checkpoint is not of this log and signed with its key */
  requireOwn(note: string): TreeHead {
    try {
      return openCheckpoint(note, this.key.name, [this.key]).checkpoint;
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      throw new Error(
        `The last signed checkpoint is not one of ${formatVerifierKey(this.key)}. ${error.message} Nothing is signed, because ` +
          'that would be another log. Restore the file log-signing-key from its backup, and set LOG_ORIGIN as it was.',
        { cause: error },
      );
    }
  }

  /** Durable when it resolves. A crash meanwhile leaves the old file or the new one, never a part. */
  async write(note: string): Promise<void> {
    const draft = `${this.path}.new`;
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(note);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, this.path);
    const folder = await open(dirname(this.path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}
