import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CodeOf } from '../../ledger/refusal-declaration.js';
import { Refusal } from '../../ledger/refusal.js';

const JSON_TYPE = /^application\/json[ \t]*(;|$)/i;
const CHARSETS = /;[ \t]*charset[ \t]*=[ \t]*"?([^";\s]*)/gi;
/** JSON is UTF-8 (RFC 8259, 8.1). The second name is no registered one, but a common one. */
const UTF8: ReadonlySet<string> = new Set(['utf-8', 'utf8']);

/**
 * Refuses a body that is no JSON in UTF-8 by its headers, before any of it is read: 415, with the header that says what is taken (RFC
 * 9110, 15.5.16).
 */
export function requireJson(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => done(hasBody(request) ? refusalOf(request, reply) : undefined));
}

function hasBody({ method, headers }: FastifyRequest): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function refusalOf({ headers }: FastifyRequest, reply: FastifyReply): Refusal | undefined {
  const encoding = headers['content-encoding'] ?? '';
  if (encoding.split(',').some((one) => !['', 'identity'].includes(one.trim().toLowerCase()))) {
    void reply.header('Accept-Encoding', 'identity');
    return refusal(
      'unsupported-content-encoding',
      `The body is sent with "Content-Encoding: ${encoding}". Send it as it is.`,
    );
  }
  const type = headers['content-type'] ?? '';
  const charset = [...type.matchAll(CHARSETS)]
    .map(([, name = '']) => name)
    .find((name) => !UTF8.has(name.toLowerCase()));
  if (JSON_TYPE.test(type) && charset === undefined) return undefined;
  void reply.header('Accept', 'application/json');
  return JSON_TYPE.test(type)
    ? refusal(
        'unsupported-charset',
        `JSON is UTF-8 (RFC 8259), and "charset=${charset ?? ''}" is not. Encode the body as UTF-8.`,
      )
    : refusal('unsupported-media-type', 'Send the body as JSON with "Content-Type: application/json".');
}

const refusal = (code: CodeOf<'unsupported-media-type'>, detail: string): Refusal =>
  new Refusal('unsupported-media-type', code, detail);
