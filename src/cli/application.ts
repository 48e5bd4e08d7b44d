import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import type { Config } from '../platform/config.js';
import { findEmbeddedDatabase } from '../platform/database/embedded-database.js';

/** The application without its HTTP server, for a command that works with or without a running service. */
export interface OpenApplication {
  readonly app: NestFastifyApplication;
  close(): Promise<void>;
}

/**
 * Opens the application on the database of the settings. If a running service has the embedded database open, both
 * share it.
 * @throws StartupError whose message states what to change
 */
export async function openApplication(config: Config, log: Logger): Promise<OpenApplication> {
  const running = config.databaseUrl ?? (await findEmbeddedDatabase(config.dataDir));
  const { openRuntime } = await import('../service.js');
  const opened = await openRuntime({ ...config, ...(running !== undefined && { databaseUrl: running }) }, log);
  try {
    const { createApp } = await import('../app.js');
    const { Ledger } = await import('../ledger/ledger.js');
    const app = await createApp(opened.runtime);
    const close = async (): Promise<void> => {
      await app.get(Ledger).close();
      await app.close();
      await opened.close();
    };
    return { app, close };
  } catch (error) {
    await opened.close();
    const { obstacleToStart } = await import('../platform/database/server-requirements.js');
    throw obstacleToStart(error) ?? error;
  }
}
