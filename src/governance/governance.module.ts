import { Module } from '@nestjs/common';
import { policyCommandHandlers } from './policy.commands.js';
import { PolicyController } from './policy.controller.js';
import { policyQueryHandlers } from './policy.queries.js';

@Module({
  controllers: [PolicyController],
  providers: [...policyCommandHandlers, ...policyQueryHandlers],
})
export class GovernanceModule {}
