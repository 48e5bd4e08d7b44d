import { readEvent, type RecordedEvent, type StoredEvent } from './event.js';
import type { AggregateOutline } from './aggregate.js';

/**
 * Reads stored events as the code of today knows them: lifts older schema versions through the upcasters of their aggregate,
 * and stops at a type or version that nobody knows. Skipping one would make every figure after it wrong.
 */
export class EventReader {
  private readonly nounOfType = new Map<string, AggregateOutline>();

  constructor(aggregates: readonly AggregateOutline[]) {
    for (const aggregate of aggregates) {
      for (const type of Object.keys(aggregate.schemas)) {
        if (this.nounOfType.has(type)) throw new Error(`Two aggregates declare the event type "${type}".`);
        this.nounOfType.set(type, aggregate);
      }
    }
  }

  /** @throws Error on a type or schema version that this version of the code does not know. */
  read(stored: StoredEvent): RecordedEvent {
    const event = readEvent(stored);
    const aggregate = this.nounOfType.get(event.type);
    if (!aggregate) throw new Error(`Position ${event.position} holds an event of unknown type "${event.type}".`);
    return lift(aggregate, event);
  }
}

function lift(aggregate: AggregateOutline, event: RecordedEvent): RecordedEvent {
  const current = aggregate.schemas[event.type] ?? 0;
  if (event.schema === current) return event;
  if (event.schema > current) {
    throw new Error(
      `Position ${event.position}: "${event.type}" version ${event.schema} is newer than this program knows.`,
    );
  }
  let data = event.data;
  for (let schema = event.schema; schema < current; schema += 1) {
    const upcast = aggregate.upcasters?.[event.type]?.[schema];
    if (!upcast) throw new Error(`There is no upcaster for "${event.type}" from version ${schema}.`);
    data = upcast(data as never);
  }
  return { ...event, schema: current, data };
}
