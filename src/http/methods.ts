import type { FastifyInstance } from 'fastify';
import { Refusal } from '../ledger/refusal.js';
import { unknownRoute } from './problem.js';
import './request.js';

/** The methods that routes of this API have. `OPTIONS` is answered here. */
const METHODS = ['GET', 'HEAD', 'POST'];
const READS = ['GET', 'HEAD'];

/**
 * Answers the methods that a path does not have: `OPTIONS` with `Allow`, another one with 405 and `Allow`, and 404 where nothing is at the
 * path. Nothing of a body is read. A preflight of CORS is answered before.
 */
export function answerOtherMethods(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    const isOptions = request.method === 'OPTIONS';
    if (!request.is404 && !isOptions) return done();
    // The table of a list has an address of its own, which `rewriteUrl` takes for reads alone.
    const table = /^(\/v1\/[^?]+)\.csv(?:\?|$)/.exec(request.url);
    const url = table?.[1] ?? request.url;
    const isThere = (method: string): boolean => server.findRoute({ method, url }) !== null;
    const allowed = (table ? READS : METHODS).filter(isThere);
    if (allowed.length === 0) return done(unknownRoute(request));
    const allow = [...allowed, 'OPTIONS'];
    void reply.header('Allow', allow.join(', '));
    if (isOptions) return void reply.code(204).send();
    return done(
      new Refusal(
        'method-not-allowed',
        'method-not-allowed',
        `${request.url.split('?', 1)[0] ?? ''} has no ${request.method}. It has ${allow.join(', ')}.`,
        { allowed: allow },
      ),
    );
  });
}
