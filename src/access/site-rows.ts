import type { Belonging } from '../http/visibility.js';

/** Columns of the partners that see a grant, an allocation or its usage. The visibility is the same for all three. */
export const SITE_ROWS = {
  owner: 'partner_id',
  operator: 'operator_partner_id',
  hostState: 'host_state_partner_id',
} as const satisfies Belonging;
