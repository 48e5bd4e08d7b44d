import { SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { defer, lastValueFrom } from 'rxjs';
import type { Reading } from '../../src/http/read-model.js';
import { ReadInterceptor } from '../../src/http/read.interceptor.js';
import { CostlyReads } from '../../src/http/shares/costly-reads.js';
import { ACCESS, type RouteAccess } from '../../src/http/route-access.js';
import type { KeptCopy, RowServer } from '../support/simulated-rows.js';
import type { SimulatedInstance } from './simulated-instance.js';

/** The result of one statement: the server, and all rows of the view on it. */
export interface Seen {
  readonly server: RowServer;
  /** Undefined on a server that has not received the view yet. */
  readonly copy: KeptCopy | undefined;
}

export interface SimulatedAnswer extends Seen {
  /** `Ledger-Position`. */
  readonly position: number;
}

/**
 * Reads a view through an instance, as its routes do. The interceptor of all reads waits, and reports the position that the answer
 * reflects. The statement reads rows together with their position, as the statements of `ReadModel` do.
 */
export async function readView(
  { projector, readPool }: Pick<SimulatedInstance, 'projector' | 'readPool'>,
  view: string,
  minPosition: number,
  /** Called at the moment of the statement. */
  witness: (seen: Seen) => void,
): Promise<SimulatedAnswer> {
  const route = (): void => undefined;
  const access: RouteAccess = { kind: 'read', roles: [], projection: view };
  SetMetadata(ACCESS, access)(route);
  const headers = new Map<string, string>();
  const query = minPosition === 0 ? {} : { minPosition: String(minPosition) };
  const request = { query, url: `/v1/${view}`, routeOptions: { config: {} } };
  const response = { header: (name: string, value: string) => headers.set(name, value), headers: () => undefined };
  const statement = async (): Promise<Reading<Seen>> => {
    const seen = await readPool.ask((server): Seen => {
      const found = { server, copy: server.kept.get(view) };
      witness(found);
      return found;
    });
    return { position: seen.copy?.position ?? 0, body: seen };
  };
  const answer = await new ReadInterceptor(new Reflector(), projector, new CostlyReads()).intercept(
    new ExecutionContextHost([request, response], null, route),
    { handle: () => defer(statement) },
  );
  const seen = (await lastValueFrom(answer)) as Seen;
  return { ...seen, position: Number(headers.get('Ledger-Position')) };
}
