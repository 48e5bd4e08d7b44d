import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ReadModel, is, mapPage, type Columns, type Page, type Reading } from '../http/read-model.js';
import { rowsForAll } from '../http/visibility.js';
import { dateOf } from '../ledger/time.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import type { FacilityKind } from './facility-events.js';
import type { ListYearlySubmissionsDto, YearlySubmissionsDto } from './yearly-submission-read.dto.js';
import { yearsOf, type StoredVersion } from './yearly-duties.js';

export class ListYearlySubmissions extends Query<Reading<Page<YearlySubmissionsDto>>> {
  constructor(readonly query: ListYearlySubmissionsDto) {
    super();
  }
}

type Row = Omit<YearlySubmissionsDto, 'years'> & {
  readonly kind: FacilityKind;
  readonly submissions: readonly StoredVersion[];
};

const COLUMNS: Columns<Row> = {
  id: 'id',
  revision: 'revision',
  name: 'name',
  kind: 'kind',
  operationsStartedOn: 'operations_started_on',
  submissions: 'submissions',
};

/** AI gigafactories, and others that have submitted something. Submissions are public. */
const FACILITIES = rowsForAll(
  `(select * from yearly_submissions where kind = 'ai-gigafactory' or submissions <> '[]'::jsonb) as submitting`,
);

@QueryHandler(ListYearlySubmissions)
class ListYearlySubmissionsHandler implements IQueryHandler<ListYearlySubmissions> {
  constructor(
    private readonly rows: ReadModel,
    @Inject(RUNTIME) private readonly runtime: Runtime,
  ) {}

  async execute({ query }: ListYearlySubmissions): Promise<Reading<Page<YearlySubmissionsDto>>> {
    const today = dateOf(this.runtime.clock());
    const page = await this.rows.list({
      projection: 'yearly-submissions',
      rows: FACILITIES,
      columns: COLUMNS,
      filters: { facilityId: query.facilityId },
      recorded: { from: query.from, to: query.to },
      limit: query.limit,
      cursor: query.cursor,
      where: ({ facilityId }) => [is('id', facilityId)],
    });
    return mapPage(page, ({ kind, submissions, ...facility }) => ({
      ...facility,
      years: yearsOf({ kind, operationsStartedOn: facility.operationsStartedOn, submissions }, today),
    }));
  }
}

export const yearlySubmissionQueryHandlers = [ListYearlySubmissionsHandler];
