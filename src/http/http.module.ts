import { Module, type DynamicModule } from '@nestjs/common';
import { Metrics } from '../platform/metrics.js';
import { Readiness } from '../platform/readiness.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import { OperationsController } from './operations.controller.js';
import type { RefusalCatalogue } from '../ledger/refusal-declaration.js';
import { ProblemPageController, REFUSAL_CATALOGUE } from './problem-page.controller.js';
import { ReadModel } from './read-model.js';

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
        { provide: ReadModel, useValue: new ReadModel(runtime.readPool) },
      ],
      exports: [RUNTIME, Metrics, Readiness, ReadModel],
    };
  }
}
