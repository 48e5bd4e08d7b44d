import { Module } from '@nestjs/common';
import { handlersOf } from '../ledger/ledger-command.js';
import * as facilityCommands from './facility.commands.js';
import * as poolCommands from './pool.commands.js';
import { PoolController } from './pool.controller.js';
import { FacilityController } from './facility.controller.js';
import { facilityQueryHandlers } from './facility.queries.js';

@Module({
  controllers: [FacilityController, PoolController],
  providers: [...handlersOf(facilityCommands), ...handlersOf(poolCommands), ...facilityQueryHandlers],
})
export class ComputeModule {}
