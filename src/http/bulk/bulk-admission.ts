import type { FastifyInstance } from 'fastify';
import { Refusal } from '../../ledger/refusal.js';
import '../request.js';

/** These routes take thousands of records in one body; other bodies have 1 MiB (`app.ts`). */
const LARGE_BODY_BYTES_MAX = 16 * 1_048_576;
/** Large bodies that are read or processed at a time: each may have 16 MiB, and needs a few times that while it is processed. */
const LARGE_CALLS_MAX = 8;

/**
 * Allows large bodies to the routes that declare `largeBody`, and bounds their calls to the memory that there is for them, before
 * any of a body is read.
 */
export function admitLargeCalls(server: FastifyInstance): void {
  server.addHook('onRoute', (route) => {
    if (route.config?.largeBody) route.bodyLimit = LARGE_BODY_BYTES_MAX;
  });
  let inside = 0;
  server.addHook('onRequest', (request, reply, done) => {
    if (!request.routeOptions.config.largeBody) return done();
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
