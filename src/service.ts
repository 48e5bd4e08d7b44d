import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { createApp, drainOf } from './app.js';
import type { Config } from './platform/config.js';
import { ClockCheck } from './ledger/postgres/clock-check.js';
import { EngineUnusable } from './ledger/kurrentdb/engine-unusable.js';
import type { KurrentEngine } from './ledger/kurrentdb/kurrentdb-engine.js';
import { requireOwnEvents } from './ledger/kurrentdb/sequenced-copy.js';
import { Ledger } from './ledger/ledger.js';
import { createPool } from './platform/database/database.js';
import { startEmbeddedDatabase } from './platform/database/embedded-database.js';
import { obstacleToStart } from './platform/database/server-requirements.js';
import { APPEND_KEY, appendChecksOf } from './log/append-key.js';
import { LOG_SIGNING_KEY, logSigningKeyOf } from './log/log-signing-key.js';
import { createLog } from './platform/logging.js';
import { migrate, requireReadableServer } from './platform/database/migrate.js';
import { firstOperatorKey } from './identity/operator-key.service.js';
import type { Runtime } from './platform/runtime.js';
import { obstacleToListening, requireFreePort } from './platform/listening.js';
import { warnOfOpenSecret } from './platform/secrets.js';
import { StartupError } from './platform/startup-error.js';
import { WRAPPING_KEY, wrappingKeyOf } from './platform/wrapping-key.js';

/** Everything that was opened for the application, and how to close it again. */
export interface OpenRuntime {
  readonly runtime: Runtime;
  /** Resolves when the embedded database has ended by itself; never for another database. */
  readonly databaseEnded: Promise<void>;
  close(): Promise<void>;
}

export interface Service {
  readonly app: NestFastifyApplication;
  /** `http://host:port`. */
  readonly url: string;
  /** The first operator key, if this start made it. */
  readonly operatorKey?: string;
  readonly databaseEnded: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Opens the database, the embedded one if none is given, and brings it up to date.
 * @throws StartupError that names what to change
 */
export async function openRuntime(config: Config, log: Logger): Promise<OpenRuntime> {
  const { dataDir, databaseReadUrl } = config;
  const says = sayTo(log);
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closeOne of opened.splice(0).reverse()) await closeOne();
  };
  try {
    const embedded = config.databaseUrl === undefined ? await startEmbeddedDatabase({ dataDir, log: says }) : undefined;
    if (embedded) opened.push(() => embedded.stop());
    const databaseUrl = config.databaseUrl ?? embedded?.url ?? '';
    await migrate(databaseUrl, { log: says });
    if (databaseReadUrl !== undefined) await requireReadableServer(databaseReadUrl, says);
    const pool = createPool({ databaseUrl, log: says });
    opened.push(() => pool.end());
    const readPool =
      databaseReadUrl === undefined ? pool : createPool({ databaseUrl: databaseReadUrl, session: 'any', log: says });
    if (readPool !== pool) opened.push(() => readPool.end());
    const wrappingKey = await wrappingKeyOf(dataDir, databaseUrl);
    const logSigningKey = await logSigningKeyOf(config, pool);
    const appendChecks = await appendChecksOf(dataDir, pool);
    for (const name of [WRAPPING_KEY, LOG_SIGNING_KEY, APPEND_KEY]) await warnOfOpenSecret(join(dataDir, name), says);
    const engine = await openEngine(config, { pool, appendChecks, log });
    if (engine) opened.push(() => engine.close());
    return {
      runtime: {
        config,
        pool,
        readPool,
        ...(engine && { eventStore: engine.store }),
        wrappingKey,
        logSigningKey,
        appendChecks,
        log,
        clock: Date.now,
      },
      databaseEnded: embedded?.ended ?? new Promise(() => undefined),
      close,
    };
  } catch (error) {
    await close();
    throw obstacleToStart(error) ?? error;
  }
}

/**
 * Opens KurrentDB, if there is a URL: it then keeps the events, and the database is its copy. Without a URL the database must not be a
 * copy.
 * @throws StartupError that names what to change
 */
async function openEngine(
  { eventStoreUrl: url, clockRule }: Config,
  { pool, appendChecks, log }: Pick<Runtime, 'pool' | 'appendChecks' | 'log'>,
): Promise<KurrentEngine | undefined> {
  try {
    if (url === undefined) {
      await requireOwnEvents(pool);
      return undefined;
    }
    // The client brings a native library along: it is loaded only where it is needed.
    const { openKurrentEngine } = await import('./ledger/kurrentdb/kurrentdb-engine.js');
    return await openKurrentEngine({
      url,
      pool,
      checks: appendChecks,
      log,
      clockCheck: new ClockCheck(pool, clockRule, Date.now, log),
    });
  } catch (error) {
    if (error instanceof EngineUnusable) throw new StartupError(error.message, { cause: error });
    throw error;
  }
}

export interface ServiceOptions {
  /** False: no first operator key is made, because the caller makes its own. */
  readonly firstOperatorKey?: boolean;
}

/** Starts the whole service. */
export async function startService(config: Config, options: ServiceOptions = {}): Promise<Service> {
  const log = createLog(config.logLevel);
  await requireFreePort(config);
  const opened = await openRuntime(config, log);
  try {
    const app = await createApp(opened.runtime);
    await listen(app, config);
    const makesKey = config.operatorKey === undefined && options.firstOperatorKey !== false;
    const operatorKey = makesKey ? await firstOperatorKey(app.get(Ledger)) : undefined;
    const stop = async (): Promise<void> => {
      await drainOf(app).finish();
      await app.close();
      await opened.close();
    };
    return {
      app,
      url: urlOf(app, config),
      ...(operatorKey && { operatorKey }),
      databaseEnded: opened.databaseEnded,
      stop,
    };
  } catch (error) {
    await opened.close();
    throw obstacleToStart(error) ?? error;
  }
}

async function listen(app: NestFastifyApplication, config: Config): Promise<void> {
  try {
    await app.listen(config.port, config.host);
  } catch (error) {
    await app.close();
    throw obstacleToListening(error, config) ?? error;
  }
}

function urlOf(app: NestFastifyApplication, { host }: Config): string {
  const { port } = app.getHttpServer().address() as AddressInfo;
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

/** Logs what the parts below Nest report about start and stop. */
export const sayTo = (log: Logger) => ({
  info: (message: string): void => log.info(message),
  warn: (message: string): void => log.warn(message),
  debug: (message: string): void => log.debug(message),
});
