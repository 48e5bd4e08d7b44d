import { Module, type DynamicModule, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import { Notifier } from '../ledger/notifier.js';
import { Metrics } from '../platform/metrics.js';
import { Readiness, logPart } from '../platform/readiness.js';
import type { Runtime } from '../platform/runtime.js';
import { CosignatureCollector } from './cosignature-collector.js';
import { CosignatureStore } from './cosignatures.queries.js';
import { CosignedCheckpoints } from './cosigned-checkpoints.js';
import { EventFeed } from './event-feed.js';
import { EventsController } from './events.controller.js';
import { EventPages, eventQueryHandlers } from './events.queries.js';
import { KeptCheckpoint } from './kept-checkpoint.js';
import { LogController } from './log.controller.js';
import { LogStore } from './log-store.queries.js';
import { LogWriter } from './log-writer.js';
import { noteKeyOf, signingKey } from '../tlog/note-key.js';
import { PublishedLog } from './published-log.js';
import { WitnessMetrics } from './witness-metrics.js';
import { readLogPolicy } from './witness-policy.js';

/** The history: events to read and to follow, and the transparency log over these events. */
@Module({})
export class LogModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly writer: LogWriter,
    private readonly collector: CosignatureCollector,
    private readonly metrics: Metrics,
    private readonly readiness: Readiness,
  ) {}

  /** Global, because reports cite the checkpoint that covers them. */
  static forRoot({ pool, config, logSigningKey, appendChecks, log }: Runtime): DynamicModule {
    const key = signingKey(config.logOrigin, logSigningKey);
    const verifier = noteKeyOf(key);
    const policy = readLogPolicy(config.logPolicy, verifier);
    const store = new LogStore(pool);
    const cosignatures = new CosignatureStore(pool);
    const kept = new KeptCheckpoint(config.dataDir, verifier);
    const grown = new Notifier();
    return {
      module: LogModule,
      global: true,
      controllers: [EventsController, LogController],
      providers: [
        ...eventQueryHandlers,
        EventPages,
        EventFeed,
        {
          provide: LogWriter,
          inject: [Notifier],
          useFactory: (notifier: Notifier) => new LogWriter(store, key, kept, appendChecks, notifier, grown, log),
        },
        {
          provide: CosignatureCollector,
          inject: [Metrics],
          useFactory: (metrics: Metrics) => {
            const counters = new WitnessMetrics(
              metrics,
              policy.witnesses.map(({ name }) => name),
            );
            return new CosignatureCollector(cosignatures, store, policy, grown, counters, log);
          },
        },
        { provide: CosignedCheckpoints, useValue: new CosignedCheckpoints(cosignatures, policy, log) },
        {
          provide: PublishedLog,
          inject: [EVENT_STORE, LogWriter, CosignedCheckpoints],
          useFactory: (events: EventStore, writer: LogWriter, checkpoints: CosignedCheckpoints) =>
            new PublishedLog(store, events, writer, checkpoints),
        },
      ],
      exports: [PublishedLog],
    };
  }

  onApplicationBootstrap(): void {
    const { writer, collector, metrics, readiness } = this;
    readiness.register('log', async (head) => logPart(await writer.status(), head));
    // A witness that is down is listed and does not make the service unready: the log does not wait for it.
    readiness.register('witnesses', async () => ({ shown: await collector.status() }));
    metrics.gauge(
      'ppp_log_size',
      'Events that the last signed checkpoint covers.',
      async () => (await writer.status()).size,
    );
    metrics.gaugeBy('ppp_witness_lag', 'Signed events that a witness has not cosigned yet.', 'witness', async () => {
      return new Map((await collector.status()).map(({ name, lagEvents }) => [name, lagEvents]));
    });
    writer.start();
    collector.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.collector.stop();
    await this.writer.stop();
  }
}
