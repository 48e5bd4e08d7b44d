import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartupError, codeOf, reasonOf } from './startup-error.js';

const KEY_BYTES = 32;

/**
 * A secret key of 32 bytes in a file of mode 0600, made at first use. Two processes that start at the same time get the same key: the file
 * appears complete or not at all, and the first process that links it wins.
 * @param loss what is lost with the key, for the message
 * @param make the key for a folder that has none; a random one by default
 * @throws StartupError if the file is there but cannot be read or does not hold a key
 */
export async function secretKey(
  folder: string,
  name: string,
  loss: string,
  make: () => Uint8Array = () => randomBytes(KEY_BYTES),
): Promise<Buffer> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  for (;;) {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw new StartupError(
        `The key ${path} cannot be read (${reasonOf(error)}): give it to the user of this program, with mode 0600.`,
        { cause: error },
      );
    });
    if (text !== undefined) {
      const key = Buffer.from(text.trim(), 'base64');
      if (key.length === KEY_BYTES) return key;
      throw new StartupError(`${path} does not hold a key of ${KEY_BYTES} bytes. Restore it from its backup: ${loss}.`);
    }
    await keepOutOfGit(folder);
    const draft = `${path}.${process.pid}`;
    await writeFile(draft, `${Buffer.from(make()).toString('base64')}\n`, { mode: 0o600, flush: true });
    await link(draft, path).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
    await rm(draft);
  }
}

const GITIGNORE = '# Made by ppp-ledger: private keys and a database do not belong in a repository.\n*\n';

/** Keeps a folder with private keys out of what `git add .` takes. A `.gitignore` of the user stays as it is. */
export async function keepOutOfGit(folder: string): Promise<void> {
  await writeFile(join(folder, '.gitignore'), GITIGNORE, { flag: 'wx' }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
}

/** Permissions of anybody but the owner of a file. */
const OTHERS = 0o077;

/** Warns if somebody else on this machine may read or change a secret. Kubernetes mounts secrets like that, so it is no obstacle. */
export async function warnOfOpenSecret(path: string, log: { warn(message: string): void }): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & OTHERS) !== 0) log.warn(`Other users of this machine may open ${path}: type "chmod 600 ${path}".`);
}
