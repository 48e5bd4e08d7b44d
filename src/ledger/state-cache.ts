import type { DomainEvent, Aggregate } from './aggregate.js';

/** Entries kept in memory, apart from those in use: a stream that is missing costs one read. */
const CACHED_STREAMS_MAX = 20_000;

/** One stream as the write side knows it. */
export interface CachedStream {
  readonly stream: string;
  readonly aggregate: Aggregate<unknown, DomainEvent>;
  /** What is durable. */
  committed: StreamState;
  /** What has been decided on top of it and is on its way to the store. */
  latest: StreamState;
  /** Decisions on their way; such an entry is never dropped. */
  pending: number;
  /** When `committed` was last known to be what the store holds, in monotonic ms. */
  checkedAt: number;
}

export interface StreamState {
  readonly state: unknown;
  /** Revision of the last event; -1 for a stream that does not exist. */
  readonly revision: number;
}

/**
 * States of streams, by name, with a bound. What has not been asked for while half as many others were is dropped. Two generations
 * instead of one order of use: to move an entry to the end of a map at every look costs more than all the rest of a decision
 * once there are many (measured: three quarters of a decision with 100,000 entries).
 */
export class StateCache {
  private recent = new Map<string, CachedStream>();
  private older = new Map<string, CachedStream>();

  constructor(private readonly entriesMax = CACHED_STREAMS_MAX) {}

  get(stream: string): CachedStream | undefined {
    const recent = this.recent.get(stream);
    if (recent) return recent;
    const older = this.older.get(stream);
    if (older) this.put(older);
    return older;
  }

  put(entry: CachedStream): void {
    this.older.delete(entry.stream);
    this.recent.set(entry.stream, entry);
    if (this.recent.size >= this.entriesMax / 2) this.age();
  }

  /** Keeps a stream that is not in memory as one that does not exist, until the store says otherwise. */
  assumeNew(aggregate: Aggregate<unknown, DomainEvent>, stream: string): void {
    if (this.recent.has(stream) || this.older.has(stream)) return;
    const none = { state: aggregate.initial, revision: -1 };
    this.put({ stream, aggregate, committed: none, latest: none, pending: 0, checkedAt: -Infinity });
  }

  drop(stream: string): void {
    this.recent.delete(stream);
    this.older.delete(stream);
  }

  get size(): number {
    return this.recent.size + this.older.size;
  }

  /** There is one entry for a stream, ever: what decisions on their way hang on stays. */
  private age(): void {
    const kept = this.recent;
    for (const entry of this.older.values()) if (entry.pending > 0) kept.set(entry.stream, entry);
    this.older = kept;
    this.recent = new Map();
  }
}
