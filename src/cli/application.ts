import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import type { Config } from '../platform/config.js';
import { findEmbeddedDatabase } from '../platform/database/embedded-database.js';

/** The application without its HTTP server, for a command that works beside a running service or without one. */
export interface OpenApplication {
  readonly app: NestFastifyApplication;
  close(): Promise<void>;
}

/**
 * Opens the application on the database of the settings; the embedded database of a running service is shared with it.
 * @throws StartupError that says what to change
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
    throw error;
  }
}
