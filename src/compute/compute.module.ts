import { Module } from '@nestjs/common';
import { handlersOf } from '../ledger/ledger-command.js';
import * as facilityCommands from './facility.commands.js';
import * as poolCommands from './pool.commands.js';
import { PoolController } from './pool.controller.js';
import { FacilityController } from './facility.controller.js';
import { accessPoolQueryHandlers } from './access-pool.queries.js';
import { facilityQueryHandlers } from './facility.queries.js';
import { RecordedHistory } from './recorded-history.queries.js';
import * as yearlyCommands from './yearly-submission.commands.js';
import { YearlySubmissionController, YearlySubmissionListController } from './yearly-submission.controller.js';
import { yearlySubmissionQueryHandlers } from './yearly-submission.queries.js';

@Module({
  controllers: [FacilityController, PoolController, YearlySubmissionController, YearlySubmissionListController],
  providers: [
    ...handlersOf(facilityCommands),
    ...handlersOf(poolCommands),
    ...handlersOf(yearlyCommands),
    ...facilityQueryHandlers,
    ...accessPoolQueryHandlers,
    ...yearlySubmissionQueryHandlers,
    RecordedHistory,
  ],
})
export class ComputeModule {}
