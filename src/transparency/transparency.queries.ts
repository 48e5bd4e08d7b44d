import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { formatInstant, parseInstant } from '../ledger/time.js';
import type { Page, Reading } from '../http/read-model.js';
import type { CsvRow, ReportRequest } from './report-method.js';
import { Reports, type AsOf, type Render } from './reports.service.js';
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
class GetEqualAccessHandler implements IQueryHandler<GetEqualAccess> {
  constructor(private readonly reports: Reports) {}

  execute({ query, form }: GetEqualAccess): Promise<Reading<ReportBody>> {
    const { facilityId, mode } = query;
    return this.reports.answer(asOfOf(query), rendered(this.reports, { kind: 'equal-access', facilityId, mode }, form));
  }
}

@QueryHandler(GetCapital)
class GetCapitalHandler implements IQueryHandler<GetCapital> {
  constructor(private readonly reports: Reports) {}

  execute({ query, form }: GetCapital): Promise<Reading<ReportBody>> {
    return this.reports.answer(asOfOf(query), rendered(this.reports, { kind: 'capital' }, form));
  }
}

@QueryHandler(GetCapacity)
class GetCapacityHandler implements IQueryHandler<GetCapacity> {
  constructor(private readonly reports: Reports) {}

  execute({ query, form }: GetCapacity): Promise<Reading<ReportBody>> {
    const { facilityId } = query;
    return this.reports.answer(asOfOf(query), rendered(this.reports, { kind: 'capacity', facilityId }, form));
  }
}

/** A report by the current method. */
const rendered = ({ method }: Reports, request: ReportRequest, form: Form): Render<ReportBody> => ({
  name: `${JSON.stringify(request)} ${form}`,
  render: (state, root) =>
    form === 'json' ? method.text(state, root, request) : { data: method.rows(state, root, request), next: null },
});

const positionOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

const asOfOf = ({ minPosition, asOfPosition, asOf, effectiveAt }: AsOfDto): AsOf => ({
  minPosition: positionOf(minPosition),
  asOfPosition: positionOf(asOfPosition),
  asOf,
  effectiveAt: effectiveAt === undefined ? undefined : formatInstant(parseInstant(effectiveAt)),
});

export const transparencyQueryHandlers = [GetEqualAccessHandler, GetCapitalHandler, GetCapacityHandler];
