import type { CommandContext } from './command-context.js';
import { EVENT_BYTES_MAX, draftEvent, type DraftEvent, type Sealed } from './event.js';
import type { SealedContent } from './event-store.js';
import { misfitOfEvent } from './event-misfit.js';
import { derivedId } from './identifiers.js';
import { streamOf, type AggregateOutline, type DomainEvent, type Aggregate } from './aggregate.js';
import { Refusal, forbid, refusal, refuse, unknownRecord } from './refusal.js';
import type { CachedStream, StateCache, StreamState } from './state-cache.js';
import type { Vault } from './vault.js';

/** Streams that one command may touch: far more than any rule needs, and too few for one command to stop the service. */
const STREAMS_MAX = 256;

/** Thrown when a decision reads a stream that is not in memory: the ledger loads the stream and runs the decision again. */
export class StreamNotLoaded extends Error {
  constructor(
    readonly aggregate: Aggregate<unknown, DomainEvent>,
    readonly stream: string,
  ) {
    // Thrown for every new stream: nobody reads the stack trace, and making it costs more than the rest of the decision.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(stream);
    Error.stackTraceLimit = limit;
  }
}

/** The ledger as a decision sees it: the latest states with its own events, which no other command sees. No method waits. */
export class Transaction {
  readonly reads = new Map<string, CachedStream>();
  readonly writes = new Map<string, StreamState>();
  readonly drafts: DraftEvent[] = [];
  readonly sealedContents: SealedContent[] = [];
  private named: { aggregate: Aggregate<unknown, DomainEvent>; id: string } | 'itself' | undefined;

  constructor(
    readonly context: CommandContext,
    /** Instant of the decision, RFC 3339. */
    readonly now: string,
    private readonly cache: StateCache,
    private readonly vault: Vault,
    /** States that earlier commands of the same atomic group wrote. */
    private readonly before: ReadonlyMap<string, StreamState> = new Map(),
  ) {}

  /** Starts a new stream; its id and revision go into the answer. */
  create<S, E extends DomainEvent>(aggregate: Aggregate<S, E>, id: string): void {
    // Assume that the stream is new: reading it first would cost every creation a round trip, and the store compares
    // revisions anyway.
    this.cache.assumeNew(untyped(aggregate), streamOf(aggregate, id));
    if (aggregate.exists(this.get(aggregate, id)))
      throw refusal('conflict', `${aggregate.name}-exists`, `The ${aggregate.name} ${id} exists already.`);
    this.named = { aggregate: untyped(aggregate), id };
  }

  /**
   * The stream that the command is for: it must exist (404) and be at the revision that the caller saw, if the caller
   * said so (412). Its id and revision go into the answer.
   */
  target<S, E extends DomainEvent>(aggregate: Aggregate<S, E>, id: string): S {
    const state = this.existing(aggregate, id);
    this.isAbout(aggregate, id);
    return state;
  }

  /** The stream that the command is for, whether it exists or not. Most commands use `target` or `create` instead. */
  isAbout<S, E extends DomainEvent>(aggregate: Aggregate<S, E>, id: string): void {
    this.named = { aggregate: untyped(aggregate), id };
    const { ifMatch } = this.context;
    const revision = this.current(aggregate, id).revision;
    if (ifMatch !== undefined && ifMatch !== revision) {
      throw new Refusal(
        'stale',
        'stale-revision',
        `The ${aggregate.name} is at revision ${revision}, not ${ifMatch}. Read it again and decide anew.`,
        { expected: ifMatch, actual: revision },
      );
    }
  }

  /** Another stream that has to exist (404). */
  existing<S, E extends DomainEvent>(aggregate: Aggregate<S, E>, id: string): S {
    const state = this.get(aggregate, id);
    if (!aggregate.exists(state)) throw unknownRecord(aggregate.name, id);
    return state;
  }

  /** A stream that may not exist. */
  get<S, E extends DomainEvent>(aggregate: Aggregate<S, E>, id: string): S {
    return this.current(aggregate, id).state as S;
  }

  /** Drops the events: a refusal keeps the streams that it read, and none of the events that the decision had drafted. */
  withdraw(): void {
    this.drafts.length = 0;
    this.sealedContents.length = 0;
    this.writes.clear();
  }

  /** Adds events to a stream. `sealed` is content that must not be public; it belongs to the first of the events. */
  append<S, E extends DomainEvent>(
    aggregate: Aggregate<S, E>,
    id: string,
    events: readonly E[],
    sealed?: SealedInput,
  ): void {
    const stream = streamOf(aggregate, id);
    if (sealed && events.length === 0)
      throw new Error(`${stream}: there is no event that could commit to the content.`);
    let { state, revision } = this.current(aggregate, id);
    for (const [index, event] of events.entries()) {
      revision += 1;
      const declaration = (aggregate.events as AggregateOutline['events'])[event.type];
      if (declaration === undefined)
        throw new Error(`${aggregate.name} does not declare its event type "${event.type}".`);
      const { schema } = declaration;
      const drafted = this.draft(stream, revision, schema, event, index === 0 ? sealed : undefined);
      // An event is public and stays for ever. A member that its declaration does not have must not get there.
      const misfit = misfitOfEvent(declaration, { ...event, schema, ...(drafted && { sealed: drafted }) });
      if (misfit) throw new Error(`"${event.type}": ${misfit.pointer} must ${misfit.demand}.`);
      state = aggregate.evolve(state as S, event);
    }
    this.writes.set(stream, { state, revision });
  }

  /** An id that is a function of the command: a second decision returns the same id. */
  newId(name = ''): string {
    return derivedId(this.context.commandId, 'new', name);
  }

  /** Refuses a caller that is bound to another partner (403). */
  requireOwn(partnerId: string | undefined): void {
    const own = this.context.principal.partnerId;
    if (own !== undefined && own !== partnerId) {
      throw forbid('not-own', 'This key is bound to a partner and may act only on what belongs to that partner.');
    }
  }

  /** The command is for no stream: the ledger records its key and its outcome, and no event. */
  itself(): void {
    this.named = 'itself';
  }

  /** Id and revision for the answer. */
  answer(): { id: string; revision: number } {
    if (!this.named) throw new Error('A decision must name the stream that it is for.');
    if (this.named === 'itself') return { id: this.context.commandId, revision: 0 };
    const { aggregate, id } = this.named;
    return { id, revision: this.current(aggregate, id).revision };
  }

  private current<S, E extends DomainEvent>(aggregate: Aggregate<S, E>, id: string): StreamState {
    const stream = streamOf(aggregate, id);
    const written = this.writes.get(stream);
    if (written) return written;
    const cached = this.cache.get(stream);
    if (!cached) throw new StreamNotLoaded(untyped(aggregate), stream);
    if (this.reads.size >= STREAMS_MAX && !this.reads.has(stream)) {
      throw refuse('too-many-streams', `One command may touch at most ${STREAMS_MAX} records.`, { limit: STREAMS_MAX });
    }
    this.reads.set(stream, cached);
    return this.before.get(stream) ?? cached.latest;
  }

  /** @returns the commitment to the sealed content, if there is one. */
  private draft(
    stream: string,
    revision: number,
    schema: number,
    event: DomainEvent,
    content?: SealedInput,
  ): Sealed | undefined {
    const { context } = this;
    const id = derivedId(context.commandId, 'event', String(this.drafts.length));
    const sealed = content ? this.seal(id, content) : undefined;
    const draft = draftEvent({
      v: 1,
      id,
      stream,
      revision,
      type: event.type,
      schema,
      ...(event.effectiveAt === undefined ? {} : { effectiveAt: event.effectiveAt }),
      actor: { id: context.principal.actorId, role: context.role },
      commandId: context.commandId,
      correlationId: context.correlationId,
      ...(event.legalBasis === undefined ? {} : { legalBasis: event.legalBasis }),
      data: event.data,
      ...(sealed === undefined ? {} : { sealed }),
    });
    const { bytes } = draft;
    if (bytes > EVENT_BYTES_MAX) {
      throw new Refusal(
        'too-large',
        'event-too-large',
        `The record would take ${bytes} bytes; ${EVENT_BYTES_MAX} are allowed. Send less at once.`,
        { bytes, limit: EVENT_BYTES_MAX },
      );
    }
    this.drafts.push(draft);
    return sealed;
  }

  private seal(eventId: string, { subject, content }: SealedInput): Sealed {
    const { sealed, stored } = this.vault.seal(subject, eventId, content);
    this.sealedContents.push(stored);
    return sealed;
  }
}

export interface SealedInput {
  /** The subject of the content: all content of a subject can be erased. */
  readonly subject: string;
  readonly content: object;
}

/** The cache holds states of all aggregates. That is safe: the name of a stream begins with the aggregate that folds it. */
export const untyped = <S, E extends DomainEvent>(aggregate: Aggregate<S, E>): Aggregate<unknown, DomainEvent> =>
  aggregate as unknown as Aggregate<unknown, DomainEvent>;
