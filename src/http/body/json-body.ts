import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { errorCodes, type FastifyInstance, type FastifyRequest, type RequestPayload } from 'fastify';
import { ListFingerprint } from './fingerprint.js';
import { JsonText, LARGE_JSON_VALUES_MAX, parseJson } from './plain-json.js';
import '../request.js';
import { StreamedBody, requireOnlyList } from './streamed-body.js';

/** Reads a body part by part. */
interface BodyReader {
  write(bytes: Uint8Array): void;
  /** The body, after its last byte. */
  end(): unknown;
}

/**
 * Makes the server accept JSON and nothing else. An empty body counts as no body: some commands need none.
 * @param secret key of the fingerprints
 */
export function acceptJson(server: FastifyInstance, secret: Buffer): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    if (request.bodyRead) return done(null, request.bodyRead.value);
    if (bytes.length === 0) return done(null, undefined);
    try {
      done(null, parseJson(bytes as Buffer));
    } catch (refusal) {
      done(refusal as Error);
    }
  });
  server.addHook('onRoute', (route) => {
    const { streamed, largeBody } = route.config ?? {};
    if (streamed) {
      requireOnlyList(streamed);
      const { list } = streamed;
      readInParts(
        route,
        ({ method, url }) => new StreamedBody(streamed, new ListFingerprint(secret, method, url, list)),
      );
    } else if (largeBody) readInParts(route, () => new JsonText(LARGE_JSON_VALUES_MAX));
  });
}

/** Puts the reader of a route between the connection and Fastify. Fastify then has no text to collect. */
function readInParts(route: { preParsing?: unknown }, readerOf: (request: FastifyRequest) => BodyReader): void {
  route.preParsing = (request: FastifyRequest, _reply: unknown, payload: RequestPayload, done: PreParsed): void => {
    const nothing: RequestPayload = new Readable({
      // Called when Fastify reads the first byte. Fastify has checked type and length before.
      read: () => {
        readBody(request, payload, readerOf(request), nothing).then(
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
 * @throws Refusal of the reader, but after the last byte: a caller who still sends would miss the answer
 */
async function readBody(
  request: FastifyRequest,
  payload: RequestPayload,
  body: BodyReader,
  nothing: RequestPayload,
): Promise<void> {
  const { bodyLimit } = request.routeOptions;
  let bytes = 0;
  let refusal: { readonly error: unknown } | undefined;
  // The connection stays open when the body is too large: the answer uses it.
  for await (const chunk of payload.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length;
    nothing.receivedEncodedLength = bytes;
    if (bytes > bodyLimit) throw new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE();
    if (refusal) continue;
    try {
      await readChunk(body, chunk as Buffer);
    } catch (error) {
      refusal = { error };
    }
  }
  if (refusal) throw refusal.error;
  if (bytes === 0) return;
  request.bodyRead = { value: body.end() };
}

async function readChunk(body: BodyReader, chunk: Buffer): Promise<void> {
  for (let from = 0; from < chunk.length; from += PART_BYTES) {
    body.write(chunk.subarray(from, from + PART_BYTES));
    // Lets other requests proceed.
    await setImmediate();
  }
}
