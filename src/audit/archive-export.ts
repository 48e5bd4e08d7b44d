import { open, rename, rm, stat } from 'node:fs/promises';
import type { ProgressListener } from '../ledger/progress-listener.js';
import { codeOf, reasonOf } from '../platform/startup-error.js';
import { paddingOf, TAR_END, tarHeader } from './archive-tar.js';
import { UsageError } from './audit-finding.js';
import { noteText, openTrusted, type OpenedLog, type Trust } from './audit-log.js';
import type { LogSource } from './log-source.js';
import { formatVerifierKey } from '../tlog/note-key.js';
import { LogWalk } from './verify-walk.js';

/** Bytes that are collected before a write. A bundle with its tile has some 200 kB. */
const BUFFER_BYTES = 1_048_576;

/** A file, or a pipe. */
export interface ArchiveOutput {
  writeFile(chunk: Uint8Array): Promise<unknown>;
  /** Resolves when all that was written is durable. */
  sync(): Promise<unknown>;
}

/**
 * Writes an archive from its first byte to its last. The members are in the order in which a log grows (`checkpoint`, `vkey`, then
 * every bundle followed by its tile and by the tiles above that it completes), so that a reader can verify it in one pass. The same
 * log at the same checkpoint makes the same bytes.
 */
export class ArchiveWriter {
  private readonly gathered: Uint8Array[] = [];
  private bytes = 0;

  constructor(private readonly file: ArchiveOutput) {}

  /** @param mode permissions of the member when it is unpacked; by default everybody may read it */
  async append(path: string, content: Uint8Array, mode?: number): Promise<void> {
    const padding = Buffer.alloc(paddingOf(content.length));
    this.gathered.push(tarHeader(path, content.length, mode), content, padding);
    this.bytes += content.length;
    if (this.bytes >= BUFFER_BYTES) await this.flush();
  }

  /** Durable when it resolves. */
  async end(): Promise<void> {
    this.gathered.push(TAR_END);
    await this.flush();
    await this.file.sync();
  }

  private async flush(): Promise<void> {
    const chunk = Buffer.concat(this.gathered);
    this.gathered.length = 0;
    this.bytes = 0;
    await this.file.writeFile(chunk);
  }
}

/**
 * Exports a log into one file that can be verified, replayed and imported without the service. Every hash is checked during
 * the export: a part that does not fit the checkpoint stops it.
 * @throws ProvenWrong, NotCheckable
 * @throws UsageError if the file exists already
 */
export async function exportLog(
  source: LogSource,
  trust: Trust,
  path: string,
  progress?: ProgressListener,
): Promise<OpenedLog> {
  if (await exists(path)) throw new UsageError(`${path} exists already. Name a new file.`);
  const log = await openTrusted(source, trust);
  const draft = `${path}.part`;
  const file = await open(draft, 'w').catch((error: unknown) => {
    throw new UsageError(`${draft} cannot be written: ${reasonOf(error)}.`, { cause: error });
  });
  try {
    await write(new ArchiveWriter(file), log, progress);
    await file.close();
    await rename(draft, path);
    return log;
  } catch (error) {
    await file.close();
    await rm(draft, { force: true });
    throw error;
  }
}

async function write(archive: ArchiveWriter, log: OpenedLog, progress: ProgressListener | undefined): Promise<void> {
  await archive.append('checkpoint', Buffer.from(noteText(log)));
  await archive.append('vkey', Buffer.from(`${formatVerifierKey(log.key)}\n`));
  const walk = new LogWalk(log, { onArtefact: (path, bytes) => archive.append(path, bytes) });
  progress?.begin(log.checkpoint.size);
  for await (const { first, entries } of walk.stretches()) progress?.reached(first + entries.length - 1);
  progress?.end();
  await archive.end();
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
