import { Module, type DynamicModule, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EventReader } from '../../../ledger/event-reader.js';
import { Ledger } from '../../../ledger/ledger.js';
import type { Projection } from '../../../ledger/projector/projection.js';
import { LogStore } from '../../../log/log-store.queries.js';
import { Metrics } from '../../../platform/metrics.js';
import { Readiness } from '../../../platform/readiness.js';
import type { Runtime } from '../../../platform/runtime.js';
import { noteKeyOf, signingKey } from '../../../tlog/note-key.js';
import { AttestedReports } from '../../../transparency/events/attestation.js';
import { AttestationWorker } from './attestation.worker.js';
import { Checks } from './checks.queries.js';

/** The check of the history and the views in the background. */
@Module({})
export class AttestationModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    private readonly worker: AttestationWorker,
    private readonly checks: Checks,
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
  ) {}

  /** @param projections all views, with the projections that know the events */
  static forRoot({ pool, config, logSigningKey, log }: Runtime, projections: readonly Projection[]): DynamicModule {
    const checks = new Checks(pool);
    return {
      module: AttestationModule,
      providers: [
        { provide: Checks, useValue: checks },
        {
          provide: AttestationWorker,
          inject: [EventReader, Ledger, AttestedReports],
          useFactory: (reader: EventReader, ledger: Ledger, reports: AttestedReports) =>
            new AttestationWorker({
              pool,
              log: new LogStore(pool),
              key: noteKeyOf(signingKey(config.logOrigin, logSigningKey)),
              reader,
              projections,
              checks,
              ledger,
              reports,
              hours: config.attestationHours,
              workerLog: log,
            }),
        },
      ],
    };
  }

  onApplicationBootstrap(): void {
    const { worker, checks, readiness, metrics } = this;
    readiness.watch(async () => reasonOf((await checks.state()).different));
    metrics.gaugeBy(
      'ppp_view_rows_different',
      'Served rows that were not what the events give, at the last check of the views.',
      'projection',
      async () => (await checks.state()).different,
    );
    metrics.gauge(
      'ppp_last_verified_position',
      'The last check of the history and the views found nothing up to this position; 0 before the first.',
      async () => (await checks.state()).clean?.position ?? 0,
    );
    metrics.gauge(
      'ppp_last_verified_timestamp_seconds',
      'When the last check of the history and the views ended that found nothing; 0 before the first.',
      async () => (await checks.state()).clean?.atSeconds ?? 0,
    );
    worker.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.worker.stop();
  }
}

function reasonOf(different: ReadonlyMap<string, number>): string | undefined {
  const [first] = different;
  if (first === undefined) return undefined;
  const [name, rows] = first;
  return (
    `The view "${name}" serves other rows than the events give (${rows} at the last check): run ` +
    `"ppp-ledger rebuild ${name}", and find out what changed them.`
  );
}
