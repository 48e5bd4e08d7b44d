import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Pool } from 'pg';
import { Inject } from '@nestjs/common';
import type { Principal } from '../ledger/command-context.js';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import { readEvent, type Sealed, type StoredEvent } from '../ledger/event.js';
import { streamOf } from '../ledger/aggregate.js';
import { unknown } from '../ledger/refusal.js';
import { SealedContents } from '../ledger/sealed-contents.js';
import { decodeCursor, encodeCursor, pageLimit, type Page, type Reading } from '../http/read-model.js';
import { maySeeSealed } from '../http/visibility.js';
import { erasureOf, subject, type ErasureEvent } from '../erasure/erasure.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import { CosignedCheckpoints } from './cosigned-checkpoints.js';
import type { EventDto, EventLogDto, ListEventsDto } from './events.dto.js';

/** A second erasure of a subject erases only the contents that were sealed after the first. */
const ERASURES_MAX = 1_000;

export class ListEvents extends Query<Reading<Page<EventDto>>> {
  constructor(readonly query: ListEventsDto) {
    super();
  }
}

export class GetEvent extends Query<Reading<EventDto>> {
  constructor(
    readonly reader: Principal | undefined,
    readonly id: string,
  ) {
    super();
  }
}

@QueryHandler(ListEvents)
class ListEventsHandler implements IQueryHandler<ListEvents> {
  private readonly pool: Pool;

  constructor(@Inject(RUNTIME) { readPool }: Runtime) {
    this.pool = readPool;
  }

  async execute({ query }: ListEvents): Promise<Reading<Page<EventDto>>> {
    const { stream, type, after = '0' } = query;
    const cursor =
      query.cursor === undefined
        ? {
            after: Number(after),
            limit: pageLimit(query.limit),
            filters: { ...(stream && { stream }), ...(type && { type }) },
          }
        : decodeCursor(query.cursor);
    const { reflected, events } = await this.page(cursor.after, cursor.limit + 1, cursor.filters);
    const page = events.slice(0, cursor.limit);
    const last = page.at(-1);
    const more = events.length > cursor.limit && last !== undefined;
    return {
      position: reflected,
      body: {
        data: page.map((event) => readEvent(event)),
        next: more ? encodeCursor({ ...cursor, after: last.position }) : null,
      },
    };
  }

  /** One statement reads the position and the events, so that both are of the same moment. */
  private async page(
    after: number,
    limit: number,
    filters: Readonly<Record<string, string>>,
  ): Promise<{ reflected: number; events: StoredEvent[] }> {
    const { stream, type } = filters;
    const head =
      type === undefined
        ? 'select position from ledger_head'
        : `select position from projections where name = 'events'`;
    const conditions = ['e.position > $1'];
    const values: unknown[] = [after, limit];
    if (stream !== undefined) conditions.push(`e.stream = $${values.push(stream)}`);
    if (type !== undefined) conditions.push(`t.type = $${values.push(type)} and t.id > $1`);
    // Positions and revisions of a stream have the same order, so that an index serves each query.
    const order = stream !== undefined ? 'e.revision' : type !== undefined ? 't.id' : 'e.position';
    const from = type === undefined ? 'events e' : 'event_types t join events e on e.position = t.id';
    const { rows } = await this.pool.query<{ reflected: number; position: number | null; envelope: string }>(
      `select h.position as reflected, r.position, r.envelope
       from (${head}) h left join lateral (
         select e.position, e.envelope from ${from} where ${conditions.join(' and ')} order by ${order} limit $2
       ) r on true order by r.position`,
      values,
    );
    const events = rows.flatMap(({ position, envelope }) => (position === null ? [] : [{ position, envelope }]));
    return { reflected: rows[0]?.reflected ?? 0, events };
  }
}

@QueryHandler(GetEvent)
class GetEventHandler implements IQueryHandler<GetEvent> {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly contents: SealedContents,
    private readonly checkpoints: CosignedCheckpoints,
  ) {}

  async execute({ reader, id }: GetEvent): Promise<Reading<EventDto>> {
    const stored = await this.store.readEvent(id);
    if (!stored) throw unknown('event', id);
    const event = readEvent(stored);
    const { sealed } = event;
    const confidential = sealed && (await this.confidentialOf({ ...event, sealed }, reader));
    const log = await this.logOf(stored.position);
    return { position: stored.position, body: { ...event, ...confidential, log } };
  }

  /** The content for callers that may see it, and the time of its erasure for all callers. */
  private async confidentialOf(
    event: { readonly id: string; readonly sealed: Sealed },
    reader: Principal | undefined,
  ): Promise<Pick<EventDto, 'content' | 'erasedAt'>> {
    const stored = await this.store.readStream(streamOf(subject, event.sealed.subject), 0, ERASURES_MAX);
    const erasedAt = erasureOf(
      stored.map((erasure) => readEvent(erasure) as unknown as ErasureEvent),
      event.id,
    );
    if (erasedAt !== undefined) return { ...(maySeeSealed(reader) && { content: null }), erasedAt };
    return maySeeSealed(reader) ? { content: (await this.contents.open(event)) ?? null } : {};
  }

  private async logOf(position: number): Promise<EventLogDto> {
    const of = this.checkpoints.policy.witnesses.length;
    const coverage = await this.checkpoints.covering(position);
    if (coverage.state === 'recorded') return { state: 'recorded', treeSize: null, witnesses: 0, of };
    const { size, cosigners } = coverage.checkpoint;
    return { state: coverage.state, treeSize: size, witnesses: cosigners.length, of };
  }
}

export const eventQueryHandlers = [ListEventsHandler, GetEventHandler];
