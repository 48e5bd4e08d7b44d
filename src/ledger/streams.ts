import type { EventReader } from './event-reader.js';
import type { EventStore } from './event-store.js';
import type { MonotonicTime } from './monotonic-time.js';
import type { DomainEvent, Aggregate } from './aggregate.js';
import type { CachedStream, StateCache, StreamState } from './state-cache.js';
import { asRefusal } from './store-unavailable.js';
import type { StoredEvent } from './event.js';

/** Events in one read, of at most 60,000 bytes each. */
const STREAM_PAGE = 1_000;

/** Loads and refreshes the cached states of streams. */
export class Streams {
  private readonly fetching = new Map<string, Promise<CachedStream>>();

  constructor(
    private readonly cache: StateCache,
    private readonly store: EventStore,
    private readonly reader: EventReader,
    private readonly time: MonotonicTime,
  ) {}

  /**
   * The durable state of a stream, at least as new as the store was `maxAgeMs` before this call.
   * @throws StoreUnavailable
   */
  async read(aggregate: Aggregate<unknown, DomainEvent>, stream: string, maxAgeMs: number): Promise<StreamState> {
    const since = this.time.now() - maxAgeMs;
    const entry = this.cache.get(stream) ?? (await this.fetch(aggregate, stream));
    // A stream that does not exist is not cached: invented ids must not push real streams out of the cache.
    if (entry.committed.revision >= 0) this.keep(entry);
    // Another caller may have begun to fetch it before this call.
    return entry.checkedAt >= since ? entry.committed : this.refresh(entry);
  }

  /** Loads a stream that is not in memory, for a decision that reads it. */
  async load(aggregate: Aggregate<unknown, DomainEvent>, stream: string): Promise<void> {
    this.keep(await this.fetch(aggregate, stream));
  }

  /**
   * Refreshes a cached stream from the store, and returns its state. While decisions on the entry are being written the entry
   * keeps the state that they read: the store will reject them because the stream has moved.
   */
  async refresh(entry: CachedStream): Promise<StreamState> {
    const checkedAt = this.time.now();
    const found = await this.catchUp(entry.aggregate, entry.stream, entry.committed);
    // Another refresh or write may have moved the entry further meanwhile.
    if (found.revision < entry.committed.revision) return entry.committed;
    if (found.revision > entry.committed.revision) {
      if (entry.pending > 0) return found;
      entry.committed = found;
      entry.latest = found;
    }
    entry.checkedAt = Math.max(entry.checkedAt, checkedAt);
    return entry.committed;
  }

  /** One fetch for all callers that wait for the stream. */
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

  /** A stream has one entry only, because decisions that are being written hold on to it. */
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
