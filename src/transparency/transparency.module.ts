import { Inject, Module, type DynamicModule, type OnApplicationBootstrap } from '@nestjs/common';
import { Readiness, viewsPart } from '../platform/readiness.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import { AttestedReports } from './events/attestation.js';
import { ServedReports } from './attestation/attested-reports.service.js';
import { AttestationController } from './attestation/attestation.controller.js';
import { attestationQueryHandlers } from './attestation/attestation.queries.js';
import { DictionaryController } from './dictionary/dictionary.controller.js';
import { METHODS, MethodRegistry } from './methods.js';
import { storedStateVersion } from './report-method.js';
import { ReportStates } from './states/report-states.queries.js';
import { PublicationTexts } from './publication/publication-texts.queries.js';
import { handlersOf } from '../ledger/ledger-command.js';
import * as publicationCommands from './publication/report-publication.commands.js';
import { ReportPublicationController } from './publication/report-publication.controller.js';
import { Publications, publicationQueryHandlers } from './publication/report-publication.queries.js';
import { ReportFollower } from './states/report-follower.worker.js';
import { Reports } from './states/reports.service.js';
import { SeriesController } from './series/series.controller.js';
import { seriesQueryHandlers } from './series/series.queries.js';
import { ReportController } from './report/report.controller.js';
import { reportQueryHandlers } from './report/report.queries.js';

@Module({
  controllers: [
    ReportController,
    SeriesController,
    DictionaryController,
    ReportPublicationController,
    AttestationController,
  ],
  providers: [
    ...reportQueryHandlers,
    ...seriesQueryHandlers,
    ...handlersOf(publicationCommands),
    ...publicationQueryHandlers,
    ...attestationQueryHandlers,
    Publications,
    ReportFollower,
    Reports,
    { provide: AttestedReports, useClass: ServedReports },
    { provide: PublicationTexts, inject: [RUNTIME], useFactory: ({ pool }: Runtime) => new PublicationTexts(pool) },
    { provide: ReportStates, inject: [RUNTIME], useFactory: ({ pool }: Runtime) => new ReportStates(pool) },
  ],
  exports: [AttestedReports],
})
export class TransparencyModule implements OnApplicationBootstrap {
  constructor(
    private readonly reports: ReportFollower,
    private readonly readiness: Readiness,
    private readonly states: ReportStates,
    private readonly methods: MethodRegistry,
    @Inject(RUNTIME) private readonly runtime: Runtime,
  ) {}

  /**
   * Global, because attestations cite the reports.
   * @param methods the versions of the method; a test adds versions of its own.
   */
  static forRoot(methods: MethodRegistry = METHODS): DynamicModule {
    return { module: TransparencyModule, global: true, providers: [{ provide: MethodRegistry, useValue: methods }] };
  }

  async onApplicationBootstrap(): Promise<void> {
    this.readiness.register('projections', (head) => viewsPart([this.reports.status()], head));
    await this.deleteAbandonedStates();
  }

  /** Abandoned states only use space: a failure is logged, and the next start tries again. */
  private async deleteAbandonedStates(): Promise<void> {
    const { log } = this.runtime;
    const current = storedStateVersion(this.methods.current);
    try {
      for (const [version, deleted] of await this.states.deleteAbandoned(this.methods)) {
        log.info({ version, deleted, current }, 'Deleted stored report states of a version that nobody uses any more.');
      }
    } catch (error) {
      log.warn({ err: error, current }, 'Stored report states of other versions could not be deleted.');
    }
  }
}
