import { once } from 'node:events';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import type { StoredEvent } from '../ledger/event.js';
import { Notifier } from '../ledger/notifier.js';
import { Refusal } from '../ledger/refusal.js';
import '../http/request.js';
import { holderOf } from '../http/shares/holder.js';
import type { EventFilters } from './event-filters.js';
import { EventPages } from './events.queries.js';
import { FeedReaders } from './feed-readers.js';

const PAGE_EVENTS = 200;
/** Longest time until events of another instance are noticed. The events of this instance are notified. */
const POLL_MS = 250;
/** A reader that takes nothing for so long is dropped. It can resume after its last position; nothing is kept for it. */
const STALLED_MS_MAX = 20_000;
const RESUME_AFTER = /^(0|[1-9][0-9]{0,14})$/;
/** Seconds until a holder of too many readers may try again. */
const OWN_READERS_RETRY_S = 5;

/** `after` of a reader that wants only what is recorded from now on. */
export const HEAD = 'head';

/** What a reader asks for. */
export interface Following {
  /** A position, or `head`; the beginning when left out. */
  readonly after?: string | undefined;
  readonly filters?: EventFilters;
}

/** The history as server-sent events. Every reader pulls its own pages, so that a slow reader delays no other reader. */
@Injectable()
export class EventFeed implements BeforeApplicationShutdown {
  /** A reader that got nothing for so long gets a sign of life. */
  heartbeatMs = 15_000;
  private readonly stopping = new AbortController();
  private readonly readers = new FeedReaders();

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly notifier: Notifier,
    private readonly pages: EventPages,
  ) {}

  /**
   * Ends with the connection, or when the service stops. A HEAD gets the headers and takes no place.
   * @throws Refusal `malformed-last-event-id`, `position-not-recorded` (400); `too-many-own-readers` (429); `too-many-readers` (503).
   */
  async serve(request: FastifyRequest, reply: FastifyReply, { after, filters = {} }: Following): Promise<void> {
    const start = await this.startOf(request.headers['last-event-id'], after);
    if (request.method === 'HEAD') {
      begin(reply);
      reply.raw.end();
      return;
    }
    const leave = this.enter(request, reply);
    const closed = new AbortController();
    reply.raw.once('close', () => closed.abort());
    // The connection may have been closed before: then nobody emits that event any more.
    if (reply.raw.destroyed) closed.abort();
    try {
      begin(reply);
      reply.raw.write('retry: 2000\n\n');
      await this.follow(reply, start, filters, AbortSignal.any([closed.signal, this.stopping.signal]));
    } catch {
      // The answer has begun and cannot report an error: the reader resumes after the last position that it received.
    } finally {
      leave();
      reply.raw.end();
      if (!closed.signal.aborted) setTimeout(() => reply.raw.destroy(), 1_000).unref();
    }
  }

  beforeApplicationShutdown(): void {
    this.stopping.abort();
  }

  /**
   * A reader that knows a later position than this history has followed another one, for example the one before an older
   * backup was restored. It would miss what is recorded up to its position.
   */
  private async startOf(header: string | string[] | undefined, query: string | undefined): Promise<number> {
    const after = resumeAfter(header) ?? query ?? '0';
    if (after === '0') return 0;
    const head = await this.store.head();
    if (after === HEAD) return head;
    if (Number(after) <= head) return Number(after);
    const detail = `The history ends at position ${head}; nothing can follow ${after} yet. Read it again from a position that it has.`;
    throw new Refusal('malformed', 'position-not-recorded', detail, { head }, [{ pointer: '/after', detail }]);
  }

  private enter(request: FastifyRequest, reply: FastifyReply): () => void {
    try {
      return this.readers.enter(holderOf(request.principal, request.ip), {
        isStranger: request.principal === undefined,
      });
    } catch (error) {
      if (error instanceof Refusal && error.kind === 'rate-limited')
        void reply.header('Retry-After', OWN_READERS_RETRY_S);
      throw error;
    }
  }

  private async follow(reply: FastifyReply, start: number, filters: EventFilters, ended: AbortSignal): Promise<void> {
    let after = start;
    let quietSince = performance.now();
    while (!ended.aborted) {
      const notifications = this.notifier.count;
      const { reflected, events } = await this.page(after, filters);
      for (const { position, envelope } of events) {
        // No `event` line: a browser gives such messages to `onmessage`, and new types of events reach it too. The envelope fits in one
        // `data` line, because canonical JSON has no line break.
        await write(reply, `id: ${position}\ndata: {"position":${position},${envelope.slice(1)}\n\n`, ended);
        after = position;
        quietSince = performance.now();
      }
      if (events.length === PAGE_EVENTS) continue;
      // The events up to there were looked at, and the others do not pass the filters.
      after = Math.max(after, reflected);
      if (performance.now() - quietSince >= this.heartbeatMs) {
        // A message without data is not shown to anybody. Its id is the position from which the reader resumes.
        await write(reply, `: still here\nid: ${after}\n\n`, ended);
        quietSince = performance.now();
      }
      if (events.length === 0) await this.notifier.wait(POLL_MS, ended, notifications);
    }
  }

  /** At most `PAGE_EVENTS`. `reflected`: all events up to there that pass the filters are in this page, unless it is full. */
  private async page(
    after: number,
    filters: EventFilters,
  ): Promise<{ reflected: number; events: readonly StoredEvent[] }> {
    if (Object.keys(filters).length > 0) return this.pages.read({ after, limit: PAGE_EVENTS, ...filters });
    return { reflected: after, events: await this.store.readAll(after, PAGE_EVENTS) };
  }
}

function begin(reply: FastifyReply): void {
  reply.hijack();
  reply.raw.writeHead(200, {
    ...Object.fromEntries(Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined)),
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
}

async function write(reply: FastifyReply, text: string, ended: AbortSignal): Promise<void> {
  if (reply.raw.write(text)) return;
  // A timer and not AbortSignal.timeout(): Node 20 collects a timeout that only AbortSignal.any() refers to.
  const giveUp = setTimeout(() => reply.raw.destroy(), STALLED_MS_MAX);
  try {
    await once(reply.raw, 'drain', { signal: ended });
  } finally {
    clearTimeout(giveUp);
  }
}

function resumeAfter(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !RESUME_AFTER.test(header)) {
    throw new Refusal('malformed', 'malformed-last-event-id', 'Last-Event-ID must be the position of an event.');
  }
  return header;
}
