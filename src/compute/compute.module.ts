import { Module } from '@nestjs/common';
import { allocationCommandHandlers } from '../access/allocation.commands.js';
import { AllocationController } from '../access/allocation.controller.js';
import { allocationQueryHandlers } from '../access/allocation.queries.js';
import { facilityCommandHandlers } from './facility.commands.js';
import { FacilityController } from './facility.controller.js';
import { facilityQueryHandlers } from './facility.queries.js';

@Module({
  controllers: [FacilityController, AllocationController],
  providers: [
    ...facilityCommandHandlers,
    ...allocationCommandHandlers,
    ...facilityQueryHandlers,
    ...allocationQueryHandlers,
  ],
})
export class ComputeModule {}
