import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Authentication } from './authentication.service.js';
import { ACCESS, requireRole, type RouteAccess } from '../http/route-access.js';
import '../http/request.js';
import type { RateLimit } from '../http/shares/rate-limit.js';

/** Accepts a request only if its credential has one of the roles that the route names. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authentication: Authentication,
  ) {}

  async canActivate(host: ExecutionContext): Promise<boolean> {
    const access = this.reflector.get<RouteAccess | undefined>(ACCESS, host.getHandler());
    // A route that names no role is closed.
    if (!access) throw new Error(`${host.getClass().name}.${host.getHandler().name} does not say who may use it.`);
    await admit(host.switchToHttp().getRequest<FastifyRequest>(), access, this.authentication);
    return true;
  }
}

/**
 * Looks at the credential of a request before any of its body is read, so that a stranger costs no more than the headers, and counts the
 * request for whoever it comes from. The guard comes after the body.
 */
export function admitBeforeBody(server: FastifyInstance, authentication: Authentication, rateLimit: RateLimit): void {
  server.addHook('onRequest', async (request, reply) => {
    const { access, isProbe } = request.routeOptions.config ?? {};
    try {
      if (access !== undefined) await admit(request, access, authentication);
    } finally {
      // A credential that was refused counts for its address. Over the limit nobody learns why it was refused.
      if (!isProbe) await rateLimit.count(request, reply);
    }
  });
}

/**
 * Sets the principal of a request.
 * @throws Refusal (401) for a credential that is missing or not known, (403) for one without a role of the route
 */
export async function admit(
  request: FastifyRequest,
  access: RouteAccess,
  authentication: Authentication,
): Promise<void> {
  const { authorization } = request.headers;
  if (access.kind === 'public' && !(access.identifies && authorization !== undefined)) return;
  request.principal ??= await authentication.authenticate(authorization);
  if (access.kind !== 'public') requireRole(request.principal, access);
}
