import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Ledger } from '../ledger/ledger.js';
import { AccessGuard } from './access.guard.js';
import { apiKeyCommandHandlers } from './api-key.commands.js';
import { ApiKeyController } from './api-key.controller.js';
import { Authentication } from './authentication.js';
import { Metrics } from '../platform/metrics.js';
import { OperationsController } from '../http/operations.controller.js';
import { ReadModel } from '../http/read-model.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';

/** What every feature stands on: who calls, how rows are read, how the service is watched. */
@Module({})
export class PlatformModule {
  static forRoot(runtime: Runtime, metrics: Metrics): DynamicModule {
    const { operatorKey, oidc } = runtime.config;
    const settings = { ...(operatorKey && { operatorKey }), ...(oidc && { oidc }) };
    return {
      module: PlatformModule,
      global: true,
      controllers: [ApiKeyController, OperationsController],
      providers: [
        ...apiKeyCommandHandlers,
        { provide: RUNTIME, useValue: runtime },
        { provide: Metrics, useValue: metrics },
        { provide: ReadModel, useValue: new ReadModel(runtime.readPool) },
        {
          provide: Authentication,
          inject: [Ledger],
          useFactory: (ledger: Ledger) => new Authentication(ledger, settings),
        },
        { provide: APP_GUARD, useClass: AccessGuard },
      ],
      exports: [RUNTIME, Metrics, ReadModel, Authentication],
    };
  }
}
