import { execFile } from 'node:child_process';
import { chmod, chown, lchown, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Account, EmbeddedDatabaseLog } from './embedded-process.js';
import { StartupError, reasonOf } from '../startup-error.js';

/** Our own user comes first. The user of a PostgreSQL that is installed here can also read the files of that database. */
const OWN_ACCOUNT = 'ppp-ledger';
const KNOWN_ACCOUNTS = [OWN_ACCOUNT, 'postgres'];
/** Last resort if no user can be made, e.g. with a read-only /etc. */
const LAST_ACCOUNT = 'nobody';

const run = promisify(execFile);

export const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * The account for the database. There is none unless this process is root: PostgreSQL refuses only root. The owner of existing files
 * (`dataFolder`) is used, because only the owner can open them; otherwise a user is found or made.
 * @throws StartupError if there is no user and none can be made
 */
export async function accountForDatabase(
  dataFolder: string | undefined,
  log: EmbeddedDatabaseLog,
): Promise<Account | undefined> {
  if (!isRoot()) return undefined;
  const account = (dataFolder && (await ownerOf(dataFolder))) || (await findAccount()) || (await makeAccount(log));
  log.warn(
    `PostgreSQL refuses to run as root: the embedded database runs as the user ${account.name} (uid ${account.uid}).`,
  );
  return account;
}

/** Undefined for files of root, e.g. restored from a copy. PostgreSQL could not open them, so they get another owner. */
async function ownerOf(folder: string): Promise<Account | undefined> {
  const { uid, gid } = await stat(folder);
  return uid === 0 ? undefined : { uid, gid, name: await nameOf(uid) };
}

async function findAccount(): Promise<Account | undefined> {
  for (const name of KNOWN_ACCOUNTS) {
    const account = await lookUp(name);
    if (account) return account;
  }
  return undefined;
}

async function makeAccount(log: EmbeddedDatabaseLog): Promise<Account> {
  const options = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent'];
  let failure = '';
  try {
    await run('useradd', [...options, '--shell', '/usr/sbin/nologin', OWN_ACCOUNT]);
    log.warn(`Made the system user ${OWN_ACCOUNT} for the embedded database.`);
  } catch (error) {
    failure = reasonOf(error);
  }
  const account = (await lookUp(OWN_ACCOUNT)) ?? (await lookUp(LAST_ACCOUNT));
  if (account) return account;
  throw new StartupError(
    `The embedded PostgreSQL refuses to run as root, and there is no user to run it as (tried ${KNOWN_ACCOUNTS.join(', ')}, ` +
      `making ${OWN_ACCOUNT}: ${failure.trim()}). Start as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own.`,
  );
}

/** `id` asks every source of users that the system knows, not only /etc/passwd. */
async function lookUp(name: string): Promise<Account | undefined> {
  try {
    const [user, group] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    const uid = Number(user.stdout);
    return uid > 0 ? { uid, gid: Number(group.stdout), name } : undefined;
  } catch {
    // `id` fails for an unknown name. That is an answer, not a fault.
    return undefined;
  }
}

async function nameOf(uid: number): Promise<string> {
  try {
    return (await run('id', ['-un', String(uid)])).stdout.trim();
  } catch {
    // Files may belong to a number without a name, e.g. in a container.
    return String(uid);
  }
}

/** True if the account may pass through this folder and every folder above it. Access control lists are not read. */
export async function canReach(folder: string, account: Account): Promise<boolean> {
  const { mode, uid, gid } = await stat(folder);
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  if ((mode & bit) === 0) return false;
  const above = dirname(folder);
  return above === folder || (await canReach(above, account));
}

/**
 * A folder of root that every user may enter. It holds files that the account cannot reach in their usual place.
 * @throws StartupError if the folder cannot be made or reached
 */
export async function openSharedFolder(folder: string, account: Account): Promise<void> {
  try {
    if (await mkdir(folder, { recursive: true })) await chmod(folder, 0o755);
    if (await canReach(folder, account)) return;
  } catch (error) {
    throw new StartupError(
      `${folder} cannot be made (${reasonOf(error)}). It is needed as the user ${account.name}, whom the embedded PostgreSQL ` +
        `runs as, can reach neither this program nor its data where they are. ${MOVE_HINT}`,
      { cause: error },
    );
  }
  throw new StartupError(`The user ${account.name} cannot reach ${folder}. ${MOVE_HINT}`);
}

const MOVE_HINT =
  'Start as an ordinary user, or move both to a folder that other users may enter, or set DATABASE_URL to a PostgreSQL of your own.';

/** Gives one file or folder to the account; without an account it belongs to this process already. */
export async function giveTo(account: Account | undefined, path: string): Promise<void> {
  if (account) await chown(path, account.uid, account.gid);
}

/** Gives a folder and its contents to the account. Of a link, the link itself changes its owner, never its target. */
export async function giveAllTo(account: Account, folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await giveAllTo(account, path);
    else await lchown(path, account.uid, account.gid);
  }
  await chown(folder, account.uid, account.gid);
}
