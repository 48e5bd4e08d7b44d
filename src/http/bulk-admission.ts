import type { FastifyInstance } from 'fastify';
import { Refusal } from '../ledger/refusal.js';

/** Large bodies that are read or worked on at a time: each may take 16 MiB, and a few times that while it is looked at. */
const LARGE_CALLS_MAX = 8;

/**
 * Lets in as many calls with large bodies as there is memory for, before anything of a body is read.
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
    // Comes for an answer that was sent and for a connection that broke alike.
    reply.raw.once('close', () => (inside -= 1));
    return done();
  });
}
