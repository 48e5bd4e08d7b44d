import type { Belonging } from '../http/visibility.js';

/** To whom grants, allocations and usage belong: the three are seen alike. */
export const SITE_ROWS = {
  owner: 'partner_id',
  operator: 'operator_partner_id',
  hostState: 'host_state_partner_id',
} as const satisfies Belonging;
