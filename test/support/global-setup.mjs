import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import './typescript.mjs';

const PREFIX = 'ppp-ledger-test-';

/**
 * Offers one PostgreSQL to all specs of a run. It starts when the first spec asks on the socket, so that a run of specs without a
 * database does not wait for it.
 */
export default async function globalSetup() {
  await removeLeftovers();
  const folder = join(tmpdir(), `${PREFIX}${process.pid}-${randomBytes(4).toString('hex')}`);
  let cluster;
  const start = async () => (await import('./cluster.ts')).startCluster(folder);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    cluster ??= start();
    cluster.then(
      ({ url }) => socket.end(JSON.stringify({ url })),
      (error) => socket.end(JSON.stringify({ error: error.message })),
    );
  });
  server.listen(`${folder}.sock`);
  await once(server, 'listening');
  process.env.TEST_CLUSTER = `${folder}.sock`;
  globalThis.stopTestCluster = async () => {
    server.close();
    await cluster?.then(({ stop }) => stop()).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  };
}

/** Removes the files of killed runs. Their servers have ended with them. */
async function removeLeftovers() {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX) || isAlive(Number(name.slice(PREFIX.length).split('-')[0]))) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
