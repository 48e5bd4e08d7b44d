import { Module } from '@nestjs/common';
import { handlersOf } from '../ledger/ledger-command.js';
import * as policyCommands from './policy.commands.js';
import { PolicyController } from './policy.controller.js';
import { policyQueryHandlers } from './policy.queries.js';

@Module({
  controllers: [PolicyController],
  providers: [...handlersOf(policyCommands), ...policyQueryHandlers],
})
export class GovernanceModule {}
