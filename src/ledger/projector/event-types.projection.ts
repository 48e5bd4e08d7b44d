import type { Projection } from './projection.js';

/** Positions by type of event, for `GET /v1/events?type=`. An index on the log would slow down each write. */
export const eventTypesProjection = (types: readonly string[]): Projection => ({
  name: 'events',
  version: 1,
  tables: ['event_types'],
  types,
  touches: () => [],
  apply: (event, rows) => rows.put('event_types', String(event.position), { type: event.type }),
});
