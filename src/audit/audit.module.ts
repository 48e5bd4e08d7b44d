import { Module } from '@nestjs/common';
import { EventFeed } from './event-feed.js';
import { EventsController } from './events.controller.js';
import { eventQueryHandlers } from './events.queries.js';

@Module({
  controllers: [EventsController],
  providers: [...eventQueryHandlers, EventFeed],
})
export class AuditModule {}
