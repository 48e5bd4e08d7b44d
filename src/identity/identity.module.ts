import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Ledger } from '../ledger/ledger.js';
import type { Runtime } from '../platform/runtime.js';
import { AccessGuard } from './access.guard.js';
import { handlersOf } from '../ledger/ledger-command.js';
import * as apiKeyCommands from './api-key.commands.js';
import { ApiKeyController, MeController } from './api-key.controller.js';
import { apiKeyQueryHandlers } from './api-key.queries.js';
import { Authentication } from './authentication.service.js';

/** Authentication of callers: API keys, tokens, and the guard of every route. */
@Module({})
export class IdentityModule {
  static forRoot({ config: { operatorKey, oidc } }: Runtime): DynamicModule {
    const settings = { ...(operatorKey && { operatorKey }), ...(oidc && { oidc }) };
    return {
      module: IdentityModule,
      global: true,
      controllers: [ApiKeyController, MeController],
      providers: [
        ...handlersOf(apiKeyCommands),
        ...apiKeyQueryHandlers,
        {
          provide: Authentication,
          inject: [Ledger],
          useFactory: (ledger: Ledger) => new Authentication(ledger, settings),
        },
        { provide: APP_GUARD, useClass: AccessGuard },
      ],
      exports: [Authentication],
    };
  }
}
