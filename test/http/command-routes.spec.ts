import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { fastify } from 'fastify';
import { AppendChecks } from '../../src/ledger/append-checks.js';
import { createApp } from '../../src/app.js';
import { CommandRoutes } from '../../src/http/command-routes.js';
import { ACCESS, type CommandAccess, type RouteAccess } from '../../src/http/route-access.js';
import type { LedgerMessage } from '../../src/ledger/ledger-command.js';
import { Config } from '../../src/platform/config.js';
import { createPool } from '../../src/platform/database/database.js';
import { createLog } from '../../src/platform/logging.js';

type Method = (...args: readonly unknown[]) => LedgerMessage<Record<string, unknown>>;
interface Route {
  readonly name: string;
  readonly method: Method;
  readonly access: CommandAccess;
  readonly types: readonly unknown[];
}

/** Nothing connects: a pool opens its first connection with its first query. */
const pool = createPool({ databaseUrl: 'postgres://localhost/none', log: { warn: () => undefined } });
let app: NestFastifyApplication;
let routes: readonly Route[];

beforeAll(async () => {
  app = await createApp({
    config: new Config({}),
    pool,
    readPool: pool,
    wrappingKey: Buffer.alloc(32),
    appendChecks: new AppendChecks(Buffer.alloc(32)),
    logSigningKey: Buffer.alloc(32),
    log: createLog('silent'),
    clock: Date.now,
  });
  routes = [...app.get(ModulesContainer).values()].flatMap(({ controllers }) =>
    [...controllers.values()].flatMap(({ metatype }) => (metatype ? routesOf(metatype.prototype as object) : [])),
  );
});
afterAll(() => pool.end());

function routesOf(prototype: object): Route[] {
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const method = (prototype as Record<string, Method>)[name];
    const access = method && (Reflect.getMetadata(ACCESS, method) as RouteAccess | undefined);
    if (!method || access?.kind !== 'command') return [];
    const types = Reflect.getMetadata('design:paramtypes', prototype, name) as unknown[];
    return [{ name, method, access: access as CommandAccess, types }];
  });
}

describe('the routes of commands', () => {
  it('are found in the application', () => expect(routes.length).toBeGreaterThan(25));

  it('send the command that they name, with the parameters and the body of its shape', () => {
    for (const { name, method, access, types } of routes) {
      const { shape } = access.command;
      const expected = [...(shape.params ? [shape.params] : []), shape.body, Object];
      expect([name, types]).toEqual([name, expected]);
      // The value of every parameter is its own name.
      const params = new Proxy({}, { get: (_, key) => key });
      const body = {};
      const context = {};
      const args = shape.params ? [params, body, context] : [body, context];
      const message = method.apply({ commands: { execute: (sent: unknown) => sent } }, args);
      expect([name, message.constructor]).toEqual([name, access.command]);
      expect(message.context).toBe(context);
      const { body: sent, ...rest } = message.input;
      expect(sent).toBe(body);
      for (const [key, value] of Object.entries(rest)) expect([name, value]).toEqual([name, key]);
    }
  });

  it('are found by their paths once a server has them, and other paths are not found', () => {
    const listed = new CommandRoutes(app.get(ModuleRef));
    const server = fastify();
    listed.watch(server);
    const access = routes.find(({ name }) => name === 'signCommitment')?.access;
    const answer = () => 'not called';
    server.post('/v1/commitments/:id/signature', { config: { command: access } as object }, answer);
    server.post('/v1/bulk', answer);
    const found = listed.match('/v1/commitments/3f2c8f0e/signature?x=1');
    expect(found).toEqual({ route: { path: '/v1/commitments/:id/signature', access }, params: { id: '3f2c8f0e' } });
    for (const path of ['/v1/commitments//signature', '/v1/commitments/3f2c8f0e', '/v1/bulk', ''])
      expect(listed.match(path)).toBeUndefined();
  });
});
