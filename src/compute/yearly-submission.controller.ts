import { Body, Controller, Param, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import type { Page, Reading } from '../http/read-model.js';
import { CommandRoute, Context, ReadRoute } from '../http/routes.js';
import { IdParams } from '../http/validation.js';
import { SubmitYear } from './yearly-submission.commands.js';
import { SubmitYearDto, YearlySubmissionAnswerDto } from './yearly-submission.dto.js';
import {
  ListYearlySubmissionsDto,
  YearlySubmissionsPageDto,
  type YearlySubmissionsDto,
} from './yearly-submission-read.dto.js';
import { ListYearlySubmissions } from './yearly-submission.queries.js';

@ApiTags('compute')
@Controller('v1/facilities')
export class YearlySubmissionController {
  constructor(private readonly commands: CommandBus) {}

  /**
   * Record the yearly submission to the Governing Board: the audit report and the data on the use of access time, by 31 January for the
   * year before (Art. 12b(17)(l)). A further one for the same year is a further version.
   */
  @CommandRoute({
    command: SubmitYear,
    path: ':id/yearly-submissions',
    roles: ['operator', 'facility'],
    answer: YearlySubmissionAnswerDto,
  })
  submitYear(
    @Param() { id }: IdParams,
    @Body() body: SubmitYearDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new SubmitYear(context, { id, body }));
  }
}

/** What everybody sees of the submissions. */
@ApiTags('transparency')
@Controller('v1/transparency')
export class YearlySubmissionListController {
  constructor(private readonly queries: QueryBus) {}

  /** List the yearly submissions of the facilities, and the years for which one is overdue after 31 January. */
  @ReadRoute({
    path: 'yearly-submissions',
    projection: 'yearly-submissions',
    answer: YearlySubmissionsPageDto,
  })
  listYearlySubmissions(@Query() query: ListYearlySubmissionsDto): Promise<Reading<Page<YearlySubmissionsDto>>> {
    return this.queries.execute(new ListYearlySubmissions(query));
  }
}
