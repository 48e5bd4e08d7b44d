import type { FastifyInstance } from 'fastify';
import { Refusal } from '../ledger/refusal.js';

/** Large bodies that are read or processed at a time: each may have 16 MiB, and needs a few times that while it is processed. */
const LARGE_CALLS_MAX = 8;

/**
 * Bounds the calls with large bodies to the memory that there is for them, before any of a body is read.
 * @param isLarge by the pattern of the route
 */
export function admitLargeCalls(server: FastifyInstance, isLarge: (route: string) => boolean): void {
  let inside = 0;
  server.addHook('onRequest', (request, reply, done) => {
    if (!isLarge(request.routeOptions.url ?? '') || request.method !== 'POST') return done();
    if (inside >= LARGE_CALLS_MAX) {
      return done(
        new Refusal(
          'unavailable',
          'queue-full',
          `${LARGE_CALLS_MAX} large calls are being worked on, and no more are taken at a time. Send it again in a moment.`,
        ),
      );
    }
    inside += 1;
    // Emitted when the answer was sent and when the connection broke.
    reply.raw.once('close', () => (inside -= 1));
    return done();
  });
}
