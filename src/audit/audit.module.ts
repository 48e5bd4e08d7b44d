import { Module, type DynamicModule, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import { LedgerSignal } from '../ledger/signal.js';
import type { Runtime } from '../platform/runtime.js';
import { EventFeed } from './event-feed.js';
import { EventsController } from './events.controller.js';
import { eventQueryHandlers } from './events.queries.js';
import { KeptCheckpoint } from './kept-checkpoint.js';
import { LogController } from './log.controller.js';
import { LogStore } from './log-store.queries.js';
import { LogWriter } from './log-writer.js';
import { noteKeyOf, signingKey } from './note-key.js';
import { PublishedLog } from './published-log.js';

/** The history: events to read and to follow, and the transparency log that is made of them. */
@Module({})
export class AuditModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly writer: LogWriter) {}

  static forRoot({ pool, config, logSigningKey, log }: Runtime): DynamicModule {
    const key = signingKey(config.logOrigin, logSigningKey);
    const verifier = noteKeyOf(key);
    const store = new LogStore(pool);
    const kept = new KeptCheckpoint(config.dataDir, verifier);
    return {
      module: AuditModule,
      controllers: [EventsController, LogController],
      providers: [
        ...eventQueryHandlers,
        EventFeed,
        {
          provide: LogWriter,
          inject: [LedgerSignal],
          useFactory: (signal: LedgerSignal) => new LogWriter(store, key, kept, signal, new LedgerSignal(), log),
        },
        {
          provide: PublishedLog,
          inject: [EVENT_STORE, LogWriter],
          useFactory: (events: EventStore, writer: LogWriter) => new PublishedLog(store, events, writer, verifier),
        },
      ],
      exports: [LogWriter, PublishedLog],
    };
  }

  onApplicationBootstrap(): void {
    this.writer.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.writer.stop();
  }
}
