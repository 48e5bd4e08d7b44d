import { Body, Controller, Param, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Answer, CommandContext, Principal } from '../ledger/command-context.js';
import { ReadQueryDto } from '../http/list-query.dto.js';
import type { Page, Reading } from '../http/read-model.js';
import { CommandRoute, Context, READERS, ReadRoute, Reader } from '../http/routes.js';
import { IdParams } from '../http/validation.js';
import { CapacityDto, CapacityQueryDto, FacilityDto, FacilityPageDto, ListFacilitiesDto } from './facility-read.dto.js';
import { AdoptQuotaPolicy, InstallCapacity, RegisterFacility, RetireCapacity } from './facility.commands.js';
import { AdoptQuotaPolicyDto, ChangeCapacityDto, QuotaPolicyAnswerDto, RegisterFacilityDto } from './facility.dto.js';
import { GetCapacity, GetFacility, ListFacilities } from './facility.queries.js';

@ApiTags('compute')
@Controller('v1/facilities')
export class FacilityController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Register a facility. It has no chips until capacity is installed. */
  @CommandRoute({ command: RegisterFacility, roles: ['operator'], created: '/v1/facilities/:id' })
  registerFacility(@Body() body: RegisterFacilityDto, @Context() context: CommandContext): Promise<Answer> {
    return this.commands.execute(new RegisterFacility(context, { body }));
  }

  /** Install chips from an instant on. */
  @CommandRoute({ command: InstallCapacity, path: ':id/capacity', roles: ['operator', 'facility'] })
  installCapacity(
    @Param() { id }: IdParams,
    @Body() body: ChangeCapacityDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new InstallCapacity(context, { id, body }));
  }

  /**
   * Retire chips from an instant on. Refused if at any later instant fewer chips would be installed than promised: the
   * promised chips are the allocated ones, and the chips that floors keep for a category beyond its allocations.
   */
  @CommandRoute({ command: RetireCapacity, path: ':id/retirements', roles: ['operator', 'facility'] })
  retireCapacity(
    @Param() { id }: IdParams,
    @Body() body: ChangeCapacityDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new RetireCapacity(context, { id, body }));
  }

  /** Adopt floors and caps for a chip model. They bind every allocation that is made after the adoption. */
  @CommandRoute({
    command: AdoptQuotaPolicy,
    path: ':id/quota-policies',
    roles: ['board'],
    answer: QuotaPolicyAnswerDto,
  })
  adoptQuotaPolicy(
    @Param() { id }: IdParams,
    @Body() body: AdoptQuotaPolicyDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new AdoptQuotaPolicy(context, { id, body }));
  }

  /** List facilities in the order of their registration. */
  @ReadRoute({ roles: READERS, projection: 'compute', answer: FacilityPageDto, table: true })
  listFacilities(@Query() query: ListFacilitiesDto, @Reader() reader: Principal): Promise<Reading<Page<FacilityDto>>> {
    return this.queries.execute(new ListFacilities(reader, query));
  }

  /** Read a facility with its chips, and with the quotas that are in force now or later. */
  @ReadRoute({
    path: ':id',
    roles: READERS,
    projection: 'compute',
    answer: FacilityDto,
    refusals: ['unknown-facility'],
  })
  getFacility(
    @Param() { id }: IdParams,
    @Query() _query: ReadQueryDto,
    @Reader() reader: Principal,
  ): Promise<Reading<FacilityDto>> {
    return this.queries.execute(new GetFacility(reader, id));
  }

  /** Read the installed, allocated and free chips over an interval, in steps without a change. */
  @ReadRoute({
    path: ':id/capacity',
    roles: READERS,
    projection: 'compute',
    answer: CapacityDto,
    refusals: ['empty-interval', 'too-many-steps', 'unknown-facility'],
  })
  getCapacity(
    @Param() { id }: IdParams,
    @Query() query: CapacityQueryDto,
    @Reader() reader: Principal,
  ): Promise<Reading<CapacityDto>> {
    return this.queries.execute(new GetCapacity(reader, id, query));
  }
}
