import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { canReach, giveAllTo, giveTo, isRoot, openSharedFolder } from './embedded-account.js';
import { exists } from './embedded-binaries.js';
import { runTool } from './embedded-process.js';
import type { Account, BinariesFolder, EmbeddedDatabaseLog } from './embedded-process.js';
import { StartupError, codeOf, reasonOf } from '../startup-error.js';

/** The one role of the embedded database, and its owner. */
export const ROLE = 'ledger';
/** In the data folder: the database files, or a link to them. */
const CLUSTER = 'postgres';
/** The name of the same folder while it is made. A folder with this name was never finished. */
const UNFINISHED_CLUSTER = 'postgres.new';
const PASSWORD_FILE = 'postgres.password';
const PASSWORD_BYTES = 32;
const RELOCATED_PREFIX = 'data-';

/**
 * Where the database files are, links resolved; undefined before the first start.
 * @throws StartupError if the link in the data folder does not lead to them
 */
export async function findCluster(dataDir: string): Promise<string | undefined> {
  const path = join(dataDir, CLUSTER);
  try {
    if (!(await exists(path))) return undefined;
    return await realpath(path);
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') throw new StartupError(`DATA_DIR ${dataDir} is not a folder: set it to one.`);
    const hint =
      codeOf(error) === 'ENOENT'
        ? `It is a link to ${await readlink(path)}, which is gone: bring that back`
        : 'Check who owns it';
    throw new StartupError(
      `Cannot open the database files in ${path} (${reasonOf(error)}). ${hint}, or set DATA_DIR.`,
      { cause: error },
    );
  }
}

/**
 * Makes the data folder if there is none. Only this user may read it; under root, the account may also pass through it. An existing folder
 * keeps its permissions.
 * @returns its path, links resolved.
 */
export async function openDataDir(dataDir: string, account: Account | undefined): Promise<string> {
  try {
    await mkdir(dirname(dataDir), { recursive: true });
    await mkdir(dataDir, { mode: 0o700 });
    if (account) {
      await chown(dataDir, 0, account.gid);
      await chmod(dataDir, 0o710);
    }
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') {
      throw new StartupError(
        `Cannot make the data folder ${dataDir} (${reasonOf(error)}): set DATA_DIR to another one.`,
        { cause: error },
      );
    }
  }
  return realpath(dataDir);
}

/** Makes sure that the account, or this user if there is none, owns and reaches the existing files. */
export async function openCluster(cluster: string, account: Account | undefined): Promise<void> {
  const { uid } = await stat(cluster);
  if (!account) {
    if (uid === process.getuid?.() || isRoot()) return;
    throw new StartupError(
      `The database files in ${cluster} belong to another user (uid ${uid}), as after a start as root: start as that user or as ` +
        `root again, or set DATA_DIR to another folder.`,
    );
  }
  if (!(await canReach(dirname(cluster), account))) {
    throw new StartupError(
      `The database files in ${cluster} belong to the user ${account.name}, who can no longer enter ${dirname(cluster)}. Move ` +
        `them with the service stopped, e.g.: mkdir -p /var/lib/ppp-ledger && mv "${cluster}" /var/lib/ppp-ledger/data && ` +
        `ln -s /var/lib/ppp-ledger/data "${cluster}"`,
    );
  }
  // Restored from a copy as root.
  if (uid !== account.uid) await giveAllTo(account, cluster);
}

/**
 * Makes the database files at the first start. They get their final name only when they are complete. After a start that was killed, the
 * next start makes them again from nothing.
 * @returns their path, links resolved.
 */
export async function makeCluster(
  { dataDir, binaries, account, sharedFolder, log }: ClusterPlan,
  password: string,
  scratchFolder: string,
): Promise<string> {
  const unfinished = join(dataDir, UNFINISHED_CLUSTER);
  await removeUnfinished(unfinished, sharedFolder);
  if (!account || (await canReach(dataDir, account))) {
    await mkdir(unfinished, { mode: 0o700 });
  } else {
    await openSharedFolder(sharedFolder, account);
    const relocated = await mkdtemp(join(sharedFolder, RELOCATED_PREFIX));
    await symlink(relocated, unfinished);
    log.warn(
      `The user ${account.name} cannot enter ${dataDir}: the database files are kept in ${relocated}, and ` +
        `${join(dataDir, CLUSTER)} is a link to them. Back up both.`,
    );
  }
  await giveTo(account, await realpath(unfinished));
  await initialise(binaries, await realpath(unfinished), account, password, join(scratchFolder, PASSWORD_FILE));
  await rename(unfinished, join(dataDir, CLUSTER));
  await syncFolder(dataDir);
  return realpath(join(dataDir, CLUSTER));
}

export interface ClusterPlan {
  readonly dataDir: string;
  readonly binaries: BinariesFolder;
  readonly account: Account | undefined;
  readonly sharedFolder: string;
  readonly log: EmbeddedDatabaseLog;
}

/** Locale C makes every order the order of bytes, on every machine; the built-in C.UTF-8 adds upper and lower case. */
const INITDB_OPTIONS = [
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--auth=scram-sha-256',
  `--username=${ROLE}`,
  '--no-instructions',
];

async function initialise(
  binaries: BinariesFolder,
  cluster: string,
  account: Account | undefined,
  password: string,
  passwordFile: string,
): Promise<void> {
  try {
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    await giveTo(account, passwordFile);
    await runTool(binaries, 'initdb', [...INITDB_OPTIONS, `--pgdata=${cluster}`, `--pwfile=${passwordFile}`], account);
  } catch (error) {
    throw new StartupError(`Cannot make the embedded database in ${cluster}: ${reasonOf(error)}`, { cause: error });
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function removeUnfinished(unfinished: string, sharedFolder: string): Promise<void> {
  if (!(await exists(unfinished))) return;
  const target = await readlink(unfinished).catch(() => undefined);
  // Removes only files that makeCluster itself made.
  if (target && dirname(target) === sharedFolder && basename(target).startsWith(RELOCATED_PREFIX)) {
    await rm(target, { recursive: true, force: true });
  }
  await rm(unfinished, { recursive: true, force: true });
}

/** If a loss of power undid the rename, the files would keep the name that the next start deletes. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The password of the role, made at the first start. `isNew`: existing files still have another one. */
export async function openPassword(dataDir: string): Promise<{ password: string; isNew: boolean }> {
  const path = join(dataDir, PASSWORD_FILE);
  const stored = await readPassword(dataDir);
  if (stored) return { password: stored, isNew: false };
  const password = randomBytes(PASSWORD_BYTES).toString('hex');
  await writeFile(path, `${password}\n`, { mode: 0o600, flush: true });
  return { password, isNew: true };
}

/** Undefined if there is no password, or only a part of one, as after a loss of power. */
export async function readPassword(dataDir: string): Promise<string | undefined> {
  try {
    const text = (await readFile(join(dataDir, PASSWORD_FILE), 'utf8')).trim();
    return text.length === 2 * PASSWORD_BYTES ? text : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Sets a new password for the role, in files that no server uses. Needed after the old password was deleted. */
export async function changePassword(plan: ClusterPlan, cluster: string, password: string): Promise<void> {
  const statement = `alter role ${ROLE} password '${password}'\n`;
  await runTool(plan.binaries, 'postgres', ['--single', '-D', cluster, 'postgres'], plan.account, statement);
  plan.log.warn(`There was no password in ${plan.dataDir}: the embedded database has a new one.`);
}
