import type { FastifyInstance } from 'fastify';
import { Refusal } from '../../ledger/refusal.js';
import '../request.js';
import { holderOf } from '../shares/holder.js';
import { Places } from '../shares/places.js';

/** These routes take thousands of records in one body; other bodies have 1 MiB (`app.ts`). */
const LARGE_BODY_BYTES_MAX = 16 * 1_048_576;
/** Large bodies that are read or processed at a time: each may have 16 MiB, and needs a few times that while it is processed. */
const LARGE_CALLS_MAX = 8;
/** The same of one holder of a credential: half of the places are always for others. */
const OWN_LARGE_CALLS_MAX = 4;

/**
 * Allows large bodies to the routes that declare `largeBody`, and bounds their calls to the memory that there is for them, before
 * any of a body is read.
 */
export function admitLargeCalls(server: FastifyInstance): void {
  server.addHook('onRoute', (route) => {
    if (route.config?.largeBody) route.bodyLimit = LARGE_BODY_BYTES_MAX;
  });
  const places = new Places(LARGE_CALLS_MAX, OWN_LARGE_CALLS_MAX);
  server.addHook('onRequest', (request, reply, done) => {
    if (!request.routeOptions.config.largeBody) return done();
    const holder = holderOf(request.principal, request.ip);
    const obstacle = places.obstacle(holder);
    if (obstacle) return done(new Refusal('unavailable', 'queue-full', OBSTACLES[obstacle]));
    // Emitted when the answer was sent and when the connection broke.
    reply.raw.once('close', places.take(holder));
    return done();
  });
}

const OBSTACLES = {
  own: `${OWN_LARGE_CALLS_MAX} large calls of yours are being worked on, and no more are taken of one holder at a time. Send it again when one is answered.`,
  all: `${LARGE_CALLS_MAX} large calls are being worked on, and no more are taken at a time. Send it again in a moment.`,
};
