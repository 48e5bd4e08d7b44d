import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Page, Reading } from '../platform/read-model.js';
import { capacityReport } from './capacity-report.js';
import { capitalReport } from './capital-report.js';
import { capacityRows, capitalRows, equalAccessRows, type CsvRow } from './csv-rows.js';
import { equalAccessReport } from './equal-access-report.js';
import { reportText, type ReportHeader } from './report-header.js';
import { Reports, type AsOf, type Render } from './reports.js';
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
      render: (state) => bodyOf(equalAccessReport(state, { facilityId, mode }), equalAccessRows, form),
    });
  }
}

@QueryHandler(GetCapital)
export class GetCapitalHandler implements IQueryHandler<GetCapital> {
  constructor(private readonly reports: Reports) {}

  execute({ query, form }: GetCapital): Promise<Reading<ReportBody>> {
    const render: Render<ReportBody>['render'] = (state) => bodyOf(capitalReport(state), capitalRows, form);
    return this.reports.answer(asOfOf(query), { name: `capital ${form}`, render });
  }
}

@QueryHandler(GetCapacity)
export class GetCapacityHandler implements IQueryHandler<GetCapacity> {
  constructor(private readonly reports: Reports) {}

  execute({ query, form }: GetCapacity): Promise<Reading<ReportBody>> {
    const { facilityId } = query;
    return this.reports.answer(asOfOf(query), {
      name: `capacity ${facilityId ?? '-'} ${form}`,
      render: (state) => bodyOf(capacityReport(state, facilityId), capacityRows, form),
    });
  }
}

const positionOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

const asOfOf = ({ minPosition, asOfPosition, asOf }: AsOfDto): AsOf => ({
  minPosition: positionOf(minPosition),
  asOfPosition: positionOf(asOfPosition),
  asOf,
});

const bodyOf = <Report extends ReportHeader>(
  report: Report,
  rowsOf: (report: Report) => CsvRow[],
  form: Form,
): ReportBody => (form === 'csv' ? { data: rowsOf(report), next: null } : reportText(report));

export const transparencyQueryHandlers = [GetEqualAccessHandler, GetCapitalHandler, GetCapacityHandler];
