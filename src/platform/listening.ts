import { once } from 'node:events';
import { createServer } from 'node:net';
import { StartupError, codeOf, reasonOf } from './startup-error.js';

/** Where a service listens. */
export interface ListenAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/**
 * Checks that the address can be listened on, before anything else is opened or made.
 * @throws StartupError
 */
export async function requireFreePort({ host, port }: ListenAddress): Promise<void> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw obstacleToListening(error, { host, port }) ?? error;
  }
  server.close();
  await once(server, 'close');
}

/** The obstacle behind an error of `listen`, with what to change; undefined for another error. */
export function obstacleToListening(error: unknown, { host, port }: ListenAddress): StartupError | undefined {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new StartupError(`Port ${port} on ${host} is taken. Set PORT to another one, or to 0 for any free one.`, {
        cause: error,
      });
    case 'EACCES':
      return new StartupError(`Port ${port} may not be opened by this user. Set PORT to one above 1023.`, {
        cause: error,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartupError(
        `${host} is no address of this machine (${reasonOf(error)}). Set HOST to one, or to 0.0.0.0 for all.`,
        { cause: error },
      );
    default:
      return undefined;
  }
}
