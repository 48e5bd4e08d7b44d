import { Injectable, type ArgumentMetadata, type OnModuleInit } from '@nestjs/common';
import { PARAMTYPES_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { ACCESS, type RouteAccess } from './route-access.js';
import { contextOf } from './routes.js';
import type { EdgeValidationPipe } from './validation.pipe.js';

/** Where an argument of a route comes from. */
type Source = 'param' | 'body' | 'context';
interface Argument {
  readonly source: Source;
  /** The class that it is checked against. */
  readonly metatype: ArgumentMetadata['metatype'];
}
type Method = (...args: readonly unknown[]) => Promise<Answer>;

/** A route of a command, as its decorators say it. */
export interface CommandRouteInfo {
  /** As the framework names it: `/v1/commitments/:id/signature`. */
  readonly path: string;
  readonly access: RouteAccess;
  /**
   * Checks what a request would bring, in the order in which a request is checked.
   * @throws Refusal as the route does
   */
  prepare(params: Readonly<Record<string, string>>, body: unknown, pipe: EdgeValidationPipe): Promise<PreparedCommand>;
}

/** A command whose content is checked. */
export type PreparedCommand = (context: CommandContext) => Promise<Answer>;

export interface CommandMatch {
  readonly route: CommandRouteInfo;
  readonly params: Readonly<Record<string, string>>;
}

interface Entry {
  readonly segments: readonly string[];
  readonly route: CommandRouteInfo;
}

/**
 * All commands, found by what their routes say of themselves: whoever adds a `@CommandRoute()` adds it here as well, with its path,
 * its roles and the classes of its content.
 */
@Injectable()
export class CommandRoutes implements OnModuleInit {
  /** By number of segments. */
  private readonly entries = new Map<number, Entry[]>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  onModuleInit(): void {
    for (const { instance, metatype } of this.discovery.getControllers()) {
      if (typeof metatype !== 'function' || typeof instance !== 'object' || instance === null) continue;
      const prototype = Object.getPrototypeOf(instance) as Record<string, Method>;
      for (const name of this.scanner.getAllMethodNames(prototype)) this.add(instance, metatype, prototype, name);
    }
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

  private add(instance: object, controller: object, prototype: Record<string, Method>, name: string): void {
    const method = prototype[name];
    const access = method && (Reflect.getMetadata(ACCESS, method) as RouteAccess | undefined);
    if (!method || access?.kind !== 'command') return;
    const path = `/${[Reflect.getMetadata(PATH_METADATA, controller), Reflect.getMetadata(PATH_METADATA, method)].map(trimmed).filter(Boolean).join('/')}`;
    const args = argumentsOf(controller, prototype, name);
    const route: CommandRouteInfo = {
      path,
      access,
      prepare: async (params, body, pipe) => {
        const values: unknown[] = [];
        for (const { source, metatype } of args) {
          if (source === 'context') values.push(undefined);
          else values.push(await pipe.transform(source === 'body' ? body : params, { type: source, metatype }));
        }
        const at = args.findIndex(({ source }) => source === 'context');
        return (context) => method.apply(instance, values.with(at, context));
      },
    };
    const segments = segmentsOf(path);
    this.entries.set(segments.length, [...(this.entries.get(segments.length) ?? []), { segments, route }]);
  }
}

const trimmed = (path: unknown): string => String(path ?? '').replace(/^\/+|\/+$/g, '');
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

/** @throws Error for a command that takes something which only a request of its own can bring. */
function argumentsOf(controller: object, prototype: object, name: string): readonly Argument[] {
  const types = Reflect.getMetadata(PARAMTYPES_METADATA, prototype, name) as ArgumentMetadata['metatype'][];
  const given = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Record<
    string,
    { readonly index: number; readonly data?: unknown; readonly factory?: unknown }
  >;
  const args: (Argument | undefined)[] = types.map(() => undefined);
  for (const [key, { index, data, factory }] of Object.entries(given)) {
    const source = sourceOf(Number(key.split(':', 1)[0]), factory);
    if (source === undefined || data !== undefined) {
      throw new Error(`${name}: a command takes @Param(), @Body() and @Context(), each as a whole, and nothing else.`);
    }
    args[index] = { source, metatype: types[index] };
  }
  const all = args.filter((argument) => argument !== undefined);
  if (all.length !== types.length || !all.some(({ source }) => source === 'context')) {
    throw new Error(`${name}: a command needs a @Context(), and decorators on all its parameters.`);
  }
  return all;
}

function sourceOf(type: number, factory: unknown): Source | undefined {
  if (type === RouteParamtypes.BODY) return 'body';
  if (type === RouteParamtypes.PARAM) return 'param';
  return factory === contextOf ? 'context' : undefined;
}
