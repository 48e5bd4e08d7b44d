import { Module, type DynamicModule } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { AttestationModule } from './audit/database/attestation/attestation.module.js';
import { AccessModule } from './access/access.module.js';
import { ComputeModule } from './compute/compute.module.js';
import { TransparencyModule } from './transparency/transparency.module.js';
import { LogModule } from './log/log.module.js';
import { CapitalModule } from './capital/capital.module.js';
import { GovernanceModule } from './governance/governance.module.js';
import { LedgerModule } from './ledger/ledger.module.js';
import { AGGREGATES } from './aggregates.js';
import { PartnersModule } from './partners/partners.module.js';
import { BulkModule } from './http/bulk/bulk.module.js';
import { ErasureModule } from './erasure/erasure.module.js';
import { Metrics } from './platform/metrics.js';
import { HttpModule } from './http/http.module.js';
import { IdentityModule } from './identity/identity.module.js';
import type { Runtime } from './platform/runtime.js';
import { METHODS, type MethodRegistry } from './transparency/methods.js';
import { PROJECTIONS, SERVED } from './projections.js';
import { REFUSALS } from './refusals.js';

/** The features, with the ledger and the resources that the program has opened. */
@Module({})
export class AppModule {
  static forRoot(runtime: Runtime, methods: MethodRegistry = METHODS): DynamicModule {
    const { pool, readPool, wrappingKey, appendChecks, newContentKey, eventStore, log, clock, config } = runtime;
    const metrics = new Metrics();
    return {
      module: AppModule,
      imports: [
        CqrsModule.forRoot(),
        LedgerModule.forRoot({
          pool,
          readPool,
          eventStore,
          wrappingKey,
          appendChecks,
          newContentKey,
          aggregates: AGGREGATES,
          projections: PROJECTIONS,
          observer: metrics,
          log,
          clock,
          clockRule: config.clockRule,
        }),
        HttpModule.forRoot(runtime, metrics, REFUSALS),
        IdentityModule.forRoot(runtime),
        BulkModule,
        ErasureModule,
        PartnersModule,
        CapitalModule,
        AccessModule,
        ComputeModule,
        TransparencyModule.forRoot(methods),
        GovernanceModule,
        LogModule.forRoot(runtime),
        AttestationModule.forRoot(runtime, SERVED),
      ],
    };
  }
}
