import type { Principal } from '../ledger/command-context.js';
import { forbid } from '../ledger/refusal.js';

/** `illustrative`: the record is made up, and every report that counts it says so. */
export interface Illustrative {
  readonly illustrative?: boolean;
}

/**
 * A record that is made up marks every report over it for ever, also the figures of all others. Only the operator may record one,
 * by a request of its own or for a partner.
 * @throws Refusal `illustrative-not-allowed` (403).
 */
export function requireMayMark({ illustrative }: Illustrative, { roles }: Principal): void {
  if (illustrative !== true || roles.includes('operator')) return;
  throw forbid(
    'illustrative-not-allowed',
    `illustrative: true needs the role operator; the credential has ${roles.join(', ') || 'none'}. Leave it out, or send false.`,
    { needed: ['operator'], roles },
  );
}
