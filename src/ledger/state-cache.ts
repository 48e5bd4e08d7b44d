import type { DomainEvent, Noun } from './noun.js';

/** Entries kept in memory; what is not in use is dropped, least recently used first. */
const CACHED_STREAMS_MAX = 100_000;

/** One stream as the write side knows it. */
export interface CachedStream {
  readonly stream: string;
  readonly noun: Noun<unknown, DomainEvent>;
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

/** States of streams, by name, with a bound. */
export class StateCache {
  private readonly entries = new Map<string, CachedStream>();

  constructor(private readonly entriesMax = CACHED_STREAMS_MAX) {}

  get(stream: string): CachedStream | undefined {
    const entry = this.entries.get(stream);
    if (entry) {
      this.entries.delete(stream);
      this.entries.set(stream, entry);
    }
    return entry;
  }

  put(entry: CachedStream): void {
    this.entries.set(entry.stream, entry);
    if (this.entries.size > this.entriesMax) this.evict();
  }

  /** Keeps a stream that is not in memory as one that does not exist, until the store says otherwise. */
  assumeNew(noun: Noun<unknown, DomainEvent>, stream: string): void {
    if (this.entries.has(stream)) return;
    const none = { state: noun.initial, revision: -1 };
    this.put({ stream, noun, committed: none, latest: none, pending: 0, checkedAt: -Infinity });
  }

  drop(stream: string): void {
    this.entries.delete(stream);
  }

  get size(): number {
    return this.entries.size;
  }

  private evict(): void {
    for (const [stream, entry] of this.entries) {
      if (this.entries.size <= this.entriesMax) return;
      if (entry.pending === 0) this.entries.delete(stream);
    }
  }
}
