import type { EventReader } from './event-reader.js';
import type { EventStore } from './event-store.js';
import type { MonotonicTime } from './monotonic-time.js';
import type { DomainEvent, Aggregate } from './aggregate.js';
import type { CachedStream, StateCache, StreamState } from './state-cache.js';
import { asRefusal } from './store-unavailable.js';
import type { StoredEvent } from './event.js';

/** Events in one read, of at most 60,000 bytes each. */
const STREAM_PAGE = 1_000;

/** Brings states of streams into memory and up to date. */
export class Streams {
  private readonly fetching = new Map<string, Promise<CachedStream>>();

  constructor(
    private readonly cache: StateCache,
    private readonly store: EventStore,
    private readonly reader: EventReader,
    private readonly time: MonotonicTime,
  ) {}

  /**
   * What is durable of a stream: at least what the store held `maxAgeMs` before this call.
   * @throws StoreUnavailable
   */
  async read(aggregate: Aggregate<unknown, DomainEvent>, stream: string, maxAgeMs: number): Promise<StreamState> {
    const since = this.time.now() - maxAgeMs;
    const entry = this.cache.get(stream) ?? (await this.fetch(aggregate, stream));
    // What does not exist is not kept: ids that somebody makes up must not crowd out those that are there.
    if (entry.committed.revision >= 0) this.keep(entry);
    // Others may have begun to fetch it before this call.
    return entry.checkedAt >= since ? entry.committed : this.refresh(entry);
  }

  /** Loads a stream that is not in memory, for a decision that wants it. */
  async load(aggregate: Aggregate<unknown, DomainEvent>, stream: string): Promise<void> {
    this.keep(await this.fetch(aggregate, stream));
  }

  /**
   * Brings a cached stream up to what the store holds, and returns that. While decisions are on their way the entry keeps
   * the state that they were made on: the store will tell them that it has moved.
   */
  async refresh(entry: CachedStream): Promise<StreamState> {
    const checkedAt = this.time.now();
    const found = await this.catchUp(entry.aggregate, entry.stream, entry.committed);
    // Whoever else refreshed or wrote meanwhile may have come further.
    if (found.revision < entry.committed.revision) return entry.committed;
    if (found.revision > entry.committed.revision) {
      if (entry.pending > 0) return found;
      entry.committed = found;
      entry.latest = found;
    }
    entry.checkedAt = Math.max(entry.checkedAt, checkedAt);
    return entry.committed;
  }

  /** Once for all who wait for it. */
  private fetch(aggregate: Aggregate<unknown, DomainEvent>, stream: string): Promise<CachedStream> {
    const running = this.fetching.get(stream);
    if (running) return running;
    const fetching = this.fetchStream(aggregate, stream).finally(() => this.fetching.delete(stream));
    this.fetching.set(stream, fetching);
    return fetching;
  }

  private async fetchStream(aggregate: Aggregate<unknown, DomainEvent>, stream: string): Promise<CachedStream> {
    const checkedAt = this.time.now();
    const committed = await this.catchUp(aggregate, stream, { state: aggregate.initial, revision: -1 });
    return { stream, aggregate, committed, latest: committed, pending: 0, checkedAt };
  }

  /** There is one entry for a stream, ever: decisions that are on their way hang on it. */
  private keep(entry: CachedStream): void {
    if (!this.cache.get(entry.stream)) this.cache.put(entry);
  }

  private async catchUp(
    aggregate: Aggregate<unknown, DomainEvent>,
    stream: string,
    from: StreamState,
  ): Promise<StreamState> {
    let { state, revision } = from;
    for (;;) {
      const page = await this.readPage(stream, revision + 1);
      for (const stored of page) {
        const event = this.reader.read(stored);
        if (event.revision !== revision + 1) throw new Error(`${stream} has a gap before revision ${event.revision}.`);
        state = aggregate.evolve(state, event);
        revision = event.revision;
      }
      if (page.length < STREAM_PAGE) return revision === from.revision ? from : { state, revision };
    }
  }

  private async readPage(stream: string, fromRevision: number): Promise<readonly StoredEvent[]> {
    try {
      return await this.store.readStream(stream, fromRevision, STREAM_PAGE);
    } catch (error) {
      throw asRefusal(error);
    }
  }
}
