import { Module } from '@nestjs/common';
import { handlersOf } from '../ledger/ledger-command.js';
import * as commitmentCommands from './commitment.commands.js';
import { CommitmentController } from './commitment.controller.js';
import { commitmentQueryHandlers } from './commitment.queries.js';
import { CapitalCallController } from './capital-call.controller.js';
import { capitalCallQueryHandlers } from './capital-call.queries.js';
import { OpenRecordCounts } from '../http/open-records.js';
import * as fundCommands from './fund.commands.js';
import { FundController } from './fund.controller.js';
import { fundQueryHandlers } from './fund.queries.js';

@Module({
  controllers: [FundController, CommitmentController, CapitalCallController],
  providers: [
    ...handlersOf(fundCommands),
    ...handlersOf(commitmentCommands),
    ...fundQueryHandlers,
    ...commitmentQueryHandlers,
    ...capitalCallQueryHandlers,
    OpenRecordCounts,
  ],
})
export class CapitalModule {}
