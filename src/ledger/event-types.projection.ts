import type { Projection } from './projection.js';

/** Positions by type of event, for `GET /v1/events?type=`: an index that would cost the write path is kept here instead. */
export const eventTypesProjection = (types: readonly string[]): Projection => ({
  name: 'events',
  version: 1,
  tables: ['event_types'],
  types,
  touches: () => [],
  apply: (event, rows) => rows.put('event_types', String(event.position), { type: event.type }),
});
