import { Inject, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { PROGRAMME_ACTOR, ROLES, type Answer, type CommandContext, type Principal } from '../ledger/command-context.js';
import { derivedId } from '../ledger/identifiers.js';
import { Refusal } from '../ledger/refusal.js';
import { revisionOf, revisionTag } from './answer/entity-tags.js';
import { fingerprintOf } from './body/fingerprint.js';
import { ACCESS, type RouteAccess } from './route-access.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import { StreamedBody } from './body/streamed-body.js';
import './request.js';

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** Makes the context of a command before its handler runs, and the headers of its answer after. */
@Injectable()
export class CommandInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    @Inject(RUNTIME) private readonly runtime: Pick<Runtime, 'wrappingKey'>,
  ) {}

  intercept(host: ExecutionContext, next: CallHandler<Answer>): Observable<unknown> {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const access = this.reflector.get<RouteAccess>(ACCESS, host.getHandler());
    request.command = commandContext(request, access, this.runtime.wrappingKey);
    return next.handle().pipe(map((answer) => toBody(answer, access, http.getResponse<FastifyReply>())));
  }
}

/** @throws Refusal 428 without an Idempotency-Key, 400 when it or If-Match is malformed. */
function commandContext(request: FastifyRequest, access: RouteAccess, secret: Buffer): CommandContext {
  const { principal, body } = request;
  if (!principal) throw new Error('A command needs a principal.');
  return contextUnder(idempotencyKey(request.headers['idempotency-key']), {
    principal,
    access,
    fingerprint:
      body instanceof StreamedBody ? body.fingerprint() : fingerprintOf(secret, request.method, request.url, body),
    correlationId: request.id,
    ifMatch: expectedRevision(request.headers['if-match']),
  });
}

/** The context of a command under an idempotency key, of a request of its own or in a call of many. */
export function contextUnder(
  key: string,
  {
    principal,
    access,
    ifMatch,
    ...rest
  }: Pick<CommandContext, 'principal' | 'fingerprint' | 'correlationId'> & {
    readonly access: RouteAccess;
    readonly ifMatch: number | undefined;
  },
): CommandContext {
  return {
    ...rest,
    principal,
    role: principal.roles.find((role) => access.roles.includes(role)) ?? 'operator',
    ...commandIdsOf(principal, key),
    ...(ifMatch === undefined ? {} : { ifMatch }),
  };
}

/**
 * A key is scoped to its partner, however many credentials the partner holds, or to the programme and the roles of the credential. A
 * retry with a renewed credential is therefore still a retry, keys of different partners never collide, and nobody takes a key of the
 * operator without the role operator. Earlier versions had one scope for the whole programme, which is the operator's now: the former
 * id of the others is the one in it.
 */
function commandIdsOf(
  { partnerId, roles }: Principal,
  key: string,
): Pick<CommandContext, 'commandId'> & Pick<Partial<CommandContext>, 'formerId'> {
  const own = derivedId('command', partnerId ?? PROGRAMME_ACTOR, key);
  if (partnerId !== undefined || roles.includes('operator')) return { commandId: own };
  const scope = [PROGRAMME_ACTOR, ...ROLES.filter((role) => roles.includes(role))].join(' ');
  return { commandId: derivedId('command', scope, key), formerId: own };
}

/** @throws Refusal 428 when it is missing, 400 when it is malformed. */
export function idempotencyKey(key: string | readonly string[] | undefined): string {
  if (key === undefined || key === '') {
    throw new Refusal(
      'precondition-required',
      'idempotency-key-required',
      'Send an Idempotency-Key header, for example a random UUID, and keep it for every retry of this command.',
    );
  }
  if (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key)) {
    throw new Refusal(
      'malformed',
      'malformed-idempotency-key',
      'The Idempotency-Key must have 1 to 255 visible ASCII characters.',
    );
  }
  return key;
}

/** @throws Refusal 400 when it is no ETag of ours. */
export function expectedRevision(header: string | undefined): number | undefined {
  if (header === undefined || header === '*') return undefined;
  const revision = revisionOf(header);
  if (revision === undefined) {
    throw new Refusal(
      'malformed',
      'malformed-if-match',
      'If-Match must be the ETag of the record as you read it, for example "3" with the quotes.',
    );
  }
  return revision;
}

function toBody(answer: Answer, access: RouteAccess, reply: FastifyReply): object {
  void reply.header('ETag', revisionTag(answer.revision));
  void reply.header('Ledger-Position', String(answer.position));
  void reply.header('Cache-Control', 'no-store');
  if (answer.replayed) void reply.header('Idempotency-Replayed', 'true');
  if (access.location !== undefined) void reply.header('Location', access.location.replace(':id', answer.id));
  return answerBody(answer);
}

/** The members of an answer that the body shows; the headers show the others. */
export function answerBody({ replayed: _inTheHeaders, ...body }: Answer): object {
  // Added here and not stored: a replayed answer shows the same, however far the log is by then.
  return { ...body, logState: 'recorded' };
}
