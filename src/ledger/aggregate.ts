/**
 * An aggregate of the domain: what its stream is called, which events it has and how they change its state. Pure: no clock, no
 * I/O, no randomness. The write side, the projections and the auditor all fold with the same `evolve`.
 */
export interface Aggregate<State, Event extends DomainEvent> {
  /** First part of its stream names: `commitment` gives `commitment-<id>`. */
  readonly name: string;
  readonly initial: State;
  /** Current schema version of every event type that its streams may hold. */
  readonly schemas: Readonly<Record<Event['type'], number>>;
  /** Applies one event. Never mutates `state`; throws on a type it does not know. */
  evolve(state: State, event: Event): State;
  /** True once the stream has its first event. */
  exists(state: State): boolean;
  /** Lifts `data` of an older schema version by one version; chained until the current one is reached. */
  readonly upcasters?: Readonly<Record<string, Readonly<Record<number, (data: never) => object>>>>;
}

/** What readers of stored events need to know of an aggregate, whatever its state. */
export interface AggregateOutline {
  readonly name: string;
  readonly schemas: Readonly<Record<string, number>>;
  readonly upcasters?: Readonly<Record<string, Readonly<Record<number, (data: never) => object>>>>;
}

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

/** For the default branch of an exhaustive switch: an event that nobody knows must stop the reader. */
export function unknownEvent(aggregate: string, event: never): never {
  throw new Error(`Stream of ${aggregate} holds an event of unknown type "${(event as DomainEvent).type}".`);
}

export const streamOf = (aggregate: { readonly name: string }, id: string): string => `${aggregate.name}-${id}`;
