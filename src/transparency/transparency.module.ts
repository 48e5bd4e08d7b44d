import { Global, Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import { ReportStates } from './report-states.queries.js';
import { PublicationTexts } from './publication-texts.queries.js';
import { publicationCommandHandlers } from './report-publication.commands.js';
import { ReportPublicationController } from './report-publication.controller.js';
import { Publications, publicationQueryHandlers } from './report-publication.queries.js';
import { LiveStanding } from './live-standing.js';
import { Reports } from './reports.js';
import { TransparencyController } from './transparency.controller.js';
import { transparencyQueryHandlers } from './transparency.queries.js';

/** Global, because the readiness of the service depends on its reports. */
@Global()
@Module({
  controllers: [TransparencyController, ReportPublicationController],
  providers: [
    ...transparencyQueryHandlers,
    ...publicationCommandHandlers,
    ...publicationQueryHandlers,
    Publications,
    LiveStanding,
    Reports,
    { provide: PublicationTexts, inject: [RUNTIME], useFactory: ({ pool }: Runtime) => new PublicationTexts(pool) },
    { provide: ReportStates, inject: [RUNTIME], useFactory: ({ pool }: Runtime) => new ReportStates(pool) },
  ],
  exports: [LiveStanding],
})
export class TransparencyModule {}
