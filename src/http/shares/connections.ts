import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionLimits } from '../../platform/config.js';
import { networkOf } from '../../platform/network.js';

/**
 * Bounds the connections of a server, in all and from one network, and how long each may do nothing. Those above the bounds are closed
 * without an answer, before a byte of them is read. The server must be made with `connectionsCheckingInterval: limits.checkMs`.
 * @param isTrusted addresses of proxies, which bring the connections of many: they have no bound of their own
 */
export function boundConnections(
  server: Server,
  limits: ConnectionLimits,
  isTrusted: (address: string) => boolean,
): void {
  const { max, perNetwork, headersMs, requestMs, silentMs, keepAliveMs } = limits;
  Object.assign(server, { headersTimeout: headersMs, requestTimeout: requestMs, keepAliveTimeout: keepAliveMs });
  server.setTimeout(silentMs);
  if (max === 0) return;
  server.maxConnections = max;
  // Whoever comes when the server is full takes the place of those who wait for nothing.
  server.on('drop', () => server.closeIdleConnections());
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    // It is closed already.
    if (remoteAddress === undefined || isTrusted(remoteAddress)) return;
    const network = networkOf(remoteAddress);
    const own = open.get(network) ?? 0;
    if (own >= perNetwork) return void socket.destroy();
    open.set(network, own + 1);
    socket.once('close', () => {
      const left = (open.get(network) ?? 1) - 1;
      if (left > 0) open.set(network, left);
      else open.delete(network);
    });
  });
}
