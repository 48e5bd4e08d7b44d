import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Public reads, which any page may fetch. */
const PUBLIC_READS = /^\/(v1\/(transparency|events|policies)|log|problems|openapi\.json)(\/|\?|$|\.)/;

/** Headers of an answer that a page of another origin may read. Fetch shows it `Cache-Control`, `Content-Type` and `Last-Modified` anyway. */
export const EXPOSED_HEADERS = [
  'Ledger-Position',
  'Ledger-As-Of',
  'Ledger-Effective-At',
  'Ledger-Notice',
  'Link',
  'ETag',
  'Content-Location',
  'Content-Disposition',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'X-Request-Id',
];

/** A day; browsers take less, Chromium two hours. */
const PREFLIGHT_S_MAX = 86_400;

/** Lets pages of all origins read public answers, and measure how long they took. Every other answer is for the own origin alone. */
export async function allowOrigins(server: FastifyInstance): Promise<void> {
  server.addHook('onRequest', (request, reply, done) => {
    if (PUBLIC_READS.test(request.url)) void reply.header('Timing-Allow-Origin', '*');
    done();
  });
  await server.register(cors, () => (request: FastifyRequest, callback: (error: null, options: object) => void) => {
    const { origin, 'access-control-request-method': method } = request.headers;
    const open = {
      origin: '*',
      methods: ['GET'],
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: PREFLIGHT_S_MAX,
      // Another OPTIONS asks for the methods of the path.
      preflight: origin !== undefined && method !== undefined,
    };
    callback(null, PUBLIC_READS.test(request.url) ? open : { origin: false });
  });
}
