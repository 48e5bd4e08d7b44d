import { Body, Controller, Param, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Answer, CommandContext, Principal } from '../ledger/command-context.js';
import { ReadQueryDto } from '../http/list-query.dto.js';
import type { Page, Reading } from '../http/read-model.js';
import { CommandRoute, Context, READERS, ReadRoute, Reader } from '../http/routes.js';
import { IdParams } from '../http/validation.js';
import {
  ClassifyPartner,
  EndAffiliation,
  RecordAcquisition,
  RecordAffiliation,
  RegisterPartner,
} from './partner.commands.js';
import {
  ClassifyPartnerDto,
  EndAffiliationDto,
  ListPartnersDto,
  PartnerDto,
  PartnerPageDto,
  RecordAcquisitionDto,
  RecordAffiliationDto,
  RegisterPartnerDto,
} from './partner.dto.js';
import { GetPartner, ListPartners } from './partner.queries.js';

@ApiTags('partners')
@Controller('v1/partners')
export class PartnerController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Register a partner. It has no category until it is classified. */
  @CommandRoute({ command: RegisterPartner, roles: ['operator'], created: '/v1/partners/:id' })
  registerPartner(@Body() body: RegisterPartnerDto, @Context() context: CommandContext): Promise<Answer> {
    return this.commands.execute(new RegisterPartner(context, { body }));
  }

  /** Classify a partner from a date on, with evidence. A request counts under the category in force at its submission. */
  @CommandRoute({ command: ClassifyPartner, path: ':id/classifications', roles: ['operator'] })
  classifyPartner(
    @Param() { id }: IdParams,
    @Body() body: ClassifyPartnerDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new ClassifyPartner(context, { id, body }));
  }

  /** Record that another partner holds a share of this partner. */
  @CommandRoute({ command: RecordAffiliation, path: ':id/affiliations', roles: ['operator'] })
  recordAffiliation(
    @Param() { id }: IdParams,
    @Body() body: RecordAffiliationDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new RecordAffiliation(context, { id, body }));
  }

  /** Record that another partner no longer holds its share of this partner. */
  @CommandRoute({ command: EndAffiliation, path: ':id/affiliation-ends', roles: ['operator'] })
  endAffiliation(
    @Param() { id }: IdParams,
    @Body() body: EndAffiliationDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new EndAffiliation(context, { id, body }));
  }

  /** Record that another partner acquired this partner. The acquirer is its parent from that date on. */
  @CommandRoute({ command: RecordAcquisition, path: ':id/acquisitions', roles: ['operator'] })
  recordAcquisition(
    @Param() { id }: IdParams,
    @Body() body: RecordAcquisitionDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new RecordAcquisition(context, { id, body }));
  }

  /** List partners in the order of their registration. */
  @ReadRoute({ roles: READERS, projection: 'partners', answer: PartnerPageDto, table: true })
  listPartners(@Query() query: ListPartnersDto, @Reader() reader: Principal): Promise<Reading<Page<PartnerDto>>> {
    return this.queries.execute(new ListPartners(reader, query));
  }

  /** Read a partner. */
  @ReadRoute({ path: ':id', roles: READERS, projection: 'partners', answer: PartnerDto, refusals: ['unknown-partner'] })
  getPartner(
    @Param() { id }: IdParams,
    @Query() _query: ReadQueryDto,
    @Reader() reader: Principal,
  ): Promise<Reading<PartnerDto>> {
    return this.queries.execute(new GetPartner(reader, id));
  }
}
