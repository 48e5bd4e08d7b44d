import type { CommandContext, Principal } from '../ledger/command-context.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; absent on public routes. */
    principal?: Principal;
    /** Set on routes that carry out a command. */
    command?: CommandContext;
    /** The list was asked for as `.csv`. */
    asCsv?: boolean;
  }
}
