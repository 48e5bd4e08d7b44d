import {
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Pool } from 'pg';
import { EVENT_STORE, type ClockRule, type EventStore } from './event-store.js';
import { EventReader } from './event-reader.js';
import { eventsProjection } from './projector/events.projection.js';
import { KeptComparisons } from './projector/kept-comparisons.js';
import { Ledger, type LedgerObserver } from './ledger.js';
import type { AggregateOutline } from './aggregate.js';
import type { AppendChecks } from './append-checks.js';
import { ClockCheck } from './postgres/clock-check.js';
import { PostgresEventStore } from './postgres/postgres-event-store.js';
import type { Projection } from './projector/projection.js';
import { ProjectionStore } from './projector/projection-store.js';
import { Projector, leadProjections } from './projector/projector.js';
import type { WorkerLog } from './worker.js';
import { SealedContents } from './sealed-contents.js';
import { Notifier } from './notifier.js';
import type { EpochMs } from './time.js';
import { Vault } from './vault.js';

/** The parts that the program passes to the ledger. */
export interface LedgerModuleOptions {
  readonly pool: Pool;
  /** The pool of a standby for reads, or the same pool. */
  readonly readPool: Pool;
  /** The engine; undefined if the pool is the engine. */
  readonly eventStore: EventStore | undefined;
  readonly wrappingKey: Buffer;
  readonly appendChecks: AppendChecks;
  /** See `Vault`; undefined: random keys. */
  readonly newContentKey: ((eventId: string) => Buffer) | undefined;
  readonly aggregates: readonly AggregateOutline[];
  readonly projections: readonly Projection[];
  readonly observer: LedgerObserver;
  readonly log: WorkerLog;
  readonly clock: () => EpochMs;
  readonly clockRule: ClockRule;
}

/** Notified when rows have moved; the provider `Notifier` is notified when events were written. */
const PROGRESS_NOTIFIER = Symbol('progress');

/** The write side and the projector; a program has one of each. */
@Module({})
export class LedgerModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly ledger: Ledger,
    private readonly projector: Projector,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    // A fault of the clocks is logged now, and not with the first command.
    void this.store.clocks?.().catch(() => undefined);
    await this.projector.start();
  }

  /** The HTTP connections are closed already: accepted commands are written, then the views stop following. */
  async onApplicationShutdown(): Promise<void> {
    await this.ledger.close();
    await this.projector.stop();
  }

  static forRoot(options: LedgerModuleOptions): DynamicModule {
    const { pool, readPool, aggregates, clock } = options;
    const projections = [eventsProjection(aggregates), ...options.projections];
    return {
      module: LedgerModule,
      global: true,
      providers: [
        { provide: EventReader, useValue: new EventReader(aggregates) },
        { provide: Notifier, useValue: new Notifier() },
        { provide: PROGRESS_NOTIFIER, useValue: new Notifier() },
        { provide: Vault, useValue: new Vault(options.wrappingKey, options.newContentKey) },
        { provide: SealedContents, inject: [Vault], useFactory: (vault: Vault) => new SealedContents(pool, vault) },
        {
          provide: EVENT_STORE,
          useFactory: (): EventStore =>
            options.eventStore ??
            new PostgresEventStore(
              pool,
              options.appendChecks,
              clock,
              new ClockCheck(pool, options.clockRule, clock, options.log),
            ),
        },
        {
          provide: Ledger,
          inject: [EVENT_STORE, EventReader, Vault, Notifier],
          useFactory: (store: EventStore, reader: EventReader, vault: Vault, notifier: Notifier) =>
            new Ledger(store, reader, vault, notifier, { observer: observerOf(options), clock }),
        },
        {
          provide: Projector,
          inject: [EVENT_STORE, EventReader, Notifier, PROGRESS_NOTIFIER],
          useFactory: (store: EventStore, reader: EventReader, notifier: Notifier, progress: Notifier) => {
            const rows = new ProjectionStore(pool);
            const served = readPool === pool ? rows : new ProjectionStore(readPool);
            const leads = () => leadProjections(pool);
            const comparisons = new KeptComparisons(pool);
            return new Projector(leads, store, reader, rows, projections, notifier, progress, options.log, {
              served,
              keep: (comparison) => comparisons.keep(comparison),
            });
          },
        },
      ],
      exports: [EventReader, Notifier, PROGRESS_NOTIFIER, Vault, SealedContents, EVENT_STORE, Ledger, Projector],
    };
  }
}

const observerOf = ({ observer, log }: LedgerModuleOptions): LedgerObserver => ({
  committed: (batch) => observer.committed?.(batch),
  unavailable: (error) => log.error({ err: error }, 'Commands could not be written: the store did not answer.'),
});
