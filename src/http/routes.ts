import {
  Get,
  HttpCode,
  Post,
  SetMetadata,
  UseInterceptors,
  applyDecorators,
  createParamDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBearerAuth, ApiExtension, ApiHeader, ApiResponse, ApiSecurity } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ROLES, type CommandContext, type Principal, type Role } from '../ledger/command-context.js';
import type { RefusalCode } from '../ledger/refusal-declaration.js';
import type { RoutedCommand } from '../ledger/ledger-command.js';
import { AnswerDto } from './answer.dto.js';
import { CommandInterceptor } from './command.interceptor.js';
import { REFUSALS_OF_ROUTE, type RouteKind, type RouteRefusals } from './route-refusals.js';
import { ReadInterceptor } from './read.interceptor.js';
import { ACCESS, type CommandAccess, type RouteAccess } from './route-access.js';
import './request.js';
import type { StreamedList } from './body/streamed-body.js';

/** Of an operation while the document is made: it is described as CSV as well. */
export const TABLE = 'x-table';

/** Every credential may read; `visibility.ts` has the rule which rows each one sees. */
export const READERS: readonly Role[] = ROLES;

export interface CommandRouteOptions {
  /** What the route executes; its handler and the classes of its input come with it. */
  readonly command: RoutedCommand;
  /** Path below the path of the controller. */
  readonly path?: string;
  readonly roles: readonly Role[];
  /** Path of the new record: the answer is 201 with a `Location` made from this path. Left out: 200. */
  readonly created?: string;
  /** Class of the answer, where it has more than the common members. */
  readonly answer?: new () => AnswerDto;
  /** Its body is a long list, which is read item by item. */
  readonly streamed?: StreamedList;
}

/**
 * A command: POST with `Idempotency-Key` and, where the record exists already, `If-Match`. The decorator is the route's
 * permission, its behaviour and its documentation.
 */
export function CommandRoute({
  command,
  path = '',
  roles,
  created,
  answer = AnswerDto,
  streamed,
}: CommandRouteOptions): MethodDecorator {
  const status = created === undefined ? 200 : 201;
  const access: CommandAccess = {
    kind: 'command',
    command,
    roles,
    ...(created === undefined ? {} : { location: created }),
  };
  return applyDecorators(
    Post(path),
    HttpCode(status),
    SetMetadata(ACCESS, access),
    UseInterceptors(CommandInterceptor),
    RouteConfig({ access, command: access, ...(streamed && { streamed, largeBody: true }) }),
    ...credential(roles),
    IDEMPOTENCY_KEY_HEADER,
    ApiHeader({
      name: 'If-Match',
      required: false,
      description:
        'The `ETag` that you saw, also as a proxy made it weak: refused with 412 when the record has changed since.',
      schema: { type: 'string', pattern: '^(W/)?"(0|[1-9][0-9]{0,14})"$', maxLength: 19 },
    }),
    ApiResponse({
      status,
      description: status === 201 ? 'Recorded; something new has an id.' : 'Recorded.',
      type: answer,
      headers: {
        ETag: { description: 'Revision of the record, quoted.', schema: REVISION_TAG },
        'Ledger-Position': { description: 'Position of the last event of the command.', schema: POSITION },
        'Idempotency-Replayed': {
          description: '`true` when this is the answer to an earlier request.',
          schema: { type: 'string', enum: ['true'] },
        },
        ...(created === undefined ? {} : { Location: { description: 'Where it can be read.', schema: PATH } }),
      },
    }),
    refuses('command', [
      ...(command.shape.params ? (['malformed-parameter'] as const) : []),
      ...command.shape.refusals,
    ]),
  );
}

/** Many commands in one call. All roles may call it: the route of each command decides whether the caller may execute it. */
export function BulkRoute(answer: new () => object): MethodDecorator {
  const access: RouteAccess = { kind: 'bulk', roles: ROLES };
  return applyDecorators(
    Post(),
    HttpCode(200),
    SetMetadata(ACCESS, access),
    RouteConfig({ access, largeBody: true }),
    ...credential(ROLES),
    IDEMPOTENCY_KEY_HEADER,
    ApiResponse({
      status: 200,
      description: 'Executed: the outcome of each command, in order. With `atomic`, all of them were recorded.',
      type: answer,
      headers: {
        'Ledger-Position': { description: 'Highest position among the answers.', schema: POSITION },
        'Bulk-Replayed': { description: 'Commands that had been answered before.', schema: COUNT },
        'Idempotency-Replayed': {
          description: '`true` when all of them had been.',
          schema: { type: 'string', enum: ['true'] },
        },
      },
    }),
    refuses('bulk'),
  );
}

export interface ReadRouteOptions {
  readonly path?: string;
  /** Left out: public. */
  readonly roles?: readonly Role[];
  readonly projection?: string;
  /** Class of the body. */
  readonly answer: new () => object;
  /** A public route that shows more to some credentials. */
  readonly identifies?: true;
  /** Codes that the read throws, beside those of every read. */
  readonly refusals?: readonly RefusalCode[];
  /** A table, which is also served as CSV under the same path with `.csv`. */
  readonly table?: true;
}

/** A read: its answer names the position that it reflects, and it can wait for a position. */
export function ReadRoute({
  path = '',
  roles,
  projection,
  answer,
  table,
  identifies,
  refusals = [],
}: ReadRouteOptions): MethodDecorator {
  const access: RouteAccess = {
    kind: roles ? 'read' : 'public',
    roles: roles ?? [],
    ...(projection === undefined ? {} : { projection }),
    ...(identifies && { identifies }),
    ...(isPage(answer) ? { costly: 'always' } : table && { costly: 'past' }),
  };
  const isOne = path.includes(':');
  return applyDecorators(
    Get(path),
    SetMetadata(ACCESS, access),
    UseInterceptors(ReadInterceptor),
    RouteConfig({ access, ...(table && { table }) }),
    ...(roles ? credential(roles) : [anonymous(identifies), Revalidated()]),
    ...(table ? [ApiExtension(TABLE, true)] : []),
    ApiResponse({
      status: 200,
      description: isOne ? 'Found.' : 'As it stands.',
      type: answer,
      headers: {
        'Ledger-Position': { description: 'The position that the answer reflects.', schema: POSITION },
        ...(roles === undefined
          ? { ETag: { description: 'Names these bytes, for `If-None-Match`.', schema: ENTITY_TAG } }
          : isOne
            ? { ETag: { description: 'Revision of the record, if it has one.', schema: REVISION_TAG } }
            : {}),
        ...(isPage(answer)
          ? { Link: { description: 'The next page, if there is one (RFC 8288).', schema: LINK } }
          : {}),
      },
    }),
    refuses(roles ? 'read' : identifies ? 'identifying' : 'public', [
      ...refusals,
      ...(projection === undefined ? [] : (['position-not-reached'] as const)),
      ...(isOne ? (['no-table'] as const) : []),
      ...(access.costly === undefined ? [] : (['too-many-reads'] as const)),
    ]),
  );
}

const IDEMPOTENCY_KEY_HEADER = ApiHeader({
  name: 'Idempotency-Key',
  required: true,
  description:
    'Names this command. When it is sent again, its answer is replayed and the command is not executed again.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]{1,255}$' },
  example: '7f1c1b1e-0d5c-4c57-9a51-2f5f5c1f4a10',
});

const COUNT = { type: 'integer', format: 'int32', minimum: 0, maximum: 1_000 } as const;
const POSITION = { type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const REVISION_TAG = { type: 'string', pattern: '^"(0|[1-9][0-9]{0,14})"$', maxLength: 17 } as const;
const ENTITY_TAG = { type: 'string', pattern: '^(W/)?"[!#-~]*"$', maxLength: 200 } as const;
const PATH = { type: 'string', format: 'uri-reference', maxLength: 200 } as const;
/** A path, a cursor of up to 4,096 characters and `rel="next"`. */
const LINK = { type: 'string', pattern: '^<.+>; rel="next"$', maxLength: 4_400 } as const;

/** Lists answer with their `<Aggregate>PageDto`; reports are tables, but no pages. */
const isPage = (answer: new () => object): boolean => answer.name.endsWith('PageDto');

/** The roles of a route, for the guard and for readers of the document. */
const credential = (roles: readonly Role[]): readonly MethodDecorator[] => [
  ApiBearerAuth(),
  ApiExtension('x-roles', [...roles]),
];

/** Public on purpose: the empty requirement distinguishes it from a route whose roles were forgotten. */
const anonymous = (identifies?: true): MethodDecorator =>
  identifies ? applyDecorators(ApiBearerAuth(), ApiSecurity({})) : ApiSecurity({});

const STREAM: RouteAccess = { kind: 'public', roles: [], identifies: true };

/** A public answer without an end. Readers with a credential are counted by it, and the others by their address. */
export const StreamRoute = ({ path }: { readonly path: string }): MethodDecorator =>
  applyDecorators(
    Get(path),
    SetMetadata(ACCESS, STREAM),
    RouteConfig({ access: STREAM }),
    anonymous(true),
    refuses('identifying', [
      'malformed-last-event-id',
      'position-not-recorded',
      'too-many-own-readers',
      'too-many-readers',
      'unknown-event-type',
    ]),
    ApiHeader({
      name: 'Last-Event-ID',
      required: false,
      description: 'Position of the last event seen; sent by browsers when they reconnect.',
      schema: { type: 'string', maxLength: 16, pattern: '^[0-9]{1,15}$' },
    }),
  );

/**
 * Needs no credential: the log, health, metrics, and documents for machines and browsers.
 * @param own codes that the route throws, beside those of its kind
 */
export const PublicRoute = (
  kind: Extract<RouteKind, 'public' | 'document' | 'operations'>,
  own: readonly RefusalCode[] = [],
): MethodDecorator =>
  applyDecorators(
    SetMetadata(ACCESS, { kind: 'public', roles: [] } satisfies RouteAccess),
    ...(kind === 'operations' ? [RouteConfig({ isProbe: true })] : []),
    anonymous(),
    refuses(kind, own),
  );

/** What is answered never changes, or names its version in `ETag`: a client that has it sends the `ETag` and gets 304. */
export const Revalidated = (): MethodDecorator =>
  applyDecorators(
    ApiHeader({
      name: 'If-None-Match',
      required: false,
      description: 'The `ETag` of the answer that you have: 304 while it is the same.',
      schema: { type: 'string', maxLength: 1_000, pattern: '^[ -~]+$' },
    }),
    ApiResponse({ status: 304, description: 'Not changed since the answer with this `ETag`.', headers: { ETag } }),
  );

/** The `ETag` of bytes. */
export const ETag = {
  description: 'Names these bytes.',
  schema: { type: 'string', pattern: '^(W/)?"[!#-~]+"$', maxLength: 200 },
} as const;

/** What a route can refuse, by the kind of route and by its own codes. The document has a response for each of their statuses. */
const refuses = (kind: RouteKind, own: readonly RefusalCode[] = []): MethodDecorator =>
  ApiExtension(REFUSALS_OF_ROUTE, { kind, own: [...own] } satisfies RouteRefusals);

function contextOf(_: unknown, host: ExecutionContext): CommandContext {
  const { command } = host.switchToHttp().getRequest<FastifyRequest>();
  if (!command) throw new Error('@Context() is for routes that are a @CommandRoute().');
  return command;
}

/** The context of the command: its sender and its key. */
export const Context = createParamDecorator(contextOf);

/** The principal of a read. */
export const Reader = createParamDecorator((_: unknown, host: ExecutionContext): Principal => {
  const { principal } = host.switchToHttp().getRequest<FastifyRequest>();
  if (!principal) throw new Error('@Reader() is for routes that need a credential.');
  return principal;
});
