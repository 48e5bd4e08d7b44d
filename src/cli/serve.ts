import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatVerifierKey, noteKeyOf, signingKey } from '../tlog/note-key.js';
import { ConfigError, loadConfig, loadWitnessConfig, type Config, type WitnessFlags } from '../platform/config.js';
import { newOperatorKey } from '../identity/operator-key.service.js';
import { createLog } from '../platform/logging.js';
import { findEmbeddedDatabase, startEmbeddedDatabase } from '../platform/database/embedded-database.js';
import { migrate } from '../platform/database/migrate.js';
import { secretKey } from '../platform/secrets.js';
import { StartupError, reasonOf } from '../platform/startup-error.js';
import type { Service } from '../service.js';

/** EX_SOFTWARE and EX_UNAVAILABLE of sysexits.h; wrong settings are 78. */
const EXIT_BUG = 70;
const EXIT_UNAVAILABLE = 69;
/** File of the signing key in DATA_DIR. */
const LOG_SIGNING_KEY = 'log-signing-key';
/** File in DATA_DIR of the checkpoint that was signed last: a database that ends before it is an older one. */
const LAST_CHECKPOINT = 'last-checkpoint';
/** File of the key in DATA_DIR that the keys of sealed contents are encrypted under. */
const WRAPPING_KEY = 'wrapping-key';
/** A stop that takes longer than this is ended; what was answered is durable long before. */
const STOP_MS_MAX = 10_000;

/** `ppp-ledger serve`: runs until SIGTERM or SIGINT. Resolves with the exit code. */
export const runServe = (): Promise<number> =>
  guarded(async (config) => {
    const { startService } = await loadService();
    const service = await startService(config);
    announce(service);
    return untilStopped(service);
  });

/** `ppp-ledger migrate`: brings the database up to date and ends. */
export const runMigrate = (): Promise<number> =>
  guarded(async (config) => {
    const { sayTo } = await loadService();
    const log = sayTo(createLog(config.logLevel));
    if (config.databaseUrl !== undefined) {
      await migrate(config.databaseUrl, { log });
      return 0;
    }
    const embedded = await startEmbeddedDatabase({ dataDir: config.dataDir, log });
    try {
      await migrate(embedded.url, { log });
    } finally {
      await embedded.stop();
    }
    return 0;
  });

/** `ppp-ledger operator-key`: makes a new operator key and prints it, also beside a running service. */
export const runOperatorKey = (): Promise<number> =>
  guarded(async (config) => {
    const running = config.databaseUrl ?? (await findEmbeddedDatabase(config.dataDir));
    const { operatorKey: _first, ...settings } = config;
    const { openRuntime } = await loadService();
    const opened = await openRuntime(
      { ...settings, ...(running && { databaseUrl: running }) },
      createLog(config.logLevel),
    );
    const { createApp } = await import('../app.js');
    const { Ledger } = await import('../ledger/ledger.js');
    const app = await createApp(opened.runtime);
    try {
      process.stdout.write(`${await newOperatorKey(app.get(Ledger), 'Operator key from the command line')}\n`);
    } finally {
      await app.get(Ledger).close();
      await app.close();
      await opened.close();
    }
    return 0;
  });

/** `ppp-ledger keys show`: prints the verifier key of the log, for auditors to keep. The signing key stays where it is. */
export const runKeysShow = (): Promise<number> =>
  guarded(async ({ dataDir, logOrigin }) => {
    const key = noteKeyOf(signingKey(logOrigin, await requireKey(dataDir, LOG_SIGNING_KEY)));
    process.stdout.write(`${formatVerifierKey(key)}\n`);
    return 0;
  });

/** A key that is there: a command that only looks must not make one. */
async function requireKey(dataDir: string, name: string): Promise<Buffer> {
  await access(join(dataDir, name)).catch((error: unknown) => {
    throw new StartupError(
      `There is no ${name} in ${dataDir} (${reasonOf(error)}): it is made when the service starts for the first time. ` +
        'Set DATA_DIR to the folder of the service.',
      { cause: error },
    );
  });
  return secretKey(dataDir, name);
}

async function existingKey(dataDir: string, name: string): Promise<Buffer | undefined> {
  const isThere = await access(join(dataDir, name)).then(
    () => true,
    () => false,
  );
  return isThere ? secretKey(dataDir, name) : undefined;
}

/** `ppp-ledger audit import`: loads an exported log into the empty database of the settings. */
export const runAuditImport = (args: readonly string[]): Promise<number> =>
  guarded(async (config) => {
    const { runImport } = await import('./audit.js');
    const { importLog } = await import('../audit/database/archive-import.queries.js');
    const streams = { out: process.stdout, err: process.stderr };
    return runImport(args, streams, async (log, progress) => {
      const { openRuntime } = await loadService();
      const { runtime, close } = await openRuntime(config, createLog(config.logLevel));
      try {
        const ownKey = noteKeyOf(signingKey(config.logOrigin, runtime.logSigningKey));
        const { events, continuesLog } = await importLog(log, runtime.pool, ownKey, progress);
        const what = continuesLog
          ? 'The log goes on: its key is the one of this installation.'
          : `This installation has another key or LOG_ORIGIN: it will publish the same history under ${config.logOrigin}.`;
        return `${events} events of ${log.checkpoint.origin} were imported; read back, they have the same root. ${what}`;
      } finally {
        await close();
      }
    });
  });

/** `ppp-ledger audit verify --database`: also beside a running service, and changing nothing. */
export const runAuditVerifyDatabase = (args: readonly string[]): Promise<number> =>
  guarded(async (config) => {
    const { runVerifyDatabase } = await import('./audit.js');
    return runVerifyDatabase(args, { out: process.stdout, err: process.stderr }, async ({ key, kept }, progress) => {
      const { dataDir, logOrigin } = config;
      const own = key ?? noteKeyOf(signingKey(logOrigin, await requireKey(dataDir, LOG_SIGNING_KEY)));
      const wrappingKey = await existingKey(dataDir, WRAPPING_KEY);
      const { sayTo } = await loadService();
      const log = sayTo(createLog(config.logLevel));
      const running = config.databaseUrl ?? (await findEmbeddedDatabase(dataDir));
      const embedded = running === undefined ? await startEmbeddedDatabase({ dataDir, log }) : undefined;
      const { createPool } = await import('../platform/database/database.js');
      const pool = createPool({ databaseUrl: running ?? embedded?.url ?? '', log });
      try {
        const { verifyStored } = await import('../audit/database/stored-ledger.queries.js');
        const { AGGREGATES } = await import('../aggregates.js');
        const stored = { pool, key: own, ...(wrappingKey && { wrappingKey }) };
        const last = kept ?? (await readFile(join(dataDir, LAST_CHECKPOINT), 'utf8').catch(() => undefined));
        return await verifyStored(stored, last === undefined ? {} : { kept: last }, AGGREGATES, progress);
      } finally {
        await pool.end();
        await embedded?.stop();
      }
    });
  });

/** `ppp-ledger copy`: moves a ledger from one engine to the other, and proves that it arrived whole. */
export const runCopy = (from: string, to: string): Promise<number> =>
  reported(async () => {
    const { copyLedger } = await import('./copy-ledger.js');
    process.stdout.write(`${await copyLedger(from, to, createLog('warn'))}\n`);
    return 0;
  });

/** `ppp-ledger demo`: serves with the demo programme loaded. */
export const runDemo = (): Promise<number> =>
  guarded(async (config) => {
    const { startService } = await loadService();
    const service = await startService(config);
    try {
      const { runDemo: showDemo } = await import('../demo/demo.js');
      const { Ledger } = await import('../ledger/ledger.js');
      const { operatorKey } = config;
      const key =
        operatorKey ??
        service.operatorKey ??
        (await newOperatorKey(service.app.get(Ledger), 'Operator key of the demo'));
      await showDemo({ baseUrl: service.url, operatorKey: key, out: process.stdout, err: process.stderr });
    } catch (error) {
      await service.stop();
      throw error;
    }
    return untilStopped(service);
  });

/** `ppp-ledger witness`: follows the logs of others until SIGTERM or SIGINT. */
export const runWitness = (flags: WitnessFlags): Promise<number> =>
  reported(async () => {
    const config = loadWitnessConfig(flags);
    const { startWitness } = await import('../witness/witness-service.js');
    const witness = await startWitness(config, createLog(config.logLevel));
    process.stdout.write(`The witness ${witness.name} listens on ${witness.url}.\n`);
    for (const origin of witness.origins) process.stdout.write(`It follows ${origin}.\n`);
    process.stdout.write(`Its verifier key: ${witness.vkey}\n`);
    await Promise.race([once('SIGTERM'), once('SIGINT')]);
    const deadline = setTimeout(() => process.exit(EXIT_BUG), STOP_MS_MAX);
    await witness.stop();
    clearTimeout(deadline);
    return 0;
  });

/** The whole service takes seconds to load, and not every command needs it. */
const loadService = () => import('../service.js');

function announce({ url, operatorKey }: Service): void {
  process.stdout.write(`The partnership ledger listens on ${url} (API documentation: ${url}/docs).\n`);
  if (operatorKey !== undefined) {
    process.stdout.write(`First operator key, shown only now: ${operatorKey}\n`);
  }
}

async function untilStopped(service: Service): Promise<number> {
  const reason = await Promise.race([
    once('SIGTERM'),
    once('SIGINT'),
    service.databaseEnded.then(() => 'the embedded database ended' as const),
  ]);
  const deadline = setTimeout(() => process.exit(EXIT_BUG), STOP_MS_MAX);
  await service.stop();
  clearTimeout(deadline);
  if (reason === 'SIGTERM' || reason === 'SIGINT') return 0;
  process.stderr.write(`ppp-ledger: ${reason}; start it again.\n`);
  return EXIT_UNAVAILABLE;
}

const once = (name: 'SIGTERM' | 'SIGINT'): Promise<typeof name> =>
  new Promise((resolve) => process.once(name, () => resolve(name)));

/** Reads the settings of the service and runs a command. */
const guarded = (run: (config: Config) => Promise<number>): Promise<number> => reported(() => run(loadConfig()));

/** Turns what went wrong into one message and an exit code. */
async function reported(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`ppp-ledger: ${error.message}\n`);
      return error.exitCode;
    }
    if (error instanceof StartupError) {
      process.stderr.write(`ppp-ledger: ${error.message}\n`);
      return EXIT_UNAVAILABLE;
    }
    process.stderr.write(
      `ppp-ledger: a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return EXIT_BUG;
  }
}
