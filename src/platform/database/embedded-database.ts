import { resolve } from 'node:path';
import { accountForDatabase } from './embedded-account.js';
import { usableBinaries } from './embedded-binaries.js';
import {
  changePassword,
  findCluster,
  makeCluster,
  openCluster,
  openDataDir,
  openPassword,
  readPassword,
} from './embedded-cluster.js';
import { acquireInstanceLock, heldBy } from './embedded-lock.js';
import type { EmbeddedDatabaseLog } from './embedded-process.js';
import { forgetRunFolder, makeRunFolder, recordRunFolder, recordedRunFolder } from './embedded-run-folder.js';
import { answers, endPredecessor, serviceOf, startServer, stopServer, urlOf } from './embedded-server.js';
import { reasonOf } from '../startup-error.js';

export type { EmbeddedDatabaseLog } from './embedded-process.js';

export interface EmbeddedDatabase {
  /** For `pg` and libpq. Holds the password: never log it. */
  readonly url: string;
  /** Resolves when the server has ended, whether it was asked to or not. */
  readonly ended: Promise<void>;
  /** Shuts the server down cleanly, within 7 s, and releases the data folder. May be called twice. */
  stop(): Promise<void>;
}

export interface EmbeddedDatabaseOptions {
  /** Folder that holds the database, or a link to it where PostgreSQL's user cannot enter the folder. */
  readonly dataDir: string;
  readonly log: EmbeddedDatabaseLog;
  /** Folder for files that PostgreSQL's user cannot reach otherwise; used under root. */
  readonly sharedFolder?: string;
  /** Further settings of postgresql.conf; a test's throw-away database need not survive a loss of power. */
  readonly settings?: Readonly<Record<string, string>>;
}

const SHARED_FOLDER = '/var/lib/ppp-ledger';

/**
 * Starts a PostgreSQL of our own with its data in `dataDir`. The first start makes the data. The server ends at the latest when this
 * process ends, also when this process is killed. It is never started twice on the same data.
 * @throws StartupError if the server cannot be started, e.g. because another instance uses the folder
 */
export async function startEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const { log, sharedFolder = SHARED_FOLDER } = options;
  const found = await findCluster(resolve(options.dataDir));
  const account = await accountForDatabase(found, log);
  const binaries = await usableBinaries(account, sharedFolder, log);
  const dataDir = await openDataDir(resolve(options.dataDir), account);
  const plan = { dataDir, binaries, account, sharedFolder, log };

  const runFolder = await makeRunFolder(dataDir, account);
  const undo = new Undo(log);
  undo.push(() => runFolder.remove());
  try {
    const lock = await acquireInstanceLock(runFolder.dataDir, dataDir);
    undo.push(() => lock.release());
    await requireNoService(dataDir);
    await recordRunFolder(dataDir, runFolder.path);
    undo.push(() => forgetRunFolder(dataDir));
    const cluster = await openOrMakeCluster(plan, runFolder.path);
    const server = await startServer({
      ...plan,
      ...cluster,
      socketFolder: runFolder.path,
      settings: options.settings ?? {},
    });
    undo.push(() => stopServer(server, log));
    return { url: urlOf(runFolder.path, cluster.password), ended: server.ended, stop: () => undo.run() };
  } catch (error) {
    await undo.run();
    throw error;
  }
}

/** The steps so far, to be undone once and in reverse order. A step that fails is logged, and the other steps still run. */
class Undo {
  private readonly steps: (() => Promise<void>)[] = [];
  private running: Promise<void> | undefined;

  constructor(private readonly log: EmbeddedDatabaseLog) {}

  push(step: () => Promise<void>): void {
    this.steps.push(step);
  }

  run(): Promise<void> {
    return (this.running ??= this.runSteps());
  }

  private async runSteps(): Promise<void> {
    for (const step of this.steps.reverse()) {
      try {
        await step();
      } catch (error) {
        this.log.warn(`While the embedded database was stopped: ${reasonOf(error)}`);
      }
    }
  }
}

/**
 * The lock is a file, which somebody may have deleted while its holder goes on.
 * @throws StartupError that names the service whose server runs on these files
 */
async function requireNoService(dataDir: string): Promise<void> {
  const cluster = await findCluster(dataDir);
  const service = cluster && (await serviceOf(cluster));
  if (service) throw heldBy(`process ${service}`, dataDir);
}

/** Called under the lock. Facts that were read before the lock may be out of date: another instance may have made or left files. */
async function openOrMakeCluster(
  plan: Parameters<typeof makeCluster>[0],
  scratchFolder: string,
): Promise<{ cluster: string; password: string }> {
  const { password, isNew } = await openPassword(plan.dataDir);
  const found = await findCluster(plan.dataDir);
  if (!found) return { cluster: await makeCluster(plan, password, scratchFolder), password };
  await openCluster(found, plan.account);
  await endPredecessor(found, plan.log);
  if (isNew) await changePassword(plan, found, password);
  return { cluster: found, password };
}

/**
 * The address of the embedded database while an instance runs it, for commands that work beside that instance. Undefined if no instance
 * runs it. The database ends with its instance.
 */
export async function findEmbeddedDatabase(dataDir: string): Promise<string | undefined> {
  const socketFolder = await recordedRunFolder(resolve(dataDir));
  const password = await readPassword(resolve(dataDir));
  if (!socketFolder || !password) return undefined;
  const url = urlOf(socketFolder, password);
  return (await answers(url)) ? url : undefined;
}
