import { once } from 'node:events';
import { link, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import type { ArchiveOutput } from '../audit/archive-export.js';
import { UsageError } from '../audit/audit-finding.js';
import { codeOf, reasonOf, StartupError } from '../platform/startup-error.js';

/**
 * Writes a file that appears whole, durable and with mode 0600, or not at all.
 * @param overwrites true to replace an existing file
 * @throws UsageError if the file exists already, or cannot be made
 * @throws StartupError if it cannot be written to its end
 */
export async function writeWhole<Result>(
  path: string,
  overwrites: boolean,
  write: (output: ArchiveOutput) => Promise<Result>,
): Promise<Result> {
  if (!overwrites) await requireNew(path);
  const draft = `${path}.part`;
  // What an interrupted command left.
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', 0o600).catch((error: unknown) => {
    throw new UsageError(`${draft} cannot be written: ${reasonOf(error)}.`);
  });
  try {
    const result = await write({
      writeFile: (chunk) => file.writeFile(chunk).catch(notWritten(path)),
      sync: () => file.sync().catch(notWritten(path)),
    });
    await file.close();
    await (overwrites ? rename(draft, path) : appear(draft, path));
    await syncFolder(dirname(path));
    return result;
  } catch (error) {
    await file.close();
    await rm(draft, { force: true });
    throw error;
  }
}

/** Writes to a pipe. It has no end that a reader can rely on but the end of the archive itself. */
export function toPipe(stream: Writable): ArchiveOutput {
  let failure: unknown;
  stream.on('error', (error) => (failure = error));
  return {
    writeFile: async (chunk) => {
      if (failure === undefined && !stream.write(chunk))
        await once(stream, 'drain').catch(notWritten('standard output'));
      if (failure !== undefined) notWritten('standard output')(failure);
    },
    sync: async () => {
      await new Promise<void>((resolve) => stream.write('', () => resolve()));
      if (failure !== undefined) notWritten('standard output')(failure);
    },
  };
}

const notWritten =
  (name: string) =>
  (error: unknown): never => {
    throw new StartupError(`The backup cannot be written to ${name}: ${reasonOf(error)}. It is not complete.`, {
      cause: error,
    });
  };

const exists = (path: string): UsageError =>
  new UsageError(`${path} exists already. Name a new file, or replace it with --force.`);

async function requireNew(path: string): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw new UsageError(`${path} cannot be written: ${reasonOf(error)}.`);
  }
  throw exists(path);
}

/** Unlike a rename, a link does not replace a file that somebody made meanwhile. */
async function appear(draft: string, path: string): Promise<void> {
  await link(draft, path).catch((error: unknown) => {
    throw codeOf(error) === 'EEXIST' ? exists(path) : error;
  });
  await rm(draft);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
