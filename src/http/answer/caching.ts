import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Compression } from './compression.js';
import { digestOf } from './digest.js';
import { isHeld } from './entity-tags.js';
import { codingFor, prefersCsv } from './negotiation.js';
import '../request.js';

/** For an address whose bytes never change. */
export const IMMUTABLE = 'public, max-age=31536000, immutable';
/**
 * For an address whose figures never change, but whose bytes another version of the program may write otherwise: a report without the name
 * of its method, or a table.
 */
export const SETTLED = 'public, max-age=3600, stale-while-revalidate=86400';
/**
 * For the present figures. A cache may answer with figures that are up to a minute old. A caller who needs the figures after a certain
 * command adds `minPosition`: that is another address, so the cache asks the service.
 */
export const LIVE = 'public, max-age=5, stale-while-revalidate=60';
/** For public lists and documents: a cache asks each time, and is told by 304 that nothing has changed. */
export const REVALIDATED = 'public, no-cache';
/** For everything that is not public. */
export const PRIVATE = 'no-store';

const COMPRESSIBLE = /^(application\/([a-z.-]+\+)?json|text\/csv)\b/;
/** Of an answer that was refused after they had been set. */
const OF_A_BODY = ['ETag', 'Last-Modified', 'Content-Location', 'Content-Disposition'] as const;

/** What lets pages of other origins read an answer. */
const OF_ALL_ORIGINS = ['Access-Control-Allow-Origin', 'Access-Control-Expose-Headers', 'Timing-Allow-Origin'] as const;

/**
 * Gives every answer what caches need. An answer that a route has not declared public is stored by no cache. A public one gets an `ETag`,
 * if its route has set none; is answered with 304 to a caller that holds it; and is compressed. Other answers are never compressed, so that
 * the length of an answer tells nothing of a secret in it (the attack BREACH). An answer to a credential names it in `Vary`, and no page
 * of another origin may read it, also where the same address is public without one.
 */
export function serveCaches(server: FastifyInstance): void {
  const compression = new Compression();
  server.addHook('onRequest', (request, _reply, done) => {
    if (request.routeOptions.config.table === true && prefersCsv(request.headers)) request.asCsv = true;
    done();
  });
  server.addHook('onSend', async (request, reply, payload) => {
    if (reply.statusCode >= 400) for (const name of OF_A_BODY) void reply.removeHeader(name);
    if (reply.statusCode >= 400 || !reply.hasHeader('Cache-Control')) void reply.header('Cache-Control', PRIVATE);
    if (request.principal !== undefined) {
      addVary(reply, 'Authorization');
      for (const name of OF_ALL_ORIGINS) void reply.removeHeader(name);
    }
    if (isPublic(reply) && reply.statusCode === 200 && isWhole(payload)) {
      const tag = tagOf(reply, payload);
      if (!isHeld(request.headers['if-none-match'], tag)) return coded(request, reply, payload, tag, compression);
      void reply.status(304);
    }
    if (reply.statusCode !== 304) return payload;
    void reply.removeHeader('Content-Type').removeHeader('Content-Length');
    return null;
  });
}

const isPublic = (reply: FastifyReply): boolean => String(reply.getHeader('Cache-Control')).startsWith('public');

/** A stream is neither hashed nor compressed. */
const isWhole = (payload: unknown): payload is string | Buffer =>
  typeof payload === 'string' || Buffer.isBuffer(payload);

function tagOf(reply: FastifyReply, payload: string | Buffer): string {
  const known = reply.getHeader('ETag');
  if (typeof known === 'string') return known;
  const tag = `"${digestOf(payload)}"`;
  void reply.header('ETag', tag);
  return tag;
}

async function coded(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: string | Buffer,
  tag: string,
  compression: Compression,
): Promise<string | Buffer> {
  if (!COMPRESSIBLE.test(String(reply.getHeader('Content-Type')))) return payload;
  addVary(reply, 'Accept-Encoding');
  const coding = codingFor(request.headers);
  const bytes = coding && (await compression.compressed(payload, coding));
  if (bytes === undefined) return payload;
  // A strong tag belongs to one form of the bytes (RFC 9110, 8.8.1); the weak one says that the content is the same.
  void reply.header('Content-Encoding', coding).header('ETag', tag.startsWith('W/') ? tag : `W/${tag}`);
  void reply.removeHeader('Content-Length');
  return bytes;
}

/**
 * Names a header of the request on which a public answer depends. `Origin` is none of them: every origin gets the same headers, and a cache
 * that kept an answer for each origin would keep nothing.
 */
export function addVary(reply: FastifyReply, name: 'Accept' | 'Accept-Encoding' | 'Authorization'): void {
  const names = String(reply.getHeader('Vary') ?? '').split(', ');
  const others = names.filter((other) => other !== '' && other !== 'Origin' && other !== name);
  void reply.header('Vary', [...others, name].join(', '));
}
