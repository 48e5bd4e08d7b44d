import { join } from 'node:path';
import { codeOf, reasonOf } from '../platform/startup-error.js';
import { readPlainFile } from '../platform/text-file.js';
import { NotCheckable } from './audit-finding.js';
import { ARTEFACT_BYTES_MAX, type LogSource } from './log-source.js';

const READS_MAX = 4;

/** A log in a folder: `checkpoint` and `tile/...`, in the layout of a web server. */
export class FolderSource implements LogSource {
  readonly readsMax = READS_MAX;
  /** Other files of the folder do not concern the log. */
  readonly others: readonly string[] = [];

  private constructor(
    readonly name: string,
    private readonly folder: string,
  ) {}

  /** @throws NotCheckable if the folder holds no checkpoint */
  static async open(name: string): Promise<FolderSource> {
    for (const folder of [name, join(name, 'log')]) {
      const source = new FolderSource(name, folder);
      if ((await source.read('checkpoint')) !== undefined) return source;
    }
    throw new NotCheckable(
      `${name} holds no file "checkpoint".`,
      'Give the folder that has it, with "tile" beside it.',
    );
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    try {
      return await readPlainFile(join(this.folder, path), ARTEFACT_BYTES_MAX);
    } catch (error) {
      // The path goes through a file as if it were a folder, so that nothing exists at the path.
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
      throw new NotCheckable(`${join(this.folder, path)} cannot be read: ${reasonOf(error)}.`, NEXT_STEP, {
        cause: error,
      });
    }
  }

  async close(): Promise<void> {}
}

const NEXT_STEP = 'Make it readable, or give the folder of a log.';
