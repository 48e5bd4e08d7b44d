import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ReadModel, type Page, type Reading } from '../http/read-model.js';
import type { ListPoliciesDto, PolicyVersionDto } from './policy.dto.js';
import type { PolicyName } from './policy-values.js';

export class ListPolicies extends Query<Reading<Page<PolicyVersionDto>>> {
  constructor(readonly query: ListPoliciesDto) {
    super();
  }
}

@QueryHandler(ListPolicies)
export class ListPoliciesHandler implements IQueryHandler<ListPolicies> {
  constructor(private readonly rows: ReadModel) {}

  execute({ query }: ListPolicies): Promise<Reading<Page<PolicyVersionDto>>> {
    return this.rows.list({
      projection: 'policies',
      from: 'policies',
      columns: '*',
      filters: { policy: query.policy },
      limit: query.limit,
      cursor: query.cursor,
      where: ({ policy }) => [policy === undefined ? undefined : { column: 'policy', value: policy }],
      map: toPolicyVersion,
    });
  }
}

function toPolicyVersion(record: object): PolicyVersionDto {
  const row = record as {
    policy: PolicyName;
    version: number;
    value: unknown;
    effective_from: string;
    reason: string;
    recorded_at: string;
  };
  const { policy, version, value, reason } = row;
  return { policy, version, value, effectiveFrom: row.effective_from, reason, recordedAt: row.recorded_at };
}

export const policyQueryHandlers = [ListPoliciesHandler];
