import { Module } from '@nestjs/common';
import { handlersOf } from '../ledger/ledger-command.js';
import * as accessCallCommands from './access-call.commands.js';
import { AccessCallController } from './access-call.controller.js';
import { accessCallQueryHandlers } from './access-call.queries.js';
import * as accessRequestCommands from './access-request.commands.js';
import { AccessRequestController } from './access-request.controller.js';
import { accessRequestQueryHandlers } from './access-request.queries.js';
import * as allocationCommands from './allocation.commands.js';
import { AllocationController } from './allocation.controller.js';
import { allocationQueryHandlers } from './allocation.queries.js';
import { AllocationPlaces } from './allocation-places.queries.js';
import { GrantController } from './grant.controller.js';
import { grantQueryHandlers } from './grant.queries.js';
import { OpenRecordCounts } from '../http/open-records.js';
import * as usageCommands from './usage.commands.js';
import { UsageController } from './usage.controller.js';
import { usageQueryHandlers } from './usage.queries.js';

@Module({
  controllers: [AccessCallController, AccessRequestController, GrantController, AllocationController, UsageController],
  providers: [
    ...handlersOf(accessCallCommands),
    ...handlersOf(accessRequestCommands),
    ...handlersOf(allocationCommands),
    ...handlersOf(usageCommands),
    ...accessCallQueryHandlers,
    ...accessRequestQueryHandlers,
    ...grantQueryHandlers,
    ...allocationQueryHandlers,
    ...usageQueryHandlers,
    AllocationPlaces,
    OpenRecordCounts,
  ],
})
export class AccessModule {}
