import { Body, Controller, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import type { Page, Reading } from '../http/read-model.js';
import { CommandRoute, Context, ReadRoute } from '../http/routes.js';
import { AdoptPolicy } from './policy.commands.js';
import {
  AdoptPolicyDto,
  AdoptedPolicyDto,
  ListPoliciesDto,
  PolicyPageDto,
  type PolicyVersionDto,
} from './policy.dto.js';
import { ListPolicies } from './policy.queries.js';

@ApiTags('policies')
@Controller('v1/policies')
export class PolicyController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Adopt the next version of a policy. A policy decides a question that the law leaves open, from a date on, with a reason. */
  @CommandRoute({
    command: AdoptPolicy,
    roles: ['board'],
    created: '/v1/policies?policy=:id',
    answer: AdoptedPolicyDto,
  })
  adoptPolicy(@Body() body: AdoptPolicyDto, @Context() context: CommandContext): Promise<Answer> {
    return this.commands.execute(new AdoptPolicy(context, { body }));
  }

  /** List the versions of all policies in the order of their adoption. */
  @ReadRoute({ projection: 'policies', answer: PolicyPageDto, table: true })
  listPolicies(@Query() query: ListPoliciesDto): Promise<Reading<Page<PolicyVersionDto>>> {
    return this.queries.execute(new ListPolicies(query));
  }
}
