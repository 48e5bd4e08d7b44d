import { stat } from 'node:fs/promises';
import { codeOf, reasonOf } from '../platform/startup-error.js';
import { ArchiveSource } from './archive-source.js';
import { NotCheckable } from './audit-finding.js';
import { FolderSource } from './audit-source-folder.js';
import { UrlSource } from './audit-source-url.js';
import type { LogSource } from './log-source.js';

/**
 * Opens a log from the address of a service or of a log, from a folder with the same layout, or from an exported archive.
 * @throws NotCheckable when there is nothing to open, or an archive is damaged
 */
export async function openSource(name: string): Promise<LogSource> {
  if (/^https?:\/\//i.test(name)) return UrlSource.open(name);
  const found = await stat(name).catch((error: unknown) => {
    const why = codeOf(error) === 'ENOENT' ? 'there is no such file or folder' : reasonOf(error);
    throw new NotCheckable(
      `${name} cannot be read: ${why}.`,
      'Give the address of a log, a folder or an exported archive.',
    );
  });
  if (found.isDirectory()) return FolderSource.open(name);
  if (found.isFile()) return ArchiveSource.open(name);
  throw new NotCheckable(`${name} is neither a file nor a folder.`, 'Save the archive in a file, and give that.');
}
