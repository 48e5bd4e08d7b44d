import { Controller, Param, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Page, Reading } from '../http/read-model.js';
import { StreamRoute, ReadRoute } from '../http/routes.js';
import { IdParams } from '../http/validation.js';
import { EventFeed } from './event-feed.js';
import { EventDto, EventPageDto, ListEventsDto, StreamEventsDto } from './events.dto.js';
import { GetEvent, ListEvents } from './events.queries.js';

@ApiTags('events')
@Controller('v1/events')
export class EventsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly feed: EventFeed,
  ) {}

  /** List events in the order of their positions: the history that everything else is derived from. */
  @ReadRoute({ projection: 'events', answer: EventPageDto, table: true })
  listEvents(@Query() query: ListEventsDto): Promise<Reading<Page<EventDto>>> {
    return this.queries.execute(new ListEvents(query));
  }

  /** Follow the history as server-sent events. The `id` of each is its position; `Last-Event-ID` resumes behind it. */
  @StreamRoute({ path: 'stream' })
  @ApiResponse({
    status: 200,
    description: 'Events, as they are recorded.',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  async streamEvents(
    @Query() query: StreamEventsDto,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.feed.serve(request, reply, query.after);
  }

  /** Read one event. Credentials that may see sealed content see it here. */
  @ReadRoute({ path: ':id', answer: EventDto, identifies: true, refusals: ['unknown-event'] })
  getEvent(@Param() { id }: IdParams, @Req() request: FastifyRequest): Promise<Reading<EventDto>> {
    return this.queries.execute(new GetEvent(request.principal, id));
  }
}
