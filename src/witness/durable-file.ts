import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces the content of a file. After a crash the file has the old or the new content, never a part. Only this user
 * can read it, and it is durable when the promise resolves. Two writers of one file must not run at the same time.
 */
export async function writeDurably(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  // The rename is durable only when the folder is synced as well.
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
