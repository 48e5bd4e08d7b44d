import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { notReached } from '../ledger/projector/projection-progress.js';
import { Projector } from '../ledger/projector/projector.js';
import { Refusal } from '../ledger/refusal.js';
import { PRIVATE, REVALIDATED, addVary } from './answer/caching.js';
import { csvHeaders, dialectOf } from './answer/csv-answer.js';
import { toCsv } from './answer/csv.js';
import { revisionTag } from './answer/entity-tags.js';
import { MIN_POSITION_WAIT_MS, type Page, type Reading } from './read-model.js';
import { ACCESS, type RouteAccess } from './route-access.js';
import { CostlyReads } from './shares/costly-reads.js';
import './request.js';

const WHOLE_NUMBER = /^(0|[1-9][0-9]{0,15})$/;

/** Waits for `minPosition` before a read, and puts the position that the answer reflects into a header. */
@Injectable()
export class ReadInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly projector: Projector,
    private readonly costlyReads: CostlyReads,
  ) {}

  async intercept(host: ExecutionContext, next: CallHandler<Reading<unknown>>): Promise<Observable<unknown>> {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const access = this.reflector.get<RouteAccess>(ACCESS, host.getHandler());
    const reply = http.getResponse<FastifyReply>();
    const query = request.query as Readonly<Record<string, unknown>>;
    const position = access.projection === undefined ? 0 : minPosition(query);
    if (access.projection !== undefined && position > 0) {
      await this.projector.reached(access.projection, position, MIN_POSITION_WAIT_MS);
    }
    // After the wait, so that nobody holds a place with a position that is never reached.
    if (isCostly(access, query)) await this.costlyReads.admit(request, reply);
    return next.handle().pipe(map((reading) => toBody(atLeast(position, reading), access, request, reply)));
  }
}

const PAST = ['asOf', 'asOfPosition', 'effectiveAt'];
const isCostly = ({ costly }: RouteAccess, query: Readonly<Record<string, unknown>>): boolean =>
  costly === 'always' || (costly === 'past' && PAST.some((parameter) => parameter in query));

/**
 * A database that crashed may have lost its last rows, also between the wait and the read. They are derived again, so an earlier position
 * is refused for now.
 */
function atLeast<Body>(position: number, reading: Reading<Body>): Reading<Body> {
  if (reading.position < position) throw notReached(position, reading.position);
  return reading;
}

/** @throws Refusal (400) when `minPosition` is not a whole number. */
function minPosition(query: Readonly<Record<string, unknown>>): number {
  const { minPosition: text } = query;
  if (text === undefined) return 0;
  if (typeof text !== 'string' || !WHOLE_NUMBER.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new Refusal(
      'malformed',
      'malformed-parameter',
      'minPosition must be a position: a whole number from 0.',
      {},
      [{ pointer: '/minPosition', detail: 'A whole number from 0.' }],
    );
  }
  return Number(text);
}

function toBody(reading: Reading<unknown>, access: RouteAccess, request: FastifyRequest, reply: FastifyReply): unknown {
  void reply.header('Ledger-Position', String(reading.position));
  if (reading.revision !== undefined) void reply.header('ETag', revisionTag(reading.revision));
  void reply.header('Cache-Control', access.kind === 'public' && !request.principal ? REVALIDATED : PRIVATE);
  if (access.identifies) addVary(reply, 'Authorization');
  if (request.routeOptions.config.table === true) addVary(reply, 'Accept');
  void reply.headers(reading.headers ?? {});
  if (reading.unchanged) void reply.status(304);
  const { body } = reading;
  if (isPage(body) && body.next !== null) void reply.header('Link', linkToNext(body.next, request));
  if (!request.asCsv || reading.unchanged) return body;
  if (!isPage(body)) throw new Refusal('unknown', 'no-table', 'Only lists can be had as CSV.');
  void reply.headers(csvHeaders(pathOf(request).split('/').at(-1) ?? '', reading.position));
  return toCsv(body.data as readonly object[], dialectOf(request), body.columns);
}

function linkToNext(cursor: string, request: FastifyRequest): string {
  const next = new URLSearchParams({ cursor });
  const { dialect } = request.query as { readonly dialect?: string };
  if (dialect !== undefined) next.set('dialect', dialect);
  return `<${pathOf(request)}${request.asCsv ? '.csv' : ''}?${next.toString()}>; rel="next"`;
}

const pathOf = ({ url }: FastifyRequest): string => url.split('?', 1)[0] ?? '';

const isPage = (body: unknown): body is Page<unknown> =>
  typeof body === 'object' && body !== null && Array.isArray((body as { data?: unknown }).data) && 'next' in body;
