import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import { ReportStates } from './report-states.queries.js';
import { Reports } from './reports.js';
import { TransparencyController } from './transparency.controller.js';
import { transparencyQueryHandlers } from './transparency.queries.js';

@Module({
  controllers: [TransparencyController],
  providers: [
    ...transparencyQueryHandlers,
    Reports,
    { provide: ReportStates, inject: [RUNTIME], useFactory: ({ pool }: Runtime) => new ReportStates(pool) },
  ],
  exports: [Reports],
})
export class TransparencyModule {}
