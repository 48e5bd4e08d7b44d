import { Body, Controller, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Answer, CommandContext, Principal } from '../ledger/command-context.js';
import type { Page, Reading } from '../http/read-model.js';
import { CommandRoute, Context, READERS, ReadRoute, Reader } from '../http/routes.js';
import { ReportUsage } from './usage.commands.js';
import {
  AllocationUsageDto,
  AllocationUsagePageDto,
  ListUsageDto,
  ReportUsageDto,
  USAGE_RECORDS_MAX,
  UsageAnswerDto,
  UsageRecordDto,
} from './usage.dto.js';
import { ListUsage } from './usage.queries.js';

@ApiTags('access')
@Controller('v1/usage')
export class UsageController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Report the use of allocations, up to 10,000 records in one request. Either all records are recorded or none. */
  @CommandRoute({
    command: ReportUsage,
    roles: ['operator', 'facility'],
    answer: UsageAnswerDto,
    streamed: { body: ReportUsageDto, list: 'records', item: UsageRecordDto, itemsMax: USAGE_RECORDS_MAX },
  })
  reportUsage(@Body() body: ReportUsageDto, @Context() context: CommandContext): Promise<Answer> {
    return this.commands.execute(new ReportUsage(context, { body }));
  }

  /** List allocations with their use, in the order in which they were made. */
  @ReadRoute({ roles: READERS, projection: 'access', answer: AllocationUsagePageDto, table: true })
  listUsage(@Query() query: ListUsageDto, @Reader() reader: Principal): Promise<Reading<Page<AllocationUsageDto>>> {
    return this.queries.execute(new ListUsage(reader, query));
  }
}
