import { Module } from '@nestjs/common';
import { PartnerController } from './partner.controller.js';
import { partnerCommandHandlers } from './partner.commands.js';
import { partnerQueryHandlers } from './partner.queries.js';

@Module({
  controllers: [PartnerController],
  providers: [...partnerCommandHandlers, ...partnerQueryHandlers],
})
export class PartnersModule {}
