import { mkdir, readFile } from 'node:fs/promises';
import { ConfigError, type WitnessConfig } from '../platform/config.js';
import { acquireInstanceLock, type InstanceLock } from '../platform/database/embedded-lock.js';
import { reasonOf, StartupError } from '../platform/startup-error.js';
import { textOfFile } from '../platform/text-file.js';
import { cosignerKeyOf, formatVerifierKey } from '../tlog/note-key.js';
import { malformed } from '../tlog/log-error.js';
import type { Witness } from './witness.js';
import { witnessKey } from './witness-key.js';
import { parseWitnessedLogs } from './witness-logs.js';
import { WitnessServer, type WitnessServerOptions } from './witness-server.js';
import { WitnessFolder } from './witness-store.js';

/** Limit of the address of a Unix socket, less the name of the lock and its temporary suffix. */
const FOLDER_PATH_BYTES_MAX = 103 - '/instance.sock.0000'.length;

export interface RunningWitness {
  readonly url: string;
  readonly name: string;
  /** Verifier key of the witness, for the policies of logs and auditors. */
  readonly vkey: string;
  /** Origins of the logs that the witness follows. */
  readonly origins: readonly string[];
  stop(): Promise<void>;
}

/**
 * Starts a witness: reads its earlier cosignatures, and then accepts requests.
 * @throws ConfigError or StartupError whose message states what to change.
 */
export async function startWitness(config: WitnessConfig, log: WitnessServerOptions['log']): Promise<RunningWitness> {
  const { dataDir, host, port } = config;
  const logs = await readLogs(config.logs);
  const lock = await lockFolder(dataDir);
  try {
    const key = await witnessKey(dataDir, config.name);
    const store = await WitnessFolder.open(dataDir, key, logs);
    const server = new WitnessServer({ witness: { key, logs, store }, log, nowMs: Date.now });
    const listening = await server.listen(port, host).catch((error: unknown) => {
      throw new StartupError(`Cannot listen on ${host}, port ${port} (${reasonOf(error)}): set HOST or PORT.`);
    });
    return {
      url: `http://${host.includes(':') ? `[${host}]` : host}:${listening}`,
      name: key.name,
      vkey: formatVerifierKey(cosignerKeyOf(key)),
      origins: [...logs.keys()],
      stop: async () => {
        await server.close();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function readLogs(path: string): Promise<Witness['logs']> {
  try {
    const text = textOfFile(await readFile(path));
    if (text === undefined) throw malformed('list of logs', 'it is not text in UTF-8');
    return parseWitnessedLogs(text);
  } catch (error) {
    throw new ConfigError([`--logs names ${path}, which cannot be used: ${reasonOf(error)}`]);
  }
}

/** Two witnesses with one key and separate states would each cosign checkpoints that the other has not seen. */
async function lockFolder(dataDir: string): Promise<InstanceLock> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new StartupError(`Cannot make the folder ${dataDir} (${reasonOf(error)}): set DATA_DIR to another one.`);
  });
  if (Buffer.byteLength(dataDir) > FOLDER_PATH_BYTES_MAX) {
    throw new StartupError(`The path ${dataDir} is too long: set DATA_DIR to one of ${FOLDER_PATH_BYTES_MAX} bytes.`);
  }
  return acquireInstanceLock(dataDir, dataDir).catch((error: unknown) => {
    throw new StartupError(
      `The folder ${dataDir} cannot be locked: stop the witness that uses it, or set DATA_DIR to another folder of a ` +
        'local disk.',
      { cause: error },
    );
  });
}
