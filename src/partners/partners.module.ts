import { Module } from '@nestjs/common';
import { PartnerController } from './partner.controller.js';
import { handlersOf } from '../ledger/ledger-command.js';
import * as partnerCommands from './partner.commands.js';
import { partnerQueryHandlers } from './partner.queries.js';

@Module({
  controllers: [PartnerController],
  providers: [...handlersOf(partnerCommands), ...partnerQueryHandlers],
})
export class PartnersModule {}
