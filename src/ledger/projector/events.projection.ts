import { eventTypesOf, type AggregateOutline, type EventOutline } from '../aggregate.js';
import type { RecordedEvent } from '../event.js';
import type { Projection } from './projection.js';

/**
 * Positions by type of event and by the partners that an event concerns, for the filters of `GET /v1/events` and of the stream. An
 * index on the log would slow down each write.
 */
export function eventsProjection(aggregates: readonly AggregateOutline[]): Projection {
  const declarations: Readonly<Record<string, EventOutline>> = Object.assign(
    {},
    ...aggregates.map(({ events }) => events),
  );
  const partnersOf = (event: RecordedEvent): ReadonlySet<string> =>
    new Set(declarations[event.type]?.concerns(event) ?? []);
  return {
    name: 'events',
    version: 2,
    tables: ['event_types', 'event_partners'],
    types: aggregates.flatMap(eventTypesOf),
    touches: () => [],
    apply: (event, rows) => {
      const { position, type } = event;
      rows.put('event_types', String(position), { type });
      for (const partnerId of partnersOf(event)) {
        rows.put('event_partners', `${position} ${partnerId}`, { partner_id: partnerId, position, type });
      }
    },
  };
}
