import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import type { Principal } from '../ledger/command-context.js';
import type { LedgerCommandHandler, PreparedCommand } from '../ledger/ledger-command.js';
import type { CommandAccess } from './route-access.js';
import type { EdgeValidationPipe } from './validation.pipe.js';

/** A command of a path, with the parameters that the path has. */
export interface CommandMatch {
  readonly route: CommandRouteInfo;
  readonly params: Readonly<Record<string, string>>;
}

/** A route of a command. */
export interface CommandRouteInfo {
  /** The path with the names of its parameters: `/v1/commitments/:id/signature`. */
  readonly path: string;
  readonly access: CommandAccess;
}

/** Begins the preparation of a command whose input was checked. */
export type Preparation = (caller: Principal) => PreparedCommand | Promise<PreparedCommand>;

interface Entry {
  readonly segments: readonly string[];
  readonly route: CommandRouteInfo;
}

/**
 * All commands by their paths, as the router of the platform serves them: every `@CommandRoute()` is listed, with its path, its
 * roles and its command.
 */
@Injectable()
export class CommandRoutes {
  /** Routes by their number of segments. */
  private readonly entries = new Map<number, Entry[]>();

  constructor(private readonly modules: ModuleRef) {}

  /** Lists the routes that are added to the server from here on. */
  watch(server: FastifyInstance): void {
    server.addHook('onRoute', ({ url, config }) => {
      const { command: access } = (config ?? {}) as { readonly command?: CommandAccess };
      if (access) this.add(url, access);
    });
  }

  /** The command of a path, if there is one. A query makes no difference to a command. */
  match(path: string): CommandMatch | undefined {
    const segments = segmentsOf(path.split('?', 1)[0] ?? '');
    for (const { segments: known, route } of this.entries.get(segments.length) ?? []) {
      const params = paramsOf(known, segments);
      if (params) return { route, params };
    }
    return undefined;
  }

  /**
   * Checks the input of a command as its route checks that of a request, and in the same order.
   * @returns begins the preparation of the command, which may look something up
   * @throws Refusal as the route does
   */
  async check({ route, params }: CommandMatch, body: unknown, pipe: EdgeValidationPipe): Promise<Preparation> {
    const { command } = route.access;
    const { shape, provider } = command;
    const checked = shape.params && (await pipe.transform(params, { type: 'param', metatype: shape.params }));
    const input = {
      ...(checked as object | undefined),
      body: await pipe.transform(body, { type: 'body', metatype: shape.body }),
    };
    const handler = this.modules.get<LedgerCommandHandler<typeof input>>(provider.provide, { strict: false });
    return (caller) => handler.prepare(input, caller);
  }

  private add(path: string, access: CommandAccess): void {
    const segments = segmentsOf(path);
    const route = { path, access };
    this.entries.set(segments.length, [...(this.entries.get(segments.length) ?? []), { segments, route }]);
  }
}

const segmentsOf = (path: string): readonly string[] => path.split('/').slice(1);

function paramsOf(known: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, segment] of known.entries()) {
    const value = given[index] ?? '';
    if (!segment.startsWith(':')) {
      if (segment !== value) return undefined;
    } else if (value === '') return undefined;
    else params[segment.slice(1)] = value;
  }
  return params;
}
