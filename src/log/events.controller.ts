import { Controller, Param, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NoQueryDto } from '../http/list-query.dto.js';
import type { Page, Reading } from '../http/read-model.js';
import { StreamRoute, ReadRoute } from '../http/routes.js';
import { IdParams } from '../http/validation.js';
import { EventFeed } from './event-feed.js';
import { EventDto, EventPageDto, ListEventsDto, StreamEventsDto } from './events.dto.js';
import { EventPages, GetEvent, ListEvents } from './events.queries.js';

@ApiTags('events')
@Controller('v1/events')
export class EventsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly feed: EventFeed,
    private readonly pages: EventPages,
  ) {}

  /**
   * List events in the order of their positions.
   * @remarks The history that everything else is derived from. Filters by type and partner follow it within moments:
   * `Ledger-Position` says how far.
   */
  @ReadRoute({ projection: 'events', answer: EventPageDto, table: true, refusals: ['unknown-event-type'] })
  listEvents(@Query() query: ListEventsDto): Promise<Reading<Page<EventDto>>> {
    return this.queries.execute(new ListEvents(query));
  }

  /**
   * Follow the history as server-sent events.
   * @remarks Without an end: a browser's `EventSource` gets every event in `onmessage`. The `data` of a message is one event as in the
   * list, and its `id` is the position. `Last-Event-ID` resumes behind it; a position that this history does not have yet is
   * refused. Messages without data keep the connection open and move the `id` past events that the filters leave out. One credential,
   * or one address without a credential, follows with up to 100 readers.
   */
  @StreamRoute({ path: 'stream' })
  @ApiResponse({
    status: 200,
    description: 'Events, as they are recorded. The schema is the one of the `data` of each message.',
    content: { 'text/event-stream': { schema: { $ref: '#/components/schemas/LedgerEvent' } } },
  })
  async streamEvents(
    @Query() query: StreamEventsDto,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.feed.serve(request, reply, { after: query.after, filters: this.pages.filtersOf(query) });
  }

  /** Read one event. Credentials that may see sealed content see it here. */
  @ReadRoute({ path: ':id', answer: EventDto, identifies: true, refusals: ['unknown-event'] })
  getEvent(
    @Param() { id }: IdParams,
    @Query() _query: NoQueryDto,
    @Req() request: FastifyRequest,
  ): Promise<Reading<EventDto>> {
    return this.queries.execute(new GetEvent(request.principal, id));
  }
}
