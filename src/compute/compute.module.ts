import { Module } from '@nestjs/common';
import { facilityCommandHandlers } from './facility.commands.js';
import { FacilityController } from './facility.controller.js';
import { facilityQueryHandlers } from './facility.queries.js';

@Module({
  controllers: [FacilityController],
  providers: [...facilityCommandHandlers, ...facilityQueryHandlers],
})
export class ComputeModule {}
