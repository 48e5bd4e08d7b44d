import type { CommandContext, Principal } from '../ledger/command-context.js';
import type { RouteAccess } from './route-access.js';
import type { StreamedList } from './body/streamed-body.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; absent on public routes. */
    principal?: Principal;
    /** Set on routes of commands. */
    command?: CommandContext;
    /** The caller requested the list as `.csv`. */
    asCsv?: boolean;
    /** A body that was read part by part. */
    bodyRead?: { readonly value: unknown };
    /** Gives back the place that a costly read has. */
    leaveReads?: () => void;
  }

  interface FastifyContextConfig {
    /** Who may use the route: of routes that look at a credential. */
    access?: RouteAccess;
    /** Asked by machines that watch the service: never limited. */
    isProbe?: true;
    /** The body of the route is read item by item. */
    streamed?: StreamedList;
    /** The body of the route may hold thousands of records. */
    largeBody?: true;
    /** The route is a list or a report, which is also served as CSV. */
    table?: true;
  }
}
