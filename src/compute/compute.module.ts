import { Module } from '@nestjs/common';
import { handlersOf } from '../ledger/ledger-command.js';
import * as facilityCommands from './facility.commands.js';
import { FacilityController } from './facility.controller.js';
import { facilityQueryHandlers } from './facility.queries.js';

@Module({
  controllers: [FacilityController],
  providers: [...handlersOf(facilityCommands), ...facilityQueryHandlers],
})
export class ComputeModule {}
