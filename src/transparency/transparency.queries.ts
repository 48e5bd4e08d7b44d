import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { formatInstant, parseInstant } from '../ledger/time.js';
import type { Page, Reading } from '../http/read-model.js';
import { capacityReport } from './method-1/capacity-report.js';
import { capitalReport } from './method-1/capital-report.js';
import { capacityRows, capitalRows, equalAccessRows, type CsvRow } from './method-1/csv-rows.js';
import { equalAccessReport } from './method-1/equal-access-report.js';
import { bound, reportText, type Bound } from './method-1/report-header.js';
import { Reports, type AsOf } from './reports.service.js';
import type { AsOfDto, CapacityQueryDto, EqualAccessQueryDto } from './transparency.dto.js';

/** The report's own bytes, or its lines for CSV. */
export type ReportBody = string | Page<CsvRow>;
type Form = 'json' | 'csv';

export class GetEqualAccess extends Query<Reading<ReportBody>> {
  constructor(
    readonly query: EqualAccessQueryDto,
    readonly form: Form,
  ) {
    super();
  }
}
export class GetCapital extends Query<Reading<ReportBody>> {
  constructor(
    readonly query: AsOfDto,
    readonly form: Form,
  ) {
    super();
  }
}
export class GetCapacity extends Query<Reading<ReportBody>> {
  constructor(
    readonly query: CapacityQueryDto,
    readonly form: Form,
  ) {
    super();
  }
}

@QueryHandler(GetEqualAccess)
export class GetEqualAccessHandler implements IQueryHandler<GetEqualAccess> {
  constructor(private readonly reports: Reports) {}

  execute({ query, form }: GetEqualAccess): Promise<Reading<ReportBody>> {
    const { facilityId, mode } = query;
    return this.reports.answer(asOfOf(query), {
      name: `equal-access ${facilityId ?? '-'} ${mode ?? '-'} ${form}`,
      render: (state, root) =>
        bodyOf(bound(equalAccessReport(state, { facilityId, mode }), root), equalAccessRows, form),
    });
  }
}

@QueryHandler(GetCapital)
export class GetCapitalHandler implements IQueryHandler<GetCapital> {
  constructor(private readonly reports: Reports) {}

  execute({ query, form }: GetCapital): Promise<Reading<ReportBody>> {
    return this.reports.answer(asOfOf(query), {
      name: `capital ${form}`,
      render: (state, root) => bodyOf(bound(capitalReport(state), root), capitalRows, form),
    });
  }
}

@QueryHandler(GetCapacity)
export class GetCapacityHandler implements IQueryHandler<GetCapacity> {
  constructor(private readonly reports: Reports) {}

  execute({ query, form }: GetCapacity): Promise<Reading<ReportBody>> {
    const { facilityId } = query;
    return this.reports.answer(asOfOf(query), {
      name: `capacity ${facilityId ?? '-'} ${form}`,
      render: (state, root) => bodyOf(bound(capacityReport(state, facilityId), root), capacityRows, form),
    });
  }
}

const positionOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

const asOfOf = ({ minPosition, asOfPosition, asOf, effectiveAt }: AsOfDto): AsOf => ({
  minPosition: positionOf(minPosition),
  asOfPosition: positionOf(asOfPosition),
  asOf,
  effectiveAt: effectiveAt === undefined ? undefined : formatInstant(parseInstant(effectiveAt)),
});

function bodyOf<Report extends Bound>(report: Report, rowsOf: (report: Report) => CsvRow[], form: Form): ReportBody {
  if (form === 'json') return reportText(report);
  const { treeSize, root } = report;
  return { data: rowsOf(report).map((row) => ({ ...row, treeSize, root })), next: null };
}

export const transparencyQueryHandlers = [GetEqualAccessHandler, GetCapitalHandler, GetCapacityHandler];
