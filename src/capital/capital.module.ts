import { Module } from '@nestjs/common';
import { commitmentCommandHandlers } from './commitment.commands.js';
import { CommitmentController } from './commitment.controller.js';
import { commitmentQueryHandlers } from './commitment.queries.js';
import { fundCommandHandlers } from './fund.commands.js';
import { FundController } from './fund.controller.js';
import { fundQueryHandlers } from './fund.queries.js';

@Module({
  controllers: [FundController, CommitmentController],
  providers: [...fundCommandHandlers, ...commitmentCommandHandlers, ...fundQueryHandlers, ...commitmentQueryHandlers],
})
export class CapitalModule {}
