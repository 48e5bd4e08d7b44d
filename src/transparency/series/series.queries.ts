import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { spanOf } from '../../domain/points-in-time.js';
import { LIVE } from '../../http/answer/caching.js';
import type { Reading } from '../../http/read-model.js';
import { Refusal } from '../../ledger/refusal.js';
import { monthOf, monthText, type Month } from '../measures/chip-time.js';
import type { Period } from '../events/publication.js';
import type { ReportRequest } from '../report-method.js';
import { tableOf } from '../report/report-table.js';
import { Reports } from '../states/reports.service.js';
import { SERIES_POINTS_MAX, type SeriesQueryDto } from './series.dto.js';
import type { ReportBody } from '../report/report.queries.js';

export class GetSeries extends Query<Reading<ReportBody>> {
  constructor(
    readonly request: ReportRequest,
    readonly query: SeriesQueryDto,
    readonly form: 'json' | 'csv',
  ) {
    super();
  }
}

/** Reports of months in a row by the current method. Each has the bytes of the report that is asked for with its month as the period. */
@QueryHandler(GetSeries)
class GetSeriesHandler implements IQueryHandler<GetSeries> {
  constructor(private readonly reports: Reports) {}

  async execute({ request, query, form }: GetSeries): Promise<Reading<ReportBody>> {
    const { method } = this.reports;
    const first = query.from === undefined ? undefined : spanOf(query.from);
    if (query.from !== undefined && first) this.reports.requireBegun('from', query.from, first);
    const months = monthsOf(query, monthOf(this.reports.nowMs()));
    const { position, body: texts } = await this.reports.series(months, Number(query.minPosition ?? 0), {
      name: JSON.stringify(request),
      render: (state, root, begin) => method.text(state, root, request, begin),
    });
    const headers = { 'Cache-Control': LIVE };
    if (form === 'csv') {
      const rows = texts.flatMap((text) => method.rowsOfText(text, request.kind));
      return { position, headers, body: { ...tableOf(request.kind, rows), next: null } };
    }
    const body = `{"interval":"month","points":[${texts.join(',')}]}`;
    return { position, headers: { ...headers, 'Content-Type': 'application/json; charset=utf-8' }, body };
  }
}

/** A year altogether. */
const MONTHS_BEFORE = 11;

const monthNamed = (text: string): Month => monthOf(spanOf(text)?.first ?? 0);

/** @throws Refusal `malformed-parameter` (400) for months in the wrong order, or too many. */
function monthsOf({ from, to }: SeriesQueryDto, current: Month): Period[] {
  const last = to === undefined ? current : monthNamed(to);
  const first = from === undefined ? last - MONTHS_BEFORE : monthNamed(from);
  const count = last - first + 1;
  if (count < 1)
    throw malformed(
      `The series would end in ${monthText(last)}, before it begins in ${monthText(first)}. Give a later month.`,
    );
  if (count > SERIES_POINTS_MAX) {
    throw malformed(`The series would have ${count} months; it has up to ${SERIES_POINTS_MAX}. Ask for fewer.`);
  }
  return Array.from({ length: count }, (_, index) => {
    const month = monthText(first + index);
    return { periodFrom: month, periodTo: month };
  });
}

const malformed = (detail: string): Refusal =>
  new Refusal('malformed', 'malformed-parameter', detail, {}, [{ pointer: '/to', detail }]);

export const seriesQueryHandlers = [GetSeriesHandler];
