import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rename, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StartupError, codeOf, reasonOf } from '../startup-error.js';

/**
 * One instance at a time on a data folder. The lock is a Unix socket inside of it: while its holder lives, the system accepts
 * connections there, and refuses them from the moment it is gone, however it went. So no process number has to be compared
 * with one that may have been given away since, and it also holds between containers that share the folder, which see neither
 * each other's processes nor host names.
 */
export interface InstanceLock {
  release(): Promise<void>;
}

const LOCK_FILE = 'instance.sock';
/** Two starts at the same moment settle it in the first or second attempt. */
const ATTEMPTS_MAX = 5;
/** A holder that is busy still holds the lock; only its process number is then unknown. */
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
  // Root may have left it, and whoever comes next must be able to ask; who may enter the folder decides who can.
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

/** Who listens there; undefined if nobody does. */
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
    // It accepted and did not answer: alive, and busy.
    return 'another process';
  } finally {
    socket.destroy();
  }
}

/**
 * Moved aside before it is deleted, and asked once more there: another start may have replaced the stale lock by its own
 * since it was found stale, and that one must survive.
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

const heldBy = (holder: string, shownFolder: string): StartupError =>
  new StartupError(
    `The data folder ${shownFolder} is in use by ${holder}: stop that one first, or set DATA_DIR to another folder, or set ` +
      `DATABASE_URL to let several instances share one database.`,
  );

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  server.close();
  await once(server, 'close');
}
