import { Module } from '@nestjs/common';
import { handlersOf } from '../ledger/ledger-command.js';
import * as commitmentCommands from './commitment.commands.js';
import { CommitmentController } from './commitment.controller.js';
import { commitmentQueryHandlers } from './commitment.queries.js';
import * as fundCommands from './fund.commands.js';
import { FundController } from './fund.controller.js';
import { fundQueryHandlers } from './fund.queries.js';

@Module({
  controllers: [FundController, CommitmentController],
  providers: [
    ...handlersOf(fundCommands),
    ...handlersOf(commitmentCommands),
    ...fundQueryHandlers,
    ...commitmentQueryHandlers,
  ],
})
export class CapitalModule {}
