import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';

/** The writing end of a pipe whose reader has gone. */
export async function closedPipe(folder: string): Promise<Writable> {
  const path = join(folder, randomUUID());
  await promisify(execFile)('mkfifo', [path]);
  const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = await open(path, constants.O_WRONLY);
  await reader.close();
  return writer.createWriteStream();
}
