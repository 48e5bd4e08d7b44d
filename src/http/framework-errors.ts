import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../ledger/refusal.js';
import { asRefusal, problemOf, unknownRoute } from './problem.js';

/**
 * The answers to requests that reach no hook and no filter: the router or the parser of HTTP cannot read them. They are problems with the
 * same headers as every other answer.
 */
export class FrameworkErrors {
  /** @param headers of every answer */
  constructor(private readonly headers: Readonly<Record<string, string>>) {}

  /** For Fastify's `frameworkErrors`: a path that its router does not take. */
  readonly inRouter = (error: Error & { code?: string }, request: FastifyRequest, reply: FastifyReply): void => {
    const refusal = refusalInRouter(error, request);
    const problem = problemOf(refusal, request);
    void reply
      .status(problem.status)
      .headers(this.headersOf(request.id))
      // As a text: the serializers of a route are not known here.
      .send(JSON.stringify(problem));
  };

  /** For Node's `clientError`: a request that is not HTTP, or that is too slow or too large. */
  readonly onConnection = (error: Error & { code?: string }, socket: Socket): void => {
    const inFlight = Reflect.get(socket, '_httpMessage') as ServerResponse | null | undefined;
    // A second answer in the middle of another one would be read as a part of it. Node has the same rule.
    if (error.code === 'ECONNRESET' || !socket.writable || inFlight?.headersSent === true) socket.destroy();
    else this.end(socket, REFUSALS_OF_PARSER[error.code ?? ''] ?? NOT_HTTP);
  };

  /** Answers what Node would answer without a body, or not at all. */
  watch(server: Server): void {
    server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
      const { status, headers, text } = this.plain(UNKNOWN_EXPECTATION);
      response.writeHead(status, headers).end(text);
    });
    server.on('connect', (_request: IncomingMessage, socket: Duplex) => this.end(socket, NO_TUNNEL));
  }

  private end(socket: Duplex, refusal: Refusal): void {
    const { status, headers, text } = this.plain(refusal);
    const lines = Object.entries({ ...headers, Date: new Date().toUTCString() }).map((header) => header.join(': '));
    const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines].join('\r\n');
    socket.end(`${head}\r\n\r\n${text}`, () => socket.destroy());
  }

  private plain(refusal: Refusal): { status: number; headers: Readonly<Record<string, string>>; text: string } {
    const id = randomUUID();
    // Its path is not known: the request was not read.
    const problem = problemOf(refusal, { id, url: '' });
    const text = JSON.stringify(problem);
    return {
      status: problem.status,
      text,
      headers: {
        ...this.headersOf(id),
        ...(refusal === NO_TUNNEL && { Allow: 'GET, HEAD, POST, OPTIONS' }),
        'Content-Length': String(Buffer.byteLength(text)),
        Connection: 'close',
      },
    };
  }

  private headersOf(id: string): Readonly<Record<string, string>> {
    return {
      ...this.headers,
      'X-Request-Id': id,
      'Cache-Control': 'no-store',
      'Content-Type': 'application/problem+json; charset=utf-8',
    };
  }
}

function refusalInRouter(error: Error & { code?: string }, request: FastifyRequest): Refusal | undefined {
  // No path of this API has such a long part, so there is nothing at this one.
  if (error.code === 'FST_ERR_MAX_PARAM_LENGTH') return unknownRoute(request);
  if (error.code === 'FST_ERR_BAD_URL') {
    return new Refusal(
      'malformed',
      'malformed-url',
      'The path has a "%" that begins no character of UTF-8. Write two hexadecimal digits after it, and "%25" for the sign itself.',
    );
  }
  return asRefusal(error, request);
}

const NOT_HTTP = new Refusal(
  'malformed',
  'malformed-http',
  'This is not a request of HTTP/1.1. Check its first line, its headers and the length of its body; https is not spoken here.',
);
const REFUSALS_OF_PARSER: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new Refusal(
    'too-slow',
    'request-too-slow',
    'The request did not arrive completely in time. Send it again, and faster or in smaller parts.',
  ),
  HPE_HEADER_OVERFLOW: new Refusal(
    'headers-too-large',
    'headers-too-large',
    'The path and the headers have more than 16 KiB. Send fewer or shorter ones.',
  ),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new Refusal(
    'too-large',
    'chunk-extensions-too-large',
    'The extensions of the chunks have more than 16 KiB. Send none.',
  ),
};
const UNKNOWN_EXPECTATION = new Refusal(
  'expectation-failed',
  'unknown-expectation',
  'The only expectation that is met is "Expect: 100-continue". Leave the header out.',
);
const NO_TUNNEL = new Refusal('method-not-allowed', 'method-not-allowed', 'This is no proxy: CONNECT is not possible.');
