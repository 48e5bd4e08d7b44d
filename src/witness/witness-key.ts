import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { keepOutOfGit } from '../platform/secrets.js';
import { codeOf, reasonOf, StartupError } from '../platform/startup-error.js';
import { writeDurably } from './durable-file.js';
import { ED25519_KEY_BYTES, formatSigningKey, parseSigningKey, type SigningKey, signingKey } from '../tlog/note-key.js';

const KEY_FILE = 'witness-key';

/**
 * The key of the witness in this folder, in a file of mode 0600; it is made at the first use. The name is part of the
 * key, because clients identify the key by its name.
 * @param name if absent, the name of the existing key.
 * @throws StartupError if there is neither a key nor a name to make one, or if the key has another name or cannot be
 * read.
 */
export async function witnessKey(folder: string, name: string | undefined): Promise<SigningKey> {
  const path = join(folder, KEY_FILE);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new StartupError(`The key ${path} cannot be read: ${reasonOf(error)}`, { cause: error });
  });
  if (text === undefined) return makeKey(path, name);
  const key = readKey(path, text);
  if (name === undefined || name === key.name) return key;
  throw new StartupError(
    `The key in ${folder} is that of ${key.name}, not of ${name}: leave --name out, or set DATA_DIR to another folder.`,
  );
}

async function makeKey(path: string, name: string | undefined): Promise<SigningKey> {
  if (name === undefined) {
    throw new StartupError(
      'This witness has no key yet: set --name to what it is to be called, e.g. witness.example.eu.',
    );
  }
  const key = signingKey(name, randomBytes(ED25519_KEY_BYTES));
  await keepOutOfGit(dirname(path));
  await writeDurably(path, `${formatSigningKey(key)}\n`);
  return key;
}

function readKey(path: string, text: string): SigningKey {
  try {
    return parseSigningKey(text.trim());
  } catch (error) {
    throw new StartupError(
      `${path} does not hold the key of a witness (${reasonOf(error)}). Restore it from its backup: others know you by it.`,
    );
  }
}
