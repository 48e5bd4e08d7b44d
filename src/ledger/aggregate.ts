import type { Envelope } from './event.js';
import type { JsonSchema, Schema } from './schema.js';

/**
 * An aggregate of the domain: the name of its streams, its events, and how they change its state. Pure: no clock, no I/O, no
 * randomness. The write side, the projections and the auditor all fold with the same `evolve`.
 */
export interface Aggregate<State, Event extends DomainEvent> {
  /** First part of its stream names: the streams of `commitment` are called `commitment-<id>`. */
  readonly name: string;
  readonly initial: State;
  /** The ids of its streams, where they are not UUIDs. */
  readonly ids?: readonly string[];
  /** Every event type that its streams may hold. A type without an entry does not compile. */
  readonly events: EventDeclarations<Event>;
  /** Applies one event. Never mutates `state`; throws on a type that it does not know. */
  evolve(state: State, event: Event): State;
  /** True once the stream has its first event. */
  exists(state: State): boolean;
}

export type EventDeclarations<Event extends DomainEvent> = {
  readonly [Type in Event['type']]: EventDeclaration<Extract<Event, { readonly type: Type }>>;
};

/** What an aggregate declares of one event type. Every schema after the first needs upcasts from all schemas before it. */
export type EventDeclaration<Event extends DomainEvent> = CurrentSchema<Event> &
  ({ readonly schema: 1 } | { readonly schema: number; readonly upcasts: Readonly<Record<number, Upcast>> });

interface CurrentSchema<Event extends DomainEvent> {
  /**
   * The shape of the data in the current schema. The type of the event is derived from it, the write side checks each event
   * against it before it records the event, and the API document shows it.
   */
  readonly data: Schema<Event['data']>;
  /**
   * Ids of the partners that the event is about, read from its data in their current schema or from its stream. They find it
   * with `partnerId` in `GET /v1/events` and in the stream of events.
   */
  concerns(event: Pick<Event, 'data'> & Pick<Envelope, 'stream'>): readonly string[];
  /**
   * The event in one public sentence, for readers who do not know the ledger. It reads the data in their current schema.
   * `audit explain` prints it.
   */
  says(event: Pick<Event, 'data'>): string;
  /** The clauses that the event may name as its legal basis. Without this list it names none. */
  readonly clauses?: readonly string[];
  /**
   * The member of the data that `effectiveAt` repeats, for an event that may be recorded after it took effect. Without this name the
   * event has no `effectiveAt`.
   */
  readonly effectiveAs?: keyof Event['data'] & string;
  /** True if the event may commit to sealed content. */
  readonly seals?: true;
}

/** For events of the programme, which are about no single partner. */
export const nobody = (): readonly string[] => [];

/** For events that name one partner as `partnerId`. */
export const itsPartner = ({ data }: { readonly data: { readonly partnerId: string } }): readonly string[] => [
  data.partnerId,
];

/**
 * An earlier schema: the shape that its data had, and how they are lifted to the next schema. The key of an upcast is the schema
 * that it reads; upcasts are chained up to the current schema.
 */
export interface Upcast {
  readonly data: JsonSchema;
  /** The envelope is the stored one. */
  readonly lift: (data: never, envelope: Envelope) => object;
}

export const upcast = <From>(data: Schema<From>, lift: (data: From, envelope: Envelope) => object): Upcast => ({
  data,
  lift,
});

/** The part of an aggregate that readers of stored events need, without its state. */
export interface AggregateOutline {
  readonly name: string;
  readonly ids?: readonly string[];
  readonly events: Readonly<Record<string, EventOutline>>;
}

export interface EventOutline {
  /** Current version of the shape of `data`. */
  readonly schema: number;
  readonly data: JsonSchema;
  concerns(event: Pick<DomainEvent, 'data'> & Pick<Envelope, 'stream'>): readonly string[];
  says(event: Pick<DomainEvent, 'data'>): string;
  readonly clauses?: readonly string[];
  readonly effectiveAs?: string;
  readonly seals?: true;
  readonly upcasts?: Readonly<Record<number, Upcast>>;
}

/** All event types of an aggregate. */
export const eventTypesOf = ({ events }: Pick<AggregateOutline, 'events'>): readonly string[] => Object.keys(events);

/** What a decision returns: an event that has not been recorded yet. */
export interface DomainEvent {
  /** Past tense, kebab-case, never renamed. */
  readonly type: string;
  /** Public and JSON: money as decimal strings of minor units, instants as RFC 3339 strings. */
  readonly data: object;
  /** When it holds in the world, if that is not the moment at which the ledger learns it. RFC 3339, UTC. */
  readonly effectiveAt?: string;
  /** The clause that the decision rests on, e.g. `2021/1173 Art. 12b(5)`. */
  readonly legalBasis?: string;
}

/** For the default branch of an exhaustive switch: an unknown event must stop the reader. */
export function unknownEvent(aggregate: string, event: never): never {
  return unknownType(aggregate, (event as DomainEvent).type as never);
}

/**
 * The same for an aggregate with one event type. The compiler narrows `event.type` to `never` there, but not `event`. A second
 * event type without a case does not compile.
 */
export function unknownType(aggregate: string, type: never): never {
  throw new Error(`Stream of ${aggregate} holds an event of unknown type "${String(type)}".`);
}

export const streamOf = (aggregate: { readonly name: string }, id: string): string => `${aggregate.name}-${id}`;

/** The id in the name of a stream. Names of aggregates and ids may have hyphens, so the name of the aggregate must be known. */
export const idOf = (stream: string, aggregate: string): string => stream.slice(aggregate.length + 1);
