import { readEvent, type RecordedEvent, type StoredEvent } from './event.js';
import { eventTypesOf, type AggregateOutline, type EventOutline } from './aggregate.js';
import type { JsonSchema } from './schema.js';
import { dataSchemaOf, misfitOfEvent, type DeclaredMembers } from './event-misfit.js';
import type { Misfit } from './schema-check.js';

/** One schema of an event type: what `data` looks like in the events that were recorded with it. */
export interface EventVersion {
  readonly type: string;
  readonly schema: number;
  readonly data: JsonSchema;
}

/**
 * Reads stored events in their current schemas: the upcasts of the aggregate lift older data. The reader stops at an unknown
 * type or version, because a skipped event would make every figure after it wrong.
 */
export class EventReader {
  private readonly declarations = new Map<string, EventOutline>();

  /** @throws Error when two aggregates declare the same event type, or when an older schema has no upcast. */
  constructor(aggregates: readonly AggregateOutline[]) {
    for (const aggregate of aggregates) {
      for (const type of eventTypesOf(aggregate)) {
        const declaration = aggregate.events[type];
        if (this.declarations.has(type)) throw new Error(`Two aggregates declare the event type "${type}".`);
        if (declaration !== undefined) this.declarations.set(type, withAllUpcasts(type, declaration));
      }
    }
  }

  /** @throws Error on a type that no aggregate declares: `read` would stop at such an event. */
  requireKnown(type: string): void {
    if (!this.declarations.has(type)) throw new Error(`No aggregate of this ledger declares the event type "${type}".`);
  }

  /** @throws Error on a type or schema version that this version of the code does not know. */
  read(stored: StoredEvent): RecordedEvent {
    const event = readEvent(stored);
    const declaration = this.declarations.get(event.type);
    if (!declaration) throw new Error(`Position ${event.position} holds an event of unknown type "${event.type}".`);
    return lift(declaration, event);
  }

  /** Every event type, in the order of the aggregates. */
  get types(): readonly string[] {
    return [...this.declarations.keys()];
  }

  /** Every schema that was ever recorded, by type and from the first to the current one. */
  get versions(): readonly EventVersion[] {
    return [...this.declarations].flatMap(([type, declaration]) =>
      Array.from({ length: declaration.schema }, (_, before) => {
        const schema = before + 1;
        return { type, schema, data: dataSchemaOf(declaration, schema) };
      }),
    );
  }

  /**
   * The first member of an event that its declaration does not allow, see `misfitOfEvent`; undefined if all fit.
   * @param event as it is stored, not lifted.
   * @throws Error on a type or schema version that this version of the code does not know.
   */
  misfitOf(event: DeclaredMembers & Pick<RecordedEvent, 'type'>): Misfit | undefined {
    const { type, schema } = event;
    const declaration = this.declarations.get(type);
    if (!declaration || schema < 1 || schema > declaration.schema)
      throw new Error(`No aggregate of this ledger declares "${type}" version ${schema}.`);
    return misfitOfEvent(declaration, event);
  }

  /**
   * The sentence that the aggregate declares for the event.
   * @param event as `read` returned it: in its current schema.
   */
  sentenceOf(event: RecordedEvent): string {
    const declaration = this.declarations.get(event.type);
    if (!declaration) throw new Error(`Position ${event.position} holds an event of unknown type "${event.type}".`);
    return declaration.says(event);
  }
}

function withAllUpcasts(type: string, declaration: EventOutline): EventOutline {
  for (let schema = 1; schema < declaration.schema; schema += 1) {
    if (declaration.upcasts?.[schema]) continue;
    throw new Error(`There is no upcast for "${type}" from version ${schema}.`);
  }
  return declaration;
}

function lift({ schema: current, upcasts }: EventOutline, event: RecordedEvent): RecordedEvent {
  if (event.schema === current) return event;
  if (event.schema > current) {
    throw new Error(
      `Position ${event.position}: "${event.type}" version ${event.schema} is newer than this program knows.`,
    );
  }
  let data = event.data;
  for (let schema = event.schema; schema < current; schema += 1) {
    const upcast = upcasts?.[schema];
    if (!upcast) throw new Error(`There is no upcast for "${event.type}" from version ${schema}.`);
    data = upcast.lift(data as never, event);
  }
  return { ...event, schema: current, liftedFrom: event.schema, data };
}
