import type { Mode } from '../../domain/access-modes.js';

/** Working days in which a request must be decided, by the access policy of mid 2026. For `large-scale` from the cut-off of the call on. */
export const DECISION_LIMITS: Readonly<Partial<Record<Mode, number>>> = {
  playground: 2,
  'fast-lane': 4,
  'large-scale': 10,
};
