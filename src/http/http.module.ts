import { Module, type DynamicModule } from '@nestjs/common';
import { Metrics } from '../platform/metrics.js';
import { Readiness } from '../platform/readiness.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import { OperationsController } from './operations.controller.js';
import { ReadModel } from './read-model.js';

/** What every feature needs of the process: its settings, rows to read, metrics, and the list of parts that are ready or not. */
@Module({})
export class HttpModule {
  static forRoot(runtime: Runtime, metrics: Metrics): DynamicModule {
    return {
      module: HttpModule,
      global: true,
      controllers: [OperationsController],
      providers: [
        { provide: RUNTIME, useValue: runtime },
        { provide: Metrics, useValue: metrics },
        { provide: Readiness, useValue: new Readiness() },
        { provide: ReadModel, useValue: new ReadModel(runtime.readPool) },
      ],
      exports: [RUNTIME, Metrics, Readiness, ReadModel],
    };
  }
}
