import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Pool } from 'pg';
import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../ledger/command-context.js';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import { EventReader } from '../ledger/event-reader.js';
import { readEvent, type Sealed, type StoredEvent } from '../ledger/event.js';
import { streamOf } from '../ledger/aggregate.js';
import { unknown } from '../ledger/refusal.js';
import { SealedContents } from '../ledger/sealed-contents.js';
import {
  cursorChanged,
  decodeCursor,
  encodeCursor,
  pageLimit,
  recordedOn,
  type Cursor,
  type Page,
  type Reading,
} from '../http/read-model.js';
import { maySeeSealed } from '../http/visibility.js';
import { erasureOf, subject, type ErasureEvent } from '../erasure/erasure.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import { CosignedCheckpoints } from './cosigned-checkpoints.js';
import { requireKnownTypes, type EventFilters } from './event-filters.js';
import type { EventDto, EventFiltersDto, EventLogDto, ListEventsDto } from './events.dto.js';

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

interface EventRange extends EventFilters {
  /** Events after this position, at most `limit`. */
  readonly after: number;
  /** Up to this position; to the end when left out. */
  readonly until?: number;
  readonly limit: number;
}

/** Parts of a statement that selects events `e` of a range. */
interface Selection {
  readonly from: string;
  readonly conditions: readonly string[];
  /** In the order of the positions. */
  readonly order: string;
}

/** Pages of the history that pass filters. */
@Injectable()
export class EventPages {
  private readonly pool: Pool;

  constructor(
    @Inject(RUNTIME) { readPool }: Runtime,
    private readonly reader: EventReader,
  ) {
    this.pool = readPool;
  }

  /** @throws Refusal `unknown-event-type` (400). */
  filtersOf({ stream, type, partnerId }: EventFiltersDto): EventFilters {
    const types = [...new Set([type ?? []].flat())];
    requireKnownTypes(types, this.reader.types);
    return {
      ...(stream !== undefined && { stream }),
      ...(types.length > 0 && { types }),
      ...(partnerId !== undefined && { partnerId }),
    };
  }

  /**
   * One statement reads the position and the events, so that both are of the same moment.
   * @returns `reflected`: the position up to which events were looked at. Types and partners are found by rows that follow the history.
   */
  async read(range: EventRange): Promise<{ reflected: number; events: StoredEvent[] }> {
    const head =
      range.types === undefined && range.partnerId === undefined
        ? 'select position from ledger_head'
        : `select position from projections where name = 'events'`;
    const values: unknown[] = [range.after, range.limit, range.until ?? Number.MAX_SAFE_INTEGER];
    const { from, conditions, order } = selectionOf(range, (value) => `$${values.push(value)}`);
    const { rows } = await this.pool.query<{ reflected: number; position: number | null; envelope: string }>(
      `select h.position as reflected, r.position, r.envelope
       from (${head}) h left join lateral (
         select e.position, e.envelope from ${from}
         where ${['e.position > $1', 'e.position <= $3', ...conditions].join(' and ')} order by ${order} limit $2
       ) r on true order by r.position`,
      values,
    );
    const events = rows.flatMap(({ position, envelope }) => (position === null ? [] : [{ position, envelope }]));
    return { reflected: rows[0]?.reflected ?? 0, events };
  }
}

/**
 * Begins at the filter that fewest events pass: the stream, then the partner, then the types. An index finds the events of each in
 * order, because positions and the revisions of a stream have the same order.
 */
function selectionOf({ stream, types, partnerId }: EventFilters, parameter: (value: unknown) => string): Selection {
  if (stream !== undefined) {
    const joins = [
      ...(types === undefined
        ? []
        : [`join event_types t on t.id = e.position and t.type = any (${parameter(types)})`]),
      ...(partnerId === undefined
        ? []
        : [`join event_partners p on p.id = e.position || ' ' || ${parameter(partnerId)}::text`]),
    ];
    return {
      from: ['events e', ...joins].join(' '),
      conditions: [`e.stream = ${parameter(stream)}`],
      order: 'e.revision',
    };
  }
  if (partnerId !== undefined) {
    return {
      from: 'event_partners p join events e on e.position = p.position',
      conditions: [
        `p.partner_id = ${parameter(partnerId)}`,
        'p.position > $1',
        ...(types === undefined ? [] : [`p.type = any (${parameter(types)})`]),
      ],
      order: 'p.position',
    };
  }
  if (types === undefined) return { from: 'events e', conditions: [], order: 'e.position' };
  // A select for each type, so that an index finds the first events of each without a sort.
  return {
    from: `(
      select t.id from unnest(${parameter(types)}::text[]) as wanted (type) cross join lateral (
        select id from event_types where type = wanted.type and id > $1 and id <= $3 order by id limit $2
      ) t order by t.id limit $2
    ) t join events e on e.position = t.id`,
    conditions: [],
    order: 't.id',
  };
}

@QueryHandler(ListEvents)
class ListEventsHandler implements IQueryHandler<ListEvents> {
  constructor(
    private readonly pages: EventPages,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  async execute({ query }: ListEvents): Promise<Reading<Page<EventDto>>> {
    const cursor = query.cursor === undefined ? await this.firstPage(query) : decodeCursor(query.cursor);
    const { reflected, events } = await this.read(cursor);
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

  private async firstPage(query: ListEventsDto): Promise<Cursor> {
    const { after = '0', from, to } = query;
    const { stream, types, partnerId } = this.pages.filtersOf(query);
    const { after: before, until } = await recordedOn(this.store, { from, to });
    return {
      after: Math.max(Number(after), before),
      limit: pageLimit(query.limit),
      filters: {
        ...(stream !== undefined && { stream }),
        ...(types !== undefined && { types: types.join(',') }),
        ...(partnerId !== undefined && { partnerId }),
        ...(until !== undefined && { until: String(until) }),
      },
    };
  }

  private async read({ after, limit, filters }: Cursor): Promise<{ reflected: number; events: StoredEvent[] }> {
    const { types, until, ...rest } = filters;
    const more = { ...(types !== undefined && { types: types.split(',') }), ...(until && { until: Number(until) }) };
    try {
      return await this.pages.read({ ...rest, ...more, after, limit: limit + 1 });
    } catch (error) {
      throw cursorChanged(error);
    }
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
