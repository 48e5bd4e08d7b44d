import { Module } from '@nestjs/common';
import { accessCallCommandHandlers } from './access-call.commands.js';
import { AccessCallController } from './access-call.controller.js';
import { accessCallQueryHandlers } from './access-call.queries.js';
import { accessRequestCommandHandlers } from './access-request.commands.js';
import { AccessRequestController } from './access-request.controller.js';
import { accessRequestQueryHandlers } from './access-request.queries.js';
import { allocationCommandHandlers } from './allocation.commands.js';
import { AllocationController } from './allocation.controller.js';
import { allocationQueryHandlers } from './allocation.queries.js';
import { AllocationPlaces } from './allocation-places.queries.js';
import { GrantController } from './grant.controller.js';
import { grantQueryHandlers } from './grant.queries.js';
import { usageCommandHandlers } from './usage.commands.js';
import { UsageController } from './usage.controller.js';
import { usageQueryHandlers } from './usage.queries.js';

@Module({
  controllers: [AccessCallController, AccessRequestController, GrantController, AllocationController, UsageController],
  providers: [
    ...accessCallCommandHandlers,
    ...accessRequestCommandHandlers,
    ...allocationCommandHandlers,
    ...usageCommandHandlers,
    ...accessCallQueryHandlers,
    ...accessRequestQueryHandlers,
    ...grantQueryHandlers,
    ...allocationQueryHandlers,
    ...usageQueryHandlers,
    AllocationPlaces,
  ],
})
export class AccessModule {}
