import type { Principal, Role } from '../ledger/command-context.js';
import type { RoutedCommand } from '../ledger/ledger-command.js';
import { forbid } from '../ledger/refusal.js';

/** Metadata of every route: its roles, and the form of its answer. A request to a route without it fails. */
export const ACCESS = 'ppp:access';
export interface RouteAccess {
  readonly kind: 'command' | 'bulk' | 'read' | 'public';
  /** Roles that may use the route; empty for public routes. */
  readonly roles: readonly Role[];
  /** A public route that shows more to some callers: a credential is checked if there is one. */
  readonly identifies?: true;
  /** Path of the new record, with `:id`; for `Location`. */
  readonly location?: string;
  /** Projection whose rows are read: `minPosition` waits for it. */
  readonly projection?: string;
  /** The read takes one of the few places of `CostlyReads`; `past`: only when it asks for a point in the past. */
  readonly costly?: 'always' | 'past';
}

/** Access of a command's route; bulk executes the command from it. */
export interface CommandAccess extends RouteAccess {
  readonly kind: 'command';
  readonly command: RoutedCommand;
}

/** Whether one of the principal's roles is one of the route's. */
export const hasRole = ({ roles }: Principal, access: RouteAccess): boolean =>
  access.roles.some((role) => roles.includes(role));

/** @throws Refusal (403) unless one of the principal's roles is one of the route's. */
export function requireRole(principal: Principal, access: RouteAccess): void {
  const { roles } = principal;
  if (hasRole(principal, access)) return;
  throw forbid(
    'role-not-allowed',
    `This needs the role ${access.roles.join(' or ')}; the credential has ${roles.join(', ') || 'none'}.`,
    { needed: access.roles, roles },
  );
}
