import type { Role } from '../ledger/command-context.js';

/** Metadata of every route: who may use it, and how it is answered. A route without it is refused at start. */
export const ACCESS = 'ppp:access';
export interface RouteAccess {
  readonly kind: 'command' | 'bulk' | 'read' | 'public';
  /** Roles that may use the route; empty for public routes. */
  readonly roles: readonly Role[];
  /** A public route that shows more to some: a credential is looked at if there is one. */
  readonly identifies?: true;
  /** Path under which what was made can be read, with `:id`; for `Location`. */
  readonly location?: string;
  /** Projection whose rows are read: `minPosition` waits for it. */
  readonly projection?: string;
}
