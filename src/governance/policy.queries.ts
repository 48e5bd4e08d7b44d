import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ReadModel, is, onDays, type Columns, type Page, type Reading } from '../http/read-model.js';
import { rowsForAll } from '../http/visibility.js';
import type { ListPoliciesDto, PolicyVersionDto } from './policy.dto.js';

export class ListPolicies extends Query<Reading<Page<PolicyVersionDto>>> {
  constructor(readonly query: ListPoliciesDto) {
    super();
  }
}

/** Policies are public. */
const POLICIES = rowsForAll('policies');

const COLUMNS: Columns<PolicyVersionDto> = {
  policy: 'policy',
  version: 'version',
  value: 'value',
  effectiveFrom: 'effective_from',
  reason: 'reason',
  recordedAt: 'recorded_at',
};

@QueryHandler(ListPolicies)
class ListPoliciesHandler implements IQueryHandler<ListPolicies> {
  constructor(private readonly rows: ReadModel) {}

  execute({ query }: ListPolicies): Promise<Reading<Page<PolicyVersionDto>>> {
    return this.rows.list({
      projection: 'policies',
      rows: POLICIES,
      columns: COLUMNS,
      filters: { policy: query.policy, from: query.from, to: query.to },
      limit: query.limit,
      cursor: query.cursor,
      where: ({ policy, ...days }) => [is('policy', policy), ...onDays('effective_from', days, 'instant')],
    });
  }
}

export const policyQueryHandlers = [ListPoliciesHandler];
