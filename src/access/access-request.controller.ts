import { Body, Controller, Param, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Answer, CommandContext, Principal, Role } from '../ledger/command-context.js';
import { ReadQueryDto } from '../http/list-query.dto.js';
import type { Page, Reading } from '../http/read-model.js';
import { CommandRoute, Context, READERS, ReadRoute, Reader } from '../http/routes.js';
import { IdParams } from '../http/validation.js';
import {
  DecideAccessRequest,
  RecordEligibility,
  SubmitAccessRequest,
  WithdrawAccessRequest,
} from './access-request.commands.js';
import {
  DecideAccessRequestDto,
  RecordEligibilityDto,
  SubmitAccessRequestDto,
  WithdrawAccessRequestDto,
} from './access-request.dto.js';
import { GetAccessRequest, ListAccessRequests } from './access-request.queries.js';
import {
  AccessRequestDetailDto,
  AccessRequestDto,
  AccessRequestPageDto,
  ListAccessRequestsDto,
} from './access-request-read.dto.js';

const APPLICANT: readonly Role[] = ['operator', 'partner'];
/** The panel decides on access. The operator of the programme must not. */
const PANEL: readonly Role[] = ['panel'];

@ApiTags('access')
@Controller('v1/access-requests')
export class AccessRequestController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Submit a request under an open call. It counts under the applicant's category that is in force now. */
  @CommandRoute({ command: SubmitAccessRequest, roles: APPLICANT, created: '/v1/access-requests/:id' })
  submitAccessRequest(@Body() body: SubmitAccessRequestDto, @Context() context: CommandContext): Promise<Answer> {
    return this.commands.execute(new SubmitAccessRequest(context, { body }));
  }

  /** Withdraw an undecided request. */
  @CommandRoute({ command: WithdrawAccessRequest, path: ':id/withdrawal', roles: APPLICANT })
  withdrawAccessRequest(
    @Param() { id }: IdParams,
    @Body() body: WithdrawAccessRequestDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new WithdrawAccessRequest(context, { id, body }));
  }

  /**
   * Record whether the applicant is eligible (Art. 12b(15)(a)). The check is recorded once, and the submitter of the
   * request cannot record it.
   */
  @CommandRoute({ command: RecordEligibility, path: ':id/eligibility', roles: PANEL })
  recordEligibility(
    @Param() { id }: IdParams,
    @Body() body: RecordEligibilityDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new RecordEligibility(context, { id, body }));
  }

  /** Grant or deny a request. It is decided once, and its submitter cannot decide it. The grant has the id of the request. */
  @CommandRoute({ command: DecideAccessRequest, path: ':id/decision', roles: PANEL })
  decideAccessRequest(
    @Param() { id }: IdParams,
    @Body() body: DecideAccessRequestDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new DecideAccessRequest(context, { id, body }));
  }

  /** List requests in the order in which they were recorded. */
  @ReadRoute({ roles: READERS, projection: 'access', answer: AccessRequestPageDto, table: true })
  listAccessRequests(
    @Query() query: ListAccessRequestsDto,
    @Reader() reader: Principal,
  ): Promise<Reading<Page<AccessRequestDto>>> {
    return this.queries.execute(new ListAccessRequests(reader, query));
  }

  /** Read a request. Purpose and contact are visible to the panel, the operator, auditors and the applicant. */
  @ReadRoute({
    path: ':id',
    roles: READERS,
    projection: 'access',
    answer: AccessRequestDetailDto,
    refusals: ['unknown-access-request'],
  })
  getAccessRequest(
    @Param() { id }: IdParams,
    @Query() _query: ReadQueryDto,
    @Reader() reader: Principal,
  ): Promise<Reading<AccessRequestDetailDto>> {
    return this.queries.execute(new GetAccessRequest(reader, id));
  }
}
