import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { createApp, drainOf } from './app.js';
import type { Config } from './platform/config.js';
import { EngineUnusable } from './ledger/kurrentdb/engine-unusable.js';
import type { KurrentEngine } from './ledger/kurrentdb/kurrentdb-engine.js';
import { requireOwnEvents } from './ledger/kurrentdb/sequenced-copy.js';
import { Ledger } from './ledger/ledger.js';
import { createPool } from './platform/database/database.js';
import { startEmbeddedDatabase } from './platform/database/embedded-database.js';
import { createLog } from './platform/logging.js';
import { migrate, requireReadableServer } from './platform/database/migrate.js';
import { firstOperatorKey } from './identity/operator-key.service.js';
import type { Runtime } from './platform/runtime.js';
import { secretKey } from './platform/secrets.js';
import { StartupError, codeOf, reasonOf } from './platform/startup-error.js';
import { wrappingKeyOf } from './platform/wrapping-key.js';

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
  const embedded =
    config.databaseUrl === undefined
      ? await startEmbeddedDatabase({ dataDir: config.dataDir, log: sayTo(log) })
      : undefined;
  const databaseUrl = config.databaseUrl ?? embedded?.url ?? '';
  try {
    await migrate(databaseUrl, { log: sayTo(log) });
    const wrappingKey = await wrappingKeyOf(config.dataDir, databaseUrl);
    const logSigningKey = await secretKey(config.dataDir, 'log-signing-key');
    const { databaseReadUrl } = config;
    if (databaseReadUrl !== undefined) await requireReadableServer(databaseReadUrl, sayTo(log));
    const pool = createPool({ databaseUrl, log: sayTo(log) });
    const readPool =
      databaseReadUrl === undefined
        ? pool
        : createPool({ databaseUrl: databaseReadUrl, session: 'any', log: sayTo(log) });
    const engine = await openEngine(config.eventStoreUrl, pool, log);
    return {
      runtime: {
        config,
        pool,
        readPool,
        ...(engine && { eventStore: engine.store }),
        wrappingKey,
        logSigningKey,
        log,
        clock: Date.now,
      },
      databaseEnded: embedded?.ended ?? new Promise(() => undefined),
      close: async () => {
        await engine?.close();
        await pool.end();
        if (readPool !== pool) await readPool.end();
        await embedded?.stop();
      },
    };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

/**
 * Opens KurrentDB, if there is a URL: it then keeps the events, and the database is its copy. Without a URL the database must not be a
 * copy.
 * @throws StartupError that names what to change
 */
async function openEngine(url: string | undefined, pool: Pool, log: Logger): Promise<KurrentEngine | undefined> {
  try {
    if (url === undefined) {
      await requireOwnEvents(pool);
      return undefined;
    }
    // The client brings a native library along: it is loaded only where it is needed.
    const { openKurrentEngine } = await import('./ledger/kurrentdb/kurrentdb-engine.js');
    return await openKurrentEngine({ url, pool, log });
  } catch (error) {
    await pool.end();
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
    throw error;
  }
}

async function listen(app: NestFastifyApplication, { host, port }: Config): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    const code = codeOf(error);
    if (code === 'EADDRINUSE') {
      throw new StartupError(`Port ${port} on ${host} is taken. Set PORT to another one, or to 0 for any free one.`, {
        cause: error,
      });
    }
    if (code === 'EACCES') {
      throw new StartupError(`Port ${port} may not be opened by this user. Set PORT to one above 1023.`, {
        cause: error,
      });
    }
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new StartupError(
        `${host} is no address of this machine (${reasonOf(error)}). Set HOST to one, or to 0.0.0.0 for all.`,
        { cause: error },
      );
    }
    throw error;
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
