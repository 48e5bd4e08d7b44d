import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rename, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StartupError, codeOf, reasonOf } from '../startup-error.js';

/**
 * One instance at a time on a data folder. The lock is a Unix socket in the folder. The system accepts connections to it while its holder
 * lives, and refuses them as soon as the holder is gone, for any reason. So no process number has to be compared, which another process may
 * have by now. The lock also works between containers that share the folder and see neither each other's processes nor host names.
 */
export interface InstanceLock {
  release(): Promise<void>;
}

const LOCK_FILE = 'instance.sock';
/** Two starts at the same moment need one or two attempts. */
const ATTEMPTS_MAX = 5;
/** A busy holder that does not answer in time still holds the lock. Only its process number is then unknown. */
const HOLDER_ANSWER_TIMEOUT_MS = 1_000;

/**
 * @param folder a short path to the data folder: with the socket's name it must stay within the 103 bytes of an address.
 * @param shownFolder its path in messages.
 * @throws StartupError that names the process that holds the lock.
 */
export async function acquireInstanceLock(folder: string, shownFolder: string): Promise<InstanceLock> {
  const path = join(folder, LOCK_FILE);
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const server = await listenOn(path, shownFolder);
    if (server) return { release: () => closeServer(server) };
    const holder = await holderOf(path);
    if (holder) throw heldBy(holder, shownFolder);
    await removeStale(path, shownFolder);
  }
  throw new StartupError(`Several instances are starting on ${shownFolder} at the same time: start one.`);
}

/** Undefined if the socket's file is there already, in use or left behind. */
async function listenOn(path: string, shownFolder: string): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).end(`process ${process.pid} on ${hostname()}`);
  });
  server.unref();
  // Root may have left the socket, and a later instance of another user must be able to connect. The folder decides who can enter.
  server.listen({ path, writableAll: true });
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return undefined;
    throw new StartupError(
      `Cannot lock the data folder ${shownFolder} (${reasonOf(error)}): set DATA_DIR to a folder of a local disk that this ` +
        `user may write to, or set DATABASE_URL.`,
      { cause: error },
    );
  }
}

/** The process that listens there; undefined if there is none. */
async function holderOf(path: string): Promise<string | undefined> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
  } catch (error) {
    if (codeOf(error) === 'ECONNREFUSED' || codeOf(error) === 'ENOENT') return undefined;
    return `another process (${reasonOf(error)})`;
  }
  try {
    const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(HOLDER_ANSWER_TIMEOUT_MS) })) as [
      Buffer,
    ];
    return answer.toString();
  } catch {
    // It accepted and did not answer: it lives and is busy.
    return 'another process';
  } finally {
    socket.destroy();
  }
}

/**
 * Moves the stale lock aside, connects to it once more, and deletes it only then: another start may have replaced it by its own lock
 * meanwhile, and that lock must survive.
 */
async function removeStale(path: string, shownFolder: string): Promise<void> {
  const aside = `${path}.${randomBytes(2).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const holder = await holderOf(aside);
  if (holder) {
    await rename(aside, path);
    throw heldBy(holder, shownFolder);
  }
  await rm(aside, { force: true });
}

export const heldBy = (holder: string, shownFolder: string): StartupError =>
  new StartupError(
    `The data folder ${shownFolder} is in use by ${holder}: stop that one first, or set DATA_DIR to another folder, or set ` +
      `DATABASE_URL to let several instances share one database.`,
  );

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  server.close();
  await once(server, 'close');
}
