import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Authentication } from './authentication.service.js';
import { ACCESS, requireRole, type RouteAccess } from '../http/route-access.js';
import '../http/request.js';

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
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const { authorization } = request.headers;
    if (access.kind === 'public' && !(access.identifies && authorization !== undefined)) return true;
    request.principal = await this.authentication.authenticate(authorization);
    if (access.kind === 'public') return true;
    requireRole(request.principal, access);
    return true;
  }
}
