import { Module, type DynamicModule } from '@nestjs/common';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import { Metrics } from '../platform/metrics.js';
import { Readiness } from '../platform/readiness.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import { OperationsController } from './operations.controller.js';
import type { RefusalCatalogue } from '../ledger/refusal-declaration.js';
import { ProblemPageController, REFUSAL_CATALOGUE } from './document/problem-page.controller.js';
import { ReadModel } from './read-model.js';
import { CostlyReads } from './shares/costly-reads.js';
import { RateLimit } from './shares/rate-limit.js';

/** What every feature needs of the process: its settings, rows to read, metrics, and the list of parts that are ready or not. */
@Module({})
export class HttpModule {
  static forRoot(runtime: Runtime, metrics: Metrics, refusals: RefusalCatalogue): DynamicModule {
    return {
      module: HttpModule,
      global: true,
      controllers: [OperationsController, ProblemPageController],
      providers: [
        { provide: RUNTIME, useValue: runtime },
        { provide: Metrics, useValue: metrics },
        { provide: REFUSAL_CATALOGUE, useValue: refusals },
        { provide: Readiness, useValue: new Readiness() },
        { provide: CostlyReads, useValue: new CostlyReads() },
        { provide: RateLimit, useValue: new RateLimit(runtime.config.rateLimitPerMinute) },
        {
          provide: ReadModel,
          inject: [EVENT_STORE],
          useFactory: (store: EventStore) => new ReadModel(runtime.readPool, store),
        },
      ],
      exports: [RUNTIME, Metrics, Readiness, CostlyReads, RateLimit, ReadModel],
    };
  }
}
