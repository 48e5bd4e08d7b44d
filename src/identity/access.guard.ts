import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../ledger/command-context.js';
import { forbid } from '../ledger/refusal.js';
import { Authentication } from './authentication.js';
import { ACCESS, type RouteAccess } from '../http/route-access.js';
import '../http/request.js';

/** Lets a request through only when its credential has one of the roles that its route names. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authentication: Authentication,
  ) {}

  async canActivate(host: ExecutionContext): Promise<boolean> {
    const access = this.reflector.get<RouteAccess | undefined>(ACCESS, host.getHandler());
    // A route that says nothing is closed, not open.
    if (!access) throw new Error(`${host.getClass().name}.${host.getHandler().name} does not say who may use it.`);
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const { authorization } = request.headers;
    if (access.kind === 'public' && !(access.identifies && authorization !== undefined)) return true;
    request.principal = await this.authentication.authenticate(authorization);
    if (access.kind === 'public') return true;
    requireRole(request.principal, access);
    return true;
  }
}

/** @throws Refusal (403) unless one of the principal's roles is one of the route's. */
export function requireRole({ roles }: Principal, access: RouteAccess): void {
  if (access.roles.some((role) => roles.includes(role))) return;
  throw forbid(
    'role-not-allowed',
    `This needs the role ${access.roles.join(' or ')}; the credential has ${roles.join(', ') || 'none'}.`,
    { needed: access.roles, roles },
  );
}
