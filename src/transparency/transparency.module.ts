import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { Readiness, viewsPart } from '../platform/readiness.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import { ReportStates } from './report-states.queries.js';
import { PublicationTexts } from './publication-texts.queries.js';
import { handlersOf } from '../ledger/ledger-command.js';
import * as publicationCommands from './report-publication.commands.js';
import { ReportPublicationController } from './report-publication.controller.js';
import { Publications, publicationQueryHandlers } from './report-publication.queries.js';
import { ReportFollower } from './report-follower.worker.js';
import { Reports } from './reports.service.js';
import { TransparencyController } from './transparency.controller.js';
import { transparencyQueryHandlers } from './transparency.queries.js';

@Module({
  controllers: [TransparencyController, ReportPublicationController],
  providers: [
    ...transparencyQueryHandlers,
    ...handlersOf(publicationCommands),
    ...publicationQueryHandlers,
    Publications,
    ReportFollower,
    Reports,
    { provide: PublicationTexts, inject: [RUNTIME], useFactory: ({ pool }: Runtime) => new PublicationTexts(pool) },
    { provide: ReportStates, inject: [RUNTIME], useFactory: ({ pool }: Runtime) => new ReportStates(pool) },
  ],
})
export class TransparencyModule implements OnApplicationBootstrap {
  constructor(
    private readonly reports: ReportFollower,
    private readonly readiness: Readiness,
  ) {}

  onApplicationBootstrap(): void {
    this.readiness.register('projections', (head) => viewsPart([this.reports.status()], head));
  }
}
