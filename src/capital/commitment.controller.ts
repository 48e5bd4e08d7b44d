import { Body, Controller, Param, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Answer, CommandContext, Principal, Role } from '../ledger/command-context.js';
import { EmptyBodyDto } from '../http/empty-body.dto.js';
import { ReadQueryDto } from '../http/list-query.dto.js';
import type { Page, Reading } from '../http/read-model.js';
import { CommandRoute, Context, READERS, ReadRoute, Reader } from '../http/routes.js';
import { IdParams } from '../http/validation.js';
import { CommitmentDto, CommitmentPageDto, ListCommitmentsDto } from './commitment-read.dto.js';
import {
  AcceptCommitment,
  AcceptDecrease,
  AmendCommitment,
  CancelCommitment,
  Distribute,
  IssueCall,
  PayCall,
  PledgeCommitment,
  RequestDecrease,
  SignCommitment,
} from './commitment.commands.js';
import {
  AcceptCommitmentDto,
  AmendCommitmentDto,
  CallAnswerDto,
  CallParams,
  CancelCommitmentDto,
  DecreaseRequestAnswerDto,
  DecreaseRequestParams,
  DistributeDto,
  IssueCallDto,
  PayCallDto,
  PledgeCommitmentDto,
  RequestDecreaseDto,
  SignCommitmentDto,
} from './commitment.dto.js';
import { GetCommitment, ListCommitments } from './commitment.queries.js';

/** Partners pledge, sign, amend and cancel. Only the operator, who runs the fund, records calls, payments and distributions. */
const PROMISE: readonly Role[] = ['operator', 'partner'];
const CASH: readonly Role[] = ['operator'];

@ApiTags('capital')
@Controller('v1/commitments')
export class CommitmentController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /**
   * Pledge an amount to a tranche.
   * @remarks A pledge does not bind until it is signed. The pledges to a tranche may exceed its cap.
   */
  @CommandRoute({ command: PledgeCommitment, roles: PROMISE, created: '/v1/commitments/:id' })
  pledgeCommitment(@Body() body: PledgeCommitmentDto, @Context() context: CommandContext): Promise<Answer> {
    return this.commands.execute(new PledgeCommitment(context, { body }));
  }

  /**
   * Accept a pledge, once.
   * @remarks Where the policy `signature-acceptance` requires it, the partner itself may sign only an accepted pledge. A signature by
   * the operator is an acceptance.
   */
  @CommandRoute({ command: AcceptCommitment, path: ':id/acceptance', roles: ['operator'] })
  acceptCommitment(
    @Param() { id }: IdParams,
    @Body() body: AcceptCommitmentDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new AcceptCommitment(context, { id, body }));
  }

  /**
   * Sign a pledge.
   * @remarks Refused if the amount exceeds the cap of the tranche or the ceiling of 17 % for the Union (Art. 12b(5)).
   */
  @CommandRoute({ command: SignCommitment, path: ':id/signature', roles: PROMISE })
  signCommitment(
    @Param() { id }: IdParams,
    @Body() body: SignCommitmentDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new SignCommitment(context, { id, body }));
  }

  /**
   * Amend a signed commitment.
   * @remarks Raises or lowers the committed amount. The called part stays committed. After financial close a partner asks for a
   * decrease instead: see `decrease-requests`.
   */
  @CommandRoute({ command: AmendCommitment, path: ':id/amendments', roles: PROMISE })
  amendCommitment(
    @Param() { id }: IdParams,
    @Body() body: AmendCommitmentDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new AmendCommitment(context, { id, body }));
  }

  /**
   * Ask to lower or cancel a signed commitment.
   * @remarks After financial close, when a partner no longer does it by itself. Nothing changes before the operator accepts the request. A
   * later request replaces one that waits.
   */
  @CommandRoute({
    command: RequestDecrease,
    path: ':id/decrease-requests',
    roles: PROMISE,
    created: '/v1/commitments/:id',
    answer: DecreaseRequestAnswerDto,
  })
  requestDecrease(
    @Param() { id }: IdParams,
    @Body() body: RequestDecreaseDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new RequestDecrease(context, { id, body }));
  }

  /**
   * Accept the request of a partner to lower or cancel its commitment.
   * @remarks Amends or cancels the commitment. Refused if the Participating States would then no longer match the Union (Art. 12b(5)).
   */
  @CommandRoute({ command: AcceptDecrease, path: ':id/decrease-requests/:requestId/acceptance', roles: ['operator'] })
  acceptDecrease(
    @Param() { id, requestId }: DecreaseRequestParams,
    @Body() body: EmptyBodyDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new AcceptDecrease(context, { id, requestId, body }));
  }

  /**
   * Call capital.
   * @remarks Possible after the financial close of the fund, with the notice of the policy `capital-call-notice`, or 10 business days.
   */
  @CommandRoute({
    command: IssueCall,
    path: ':id/calls',
    roles: CASH,
    created: '/v1/commitments/:id',
    answer: CallAnswerDto,
  })
  issueCall(
    @Param() { id }: IdParams,
    @Body() body: IssueCallDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new IssueCall(context, { id, body }));
  }

  /**
   * Record a payment on a call.
   * @remarks In full or in part. Calls that were open at a cancellation stay payable.
   */
  @CommandRoute({ command: PayCall, path: ':id/calls/:callId/payments', roles: CASH, answer: CallAnswerDto })
  payCall(
    @Param() { id, callId }: CallParams,
    @Body() body: PayCallDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new PayCall(context, { id, callId, body }));
  }

  /**
   * Pay money back to the partner.
   * @remarks The recallable part can be called again.
   */
  @CommandRoute({ command: Distribute, path: ':id/distributions', roles: CASH })
  distribute(
    @Param() { id }: IdParams,
    @Body() body: DistributeDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new Distribute(context, { id, body }));
  }

  /**
   * Cancel a commitment, once.
   * @remarks Withdraws a pledge, or releases the unfunded part of a signed commitment. Open calls stay payable. After
   * financial close a partner asks for it instead: see `decrease-requests`.
   */
  @CommandRoute({ command: CancelCommitment, path: ':id/cancellation', roles: PROMISE })
  cancelCommitment(
    @Param() { id }: IdParams,
    @Body() body: CancelCommitmentDto,
    @Context() context: CommandContext,
  ): Promise<Answer> {
    return this.commands.execute(new CancelCommitment(context, { id, body }));
  }

  /**
   * List commitments.
   * @remarks In the order of the pledges. A credential that is bound to a partner sees only the commitments of that
   * partner.
   */
  @ReadRoute({ roles: READERS, projection: 'capital', answer: CommitmentPageDto, table: true })
  listCommitments(
    @Query() query: ListCommitmentsDto,
    @Reader() reader: Principal,
  ): Promise<Reading<Page<CommitmentDto>>> {
    return this.queries.execute(new ListCommitments(reader, query));
  }

  /**
   * Read a commitment.
   * @remarks With its calls and their payments.
   */
  @ReadRoute({
    path: ':id',
    roles: READERS,
    projection: 'capital',
    answer: CommitmentDto,
    refusals: ['unknown-commitment'],
  })
  getCommitment(
    @Param() { id }: IdParams,
    @Query() _query: ReadQueryDto,
    @Reader() reader: Principal,
  ): Promise<Reading<CommitmentDto>> {
    return this.queries.execute(new GetCommitment(reader, id));
  }
}
