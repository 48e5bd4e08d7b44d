import { once } from 'node:events';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import { readEvent } from '../ledger/event.js';
import { Refusal } from '../ledger/refusal.js';
import { Notifier } from '../ledger/notifier.js';

const READERS_MAX = 500;
const PAGE_EVENTS = 200;
/** Longest time until events of another instance are noticed. The events of this instance are notified. */
const POLL_MS = 250;
const HEARTBEAT_MS = 15_000;
/** A reader that takes nothing for so long is dropped. It can resume after its last position; nothing is kept for it. */
const STALLED_MS_MAX = 20_000;
const RESUME_AFTER = /^(0|[1-9][0-9]{0,14})$/;

/** The history as server-sent events. Every reader pulls its own pages, so that a slow reader delays no other reader. */
@Injectable()
export class EventFeed implements BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private readers = 0;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly notifier: Notifier,
  ) {}

  /** Ends with the connection, or when the service stops. */
  async serve(request: FastifyRequest, reply: FastifyReply, afterQuery: string | undefined): Promise<void> {
    const after = resumeAfter(request.headers['last-event-id'], afterQuery);
    if (this.readers >= READERS_MAX) {
      throw new Refusal(
        'unavailable',
        'too-many-readers',
        'As many readers follow the history as this instance serves.',
      );
    }
    this.readers += 1;
    const closed = new AbortController();
    reply.raw.once('close', () => closed.abort());
    try {
      reply.hijack();
      reply.raw.writeHead(200, {
        ...Object.fromEntries(Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined)),
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      });
      reply.raw.write('retry: 2000\n\n');
      await this.follow(reply, after, AbortSignal.any([closed.signal, this.stopping.signal]));
    } catch {
      // The answer has begun and cannot report an error: the reader resumes after the last position that it received.
    } finally {
      this.readers -= 1;
      reply.raw.end();
      if (!closed.signal.aborted) setTimeout(() => reply.raw.destroy(), 1_000).unref();
    }
  }

  beforeApplicationShutdown(): void {
    this.stopping.abort();
  }

  private async follow(reply: FastifyReply, start: number, ended: AbortSignal): Promise<void> {
    let after = start;
    let quietSince = performance.now();
    while (!ended.aborted) {
      const notifications = this.notifier.count;
      const page = await this.store.readAll(after, PAGE_EVENTS);
      for (const stored of page) {
        // The envelope fits in one `data` line: canonical JSON has no line break.
        const { type } = readEvent(stored);
        await write(reply, `id: ${stored.position}\nevent: ${type}\ndata: ${stored.envelope}\n\n`, ended);
        after = stored.position;
        quietSince = performance.now();
      }
      if (page.length > 0) continue;
      if (performance.now() - quietSince >= HEARTBEAT_MS) {
        await write(reply, ': still here\n\n', ended);
        quietSince = performance.now();
      }
      await this.notifier.wait(POLL_MS, ended, notifications);
    }
  }
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

function resumeAfter(header: string | string[] | undefined, query: string | undefined): number {
  if (header === undefined) return Number(query ?? 0);
  if (typeof header !== 'string' || !RESUME_AFTER.test(header)) {
    throw new Refusal('malformed', 'malformed-last-event-id', 'Last-Event-ID must be the position of an event.');
  }
  return Number(header);
}
