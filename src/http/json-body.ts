import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { errorCodes, type FastifyInstance, type FastifyRequest, type RequestPayload } from 'fastify';
import { ListFingerprint } from './fingerprint.js';
import { MALFORMED_JSON, requirePlainJson } from './plain-json.js';
import './request.js';
import { StreamedBody, requireOnlyList, type StreamedList } from './streamed-body.js';

/**
 * Makes the server accept JSON and nothing else. An empty body counts as no body: some commands need none.
 * @param secret key of the fingerprints
 */
export function acceptJson(server: FastifyInstance, secret: Buffer): void {
  server.removeAllContentTypeParsers();
  const parse = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (request.streamedBody) return done(null, request.streamedBody);
    if (body.length === 0) return done(null, undefined);
    return parse(request, String(body), (error, value) => {
      if (error) return done(MALFORMED_JSON);
      try {
        // Before any other code reads the body: recursive code relies on its bounded depth.
        requirePlainJson(value);
        done(null, value);
      } catch (refusal) {
        done(refusal as Error);
      }
    });
  });
  server.addHook('onRoute', (route) => {
    const streamed = route.config?.streamed;
    if (streamed) streamBodies(route, streamed, secret);
  });
}

/** Puts the reader of a route between the connection and Fastify. Fastify then has no text to collect. */
function streamBodies(route: { preParsing?: unknown }, streamed: StreamedList, secret: Buffer): void {
  requireOnlyList(streamed);
  route.preParsing = (request: FastifyRequest, _reply: unknown, payload: RequestPayload, done: PreParsed): void => {
    const nothing: RequestPayload = new Readable({
      // Called when Fastify reads the first byte. Fastify has checked type and length before.
      read: () => {
        readBody(request, payload, streamed, secret, nothing).then(
          () => nothing.push(null),
          (error: unknown) => nothing.destroy(error as Error),
        );
      },
    });
    done(null, nothing);
  };
}

type PreParsed = (error: Error | null, payload: RequestPayload) => void;

/** Bytes that are read without a pause: a hundred records, a few milliseconds. */
const PART_BYTES = 16_384;

/**
 * @param nothing gets the number of bytes so far: Fastify compares it to the announced length
 * @throws Refusal of StreamedBody, but after the last byte: a caller who still sends would miss the answer
 */
async function readBody(
  request: FastifyRequest,
  payload: RequestPayload,
  streamed: StreamedList,
  secret: Buffer,
  nothing: RequestPayload,
): Promise<void> {
  const { method, url, routeOptions } = request;
  const body = new StreamedBody(streamed, () => new ListFingerprint(secret, method, url, streamed.list));
  let bytes = 0;
  let refusal: { readonly error: unknown } | undefined;
  // The connection stays open when the body is too large: the answer uses it.
  for await (const chunk of payload.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length;
    nothing.receivedEncodedLength = bytes;
    if (bytes > routeOptions.bodyLimit) throw new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE();
    if (refusal) continue;
    try {
      await readChunk(body, chunk as Buffer);
    } catch (error) {
      refusal = { error };
    }
  }
  if (refusal) throw refusal.error;
  if (bytes === 0) return;
  body.end();
  request.streamedBody = body;
}

async function readChunk(body: StreamedBody, chunk: Buffer): Promise<void> {
  for (let from = 0; from < chunk.length; from += PART_BYTES) {
    body.write(chunk.subarray(from, from + PART_BYTES));
    // Lets other requests proceed.
    await setImmediate();
  }
}
