import { mkdtemp, readlink, realpath, rm, rmdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canReach, giveTo } from './embedded-account.js';
import type { Account } from './embedded-process.js';
import { codeOf } from '../startup-error.js';

/**
 * A folder for one run, with a short path for sockets. The address of a Unix socket holds 103 bytes on some systems and 107 on others, and
 * the path of the data folder may be longer. The run folder also holds a link to the data folder, which gives it a short path.
 */
export interface RunFolder {
  readonly path: string;
  /** The data folder, by a short path. */
  readonly dataDir: string;
  remove(): Promise<void>;
}

/** In the data folder: a link to the run folder of the present or the last instance. */
const LINK = 'postgres.run';
const PREFIX = 'ppp-ledger-';
/** Leaves room for `data/instance.sock.` and four digits, the longest name used below it. */
const PATH_LENGTH_MAX = 103 - 26;
/** Everything that is ever made in a run folder. */
const ENTRIES = ['data', 'postgres.password', '.s.PGSQL.5432', '.s.PGSQL.5432.lock'];

export async function makeRunFolder(dataDir: string, account: Account | undefined): Promise<RunFolder> {
  const path = await mkdtemp(join(await temporaryFolder(account), PREFIX));
  await symlink(dataDir, join(path, 'data'));
  await giveTo(account, path);
  return { path, dataDir: join(path, 'data'), remove: () => removeRunFolder(path) };
}

/** Records the run folder in the data folder. It replaces and removes the run folder that a killed instance left. */
export async function recordRunFolder(dataDir: string, path: string): Promise<void> {
  const earlier = await recordedRunFolder(dataDir);
  // A folder that cannot be removed, e.g. of another user, takes a few bytes and harms nothing.
  if (earlier) await removeRunFolder(earlier).catch(() => undefined);
  await forgetRunFolder(dataDir);
  await symlink(path, join(dataDir, LINK));
}

export const forgetRunFolder = (dataDir: string): Promise<void> => rm(join(dataDir, LINK), { force: true });

/** Where the socket of the present or last instance is. */
export async function recordedRunFolder(dataDir: string): Promise<string | undefined> {
  try {
    return await readlink(join(dataDir, LINK));
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The temporary folder of the system, unless its path is too long or the account cannot enter it, as a TMPDIR in a home directory. */
async function temporaryFolder(account: Account | undefined): Promise<string> {
  const folder = await realpath(tmpdir()).catch(() => '/tmp');
  const fits = Buffer.byteLength(join(folder, `${PREFIX}123456`)) <= PATH_LENGTH_MAX;
  return fits && (!account || (await canReach(folder, account))) ? folder : '/tmp';
}

/** Removes files by their names, not the whole tree: the account owns the folder, and this may run as root. */
async function removeRunFolder(path: string): Promise<void> {
  for (const entry of ENTRIES) await rm(join(path, entry), { force: true });
  try {
    await rmdir(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
