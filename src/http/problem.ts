import { STATUS_OF_REFUSAL, type RefusalCode, type RefusalKind } from '../ledger/refusal-declaration.js';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { ReplayedRefusal } from '../ledger/outcome.js';
import { Refusal, type FieldError } from '../ledger/refusal.js';
import { isDatabaseAway } from '../platform/database/database.js';

/** Seconds after which a caller may send the request again when the service was busy or the ledger could not be reached. */
const RETRY_AFTER_S = 1;
const RETRIED: ReadonlySet<number> = new Set([429, 503]);

/** RFC 9457 problem details. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: string;
  errors: readonly FieldError[];
  traceId: string;
  [fact: string]: unknown;
}

export const TITLES: Readonly<Record<number, string>> = {
  400: 'Malformed request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  406: 'Not acceptable',
  408: 'Too slow',
  409: 'Refused by a rule',
  412: 'Changed in the meantime',
  413: 'Too large',
  415: 'Unsupported media type',
  417: 'Expectation failed',
  422: 'Invalid content',
  428: 'Precondition required',
  429: 'Too many requests',
  431: 'Headers too large',
  500: 'Internal error',
  503: 'Not available',
};

const KIND_OF_STATUS = new Map<number, RefusalKind>(
  Object.entries(STATUS_OF_REFUSAL).map(([kind, status]) => [status, kind as RefusalKind]),
);

/** The one place that turns errors into answers. An error that is no refusal is a bug: it is logged, and the answer holds its id. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Pick<Logger, 'error'>) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** The same for a route that is not one of Nest. */
  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const refusal = asRefusal(error, request);
    if (!refusal) {
      this.log.error({ err: error, traceId: request.id, route: request.routeOptions?.url }, 'A request failed.');
    }
    // An answer that has begun cannot be taken back. Its connection can still be closed.
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    const problem = problemOf(refusal, request);
    if (RETRIED.has(problem.status) && !reply.hasHeader('Retry-After')) {
      void reply.header('Retry-After', String(RETRY_AFTER_S));
    }
    if (problem.status === 401) void reply.header('WWW-Authenticate', 'Bearer realm="ppp-ledger"');
    if (refusal instanceof ReplayedRefusal && refusal.replayed) void reply.header('Idempotency-Replayed', 'true');
    void reply
      .status(problem.status)
      .header('Cache-Control', 'no-store')
      .type('application/problem+json')
      .send(problem);
  }
}

const INTERNAL_ERROR = new Refusal(
  'internal',
  'internal-error',
  'Something went wrong on our side. Quote the traceId when you report it.',
);

/**
 * Where the service says what a code means. A path without a host: the service does not know by which name it is reached, and a
 * replayed answer must be the same by every name. RFC 9457, section 3.1.1: a relative reference should be a full path.
 */
export const typeOf = (code: string): string => `/problems/${code}`;

export function problemOf(refusal: Refusal | undefined, request: Pick<FastifyRequest, 'id' | 'url'>): Problem {
  const instance = request.url.split('?', 1)[0] ?? '';
  const { kind, code, detail, errors, facts } = refusal ?? INTERNAL_ERROR;
  const status = STATUS_OF_REFUSAL[kind];
  const traceId = refusal instanceof ReplayedRefusal ? refusal.correlationId : request.id;
  // The facts come first, so that no fact replaces a member that RFC 9457 defines.
  return {
    ...facts,
    type: typeOf(code),
    title: TITLES[status] ?? 'Refused',
    status,
    detail,
    instance,
    code,
    errors,
    traceId,
  };
}

/** Undefined if the error is a bug. */
export function asRefusal(error: unknown, request: Pick<FastifyRequest, 'method' | 'url'>): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (isDatabaseAway(error)) {
    return new Refusal('unavailable', 'store-unavailable', 'The database does not answer. Ask again in a moment.');
  }
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status !== 'number' || status >= 500) return undefined;
  if (status === 404) return unknownRoute(request);
  const kind = KIND_OF_STATUS.get(status) ?? 'malformed';
  return new Refusal(kind, FRAMEWORK_CODES[status] ?? 'malformed-request', detailOf(error, status));
}

export const unknownRoute = ({ method, url }: Pick<FastifyRequest, 'method' | 'url'>): Refusal =>
  new Refusal('unknown', 'unknown-route', `There is no ${method} ${url.split('?', 1)[0] ?? ''}. See /docs.`);

const FRAMEWORK_CODES: Record<number, RefusalCode> = {
  413: 'body-too-large',
  415: 'unsupported-media-type',
  429: 'rate-limited',
};

/** Sentences of the house for the errors of Fastify and of Node. Their own texts name options of the server, which callers do not have. */
function detailOf(error: unknown, status: number): string {
  if (status === 413) return 'The body is larger than this route takes.';
  if (status === 415) return 'Send the body as JSON with "Content-Type: application/json".';
  if ((error as { code?: unknown }).code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH') {
    return 'The body has another length than its Content-Length says. Send both as they are.';
  }
  return 'The request could not be read. Check its path, its headers and its body.';
}
