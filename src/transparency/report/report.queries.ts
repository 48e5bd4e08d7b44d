import { createHash } from 'node:crypto';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { lastInstantOf, spanOf } from '../../domain/points-in-time.js';
import { formatInstant } from '../../ledger/time.js';
import { periodBegin, periodEnd } from '../events/publication.js';
import { IMMUTABLE, LIVE, SETTLED } from '../../http/answer/caching.js';
import { isHeld } from '../../http/answer/entity-tags.js';
import type { Page, Reading } from '../../http/read-model.js';
import { Refusal } from '../../ledger/refusal.js';
import { MethodRegistry } from '../methods.js';
import type { CsvRow, ReportMethod, ReportRequest } from '../report-method.js';
import { TABLE_LAYOUT_VERSION, tableOf } from './report-table.js';
import { Reports, type AsOf, type ReportPoint } from '../states/reports.service.js';
import type { PeriodDto } from './report.dto.js';

/** The report's own bytes, or its lines for CSV. */
export type ReportBody = string | Page<CsvRow>;
type Form = 'json' | 'csv';

export class GetReport extends Query<Reading<ReportBody>> {
  constructor(
    readonly request: ReportRequest,
    readonly query: PeriodDto,
    readonly form: Form,
    /** The header of that name. */
    readonly ifNoneMatch?: string,
  ) {
    super();
  }
}

/** A report that was made, and what its headers say. */
interface Made {
  readonly body: ReportBody;
  readonly root: Uint8Array;
  /** When the event at the position was recorded. */
  readonly recordedAt: string | null;
  readonly isEmpty: boolean;
}

@QueryHandler(GetReport)
class GetReportHandler implements IQueryHandler<GetReport> {
  constructor(
    private readonly reports: Reports,
    private readonly methods: MethodRegistry,
  ) {}

  async execute(report: GetReport): Promise<Reading<ReportBody>> {
    const { request, query, form, ifNoneMatch } = report;
    const method = this.methodOf(query.method);
    requirePeriods(method, report);
    const asOf = this.asOfOf(query);
    const point = await this.withBegin(await this.reports.locate(asOf), query);
    if (asOf.asOf !== undefined && point.position === 0) throw await this.nothingRecorded(query.asOf, asOf.asOf);
    const headersOf = (position: number, root: Uint8Array): Record<string, string> => ({
      ETag: tagOf(report, { position, root, effectiveAt: point.effectiveAt, begin: point.begin, method }),
      'Cache-Control': cachingOf(point, report),
      'Content-Location': permalinkTo(report, position, point, method),
      ...(form === 'json' && { 'Content-Type': 'application/json; charset=utf-8' }),
      ...(form === 'csv' && { Link: metadataOf(request.kind) }),
      ...(asOf.asOf !== undefined && { 'Ledger-As-Of': asOf.asOf }),
      ...(point.effectiveAt !== undefined && { 'Ledger-Effective-At': point.effectiveAt }),
    });
    if (ifNoneMatch !== undefined) {
      const { position } = point;
      const headers = headersOf(position, await this.reports.rootAt(position));
      if (isHeld(ifNoneMatch, headers['ETag'] ?? '')) return { position, headers, unchanged: true, body: '' };
    }
    const { position, body: made } = await this.reports.make<Made>(point, {
      name: `${JSON.stringify(request)} ${form}`,
      method,
      render: (state, root, begin) => ({
        body:
          form === 'json'
            ? method.text(state, root, request, begin)
            : { ...tableOf(request.kind, method.rows(state, root, request, begin)), next: null },
        root,
        recordedAt: state.recordedAt,
        isEmpty: method.isEmpty(state, request),
      }),
    });
    const headers = {
      ...headersOf(position, made.root),
      // Several events have the same second: a cache compares the tag, and not this time.
      ...(made.recordedAt !== null && { 'Last-Modified': new Date(made.recordedAt).toUTCString() }),
      ...(made.isEmpty && { 'Ledger-Notice': noticeOf(request, position, point.effectiveAt) }),
    };
    return { position, headers, body: made.body };
  }

  private methodOf(version: string | undefined): ReportMethod {
    const method = version === undefined ? this.reports.method : this.methods.of(version);
    if (method) return method;
    const known = this.methods.methods.map((one) => one.version);
    const detail = `There is no method ${version}. This program knows ${known.join(', ')}.`;
    throw new Refusal('malformed', 'unknown-method', detail, { known }, [{ pointer: '/method', detail }]);
  }

  /** Where a period is asked for: the point before it, and for one of effective time its end. */
  private async withBegin(point: ReportPoint, { periodFrom, periodTo, periodBasis }: PeriodDto): Promise<ReportPoint> {
    if (periodFrom === undefined || periodTo === undefined) return point;
    const period = { periodFrom, periodTo };
    if (periodBasis !== 'effective') return { ...point, begin: await this.reports.beginOf(period) };
    const begin = await this.reports.beginOf(period, point.position);
    return { ...point, begin, effectiveAt: formatInstant(periodEnd(period)) };
  }

  private asOfOf(query: PeriodDto): AsOf {
    const { minPosition, asOfPosition, asOf, effectiveAt, periodFrom, periodTo, periodBasis } = query;
    requireSoundPeriod(query);
    if (periodFrom !== undefined) this.instantOf('periodFrom', periodFrom);
    const [minimum, position] = [minPosition, asOfPosition].map((text) =>
      text === undefined ? undefined : Number(text),
    );
    return {
      minPosition: minimum,
      asOfPosition: position,
      asOf:
        periodTo !== undefined && periodBasis !== 'effective' && asOfPosition === undefined
          ? formatInstant(periodEnd({ periodTo }))
          : this.instantOf('asOf', asOf),
      effectiveAt: this.instantOf('effectiveAt', effectiveAt),
    };
  }

  /** The last instant that a text stands for. The DTO has checked the text. */
  private instantOf(parameter: string, text: string | undefined): string | undefined {
    const span = text === undefined ? undefined : spanOf(text);
    if (text === undefined || span === undefined) return undefined;
    this.reports.requireBegun(parameter, text, span);
    return lastInstantOf(span);
  }

  /** A report of zeros would look like figures. */
  private async nothingRecorded(asOf: string | undefined, asOfInstant: string): Promise<Refusal> {
    const firstRecordedAt = await this.reports.firstRecordedAt();
    const since =
      firstRecordedAt === null ? 'Nothing is recorded yet.' : `The first was recorded at ${firstRecordedAt}.`;
    return new Refusal(
      'unknown',
      'nothing-recorded',
      `No event was recorded by ${asOfInstant}. ${since} For what had taken effect by then, however late it was recorded, ask with effectiveAt=${asOf} instead.`,
      { asOfInstant, firstRecordedAt },
    );
  }
}

/** @throws Refusal `malformed-parameter` (400) for a period or a pool, and a method that has neither. */
function requirePeriods({ hasPeriods, version }: ReportMethod, { request, query }: GetReport): void {
  if (hasPeriods) return;
  const pool = request.kind === 'equal-access' ? request.pool : undefined;
  const { periodFrom, periodTo, periodBasis } = query;
  for (const [name, value] of Object.entries({ pool, periodFrom, periodTo, periodBasis })) {
    if (value !== undefined)
      throw malformed(name, `Method ${version} has no figures by ${name}. Leave one of them out.`);
  }
}

/** @throws Refusal `malformed-parameter` (400). */
function requireSoundPeriod({ asOf, effectiveAt, periodFrom, periodTo, periodBasis }: PeriodDto): void {
  if (periodFrom === undefined || periodTo === undefined) {
    const given = Object.entries({ periodFrom, periodTo, periodBasis }).find(([, value]) => value !== undefined);
    if (given) throw malformed(given[0], 'A period has two ends: give periodFrom and periodTo, or neither.');
    return;
  }
  for (const [name, value] of Object.entries({ asOf, effectiveAt })) {
    if (value !== undefined) throw malformed(name, `periodTo stands for ${name}. Give one of them.`);
  }
  if (periodBegin({ periodFrom }) < periodEnd({ periodTo })) return;
  throw malformed('periodTo', `The period would end on ${periodTo}, which is not after it begins, on ${periodFrom}.`);
}

const malformed = (parameter: string, detail: string): Refusal =>
  new Refusal('malformed', 'malformed-parameter', detail, {}, [{ pointer: `/${parameter}`, detail }]);

/** What distinguishes the bytes of an answer from those of all others. */
interface Identity extends Pick<ReportPoint, 'position' | 'effectiveAt' | 'begin'> {
  readonly root: Uint8Array;
  readonly method: ReportMethod;
}

/** Two answers have the same tag only if they have the same bytes; the root distinguishes two ledgers behind one address. */
function tagOf({ request, form, query }: GetReport, { position, root, effectiveAt, begin, method }: Identity): string {
  const layout = form === 'csv' ? [TABLE_LAYOUT_VERSION, query.dialect ?? null] : [];
  const since = begin ? [begin] : [];
  const parts = [request, form, ...layout, effectiveAt ?? null, ...since, Buffer.from(root).toString('base64')];
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, TAG_DIGEST_LENGTH);
  return `"${position}-${method.version}-${digest}"`;
}
/** 128 bits. */
const TAG_DIGEST_LENGTH = 22;

/**
 * The JSON of a position and a named method never changes: the method is frozen, and the figures follow from the events alone. A table is
 * a form of these figures that a later program may lay out otherwise, and an unnamed method is the current one.
 */
function cachingOf({ isSettled }: ReportPoint, { form, query }: GetReport): string {
  if (!isSettled) return LIVE;
  return form === 'json' && query.method !== undefined ? IMMUTABLE : SETTLED;
}

/** The address of the same figures for ever. */
function permalinkTo(
  { request, form, query }: GetReport,
  position: number,
  { effectiveAt, begin }: ReportPoint,
  { version }: ReportMethod,
): string {
  const { kind, ...filters } = request;
  const { periodFrom, periodTo, periodBasis } = query;
  const point = begin ? { periodFrom, periodTo, periodBasis } : { effectiveAt };
  const named = { asOfPosition: String(position), method: version, ...point, ...filters };
  const dialect = form === 'csv' && query.dialect !== undefined ? { dialect: query.dialect } : {};
  const given = Object.entries({ ...named, ...dialect }).filter(([, value]) => value !== undefined);
  const parameters = new URLSearchParams(given as [string, string][]);
  return `/v1/transparency/${kind}${form === 'csv' ? '.csv' : ''}?${parameters.toString()}`;
}

/** What the columns of a table mean (CSVW). */
const metadataOf = (kind: ReportRequest['kind']): string =>
  `</v1/transparency/${kind}.csv-metadata.json>; rel="describedby"; type="application/csvm+json"`;

/** Why every figure is 0 or not defined. */
function noticeOf({ kind, ...filters }: ReportRequest, position: number, effectiveAt: string | undefined): string {
  const narrowed = Object.entries(filters).flatMap(([name, value]) =>
    value === undefined ? [] : [` with ${name} ${value}`],
  );
  const what = `nothing that the ${kind} report counts${narrowed.join(' and')}`;
  return effectiveAt === undefined
    ? `No figures: ${what} is recorded up to position ${position}.`
    : `No figures: ${what} had taken effect by ${effectiveAt}, as far as it is recorded up to position ${position}.`;
}

export const reportQueryHandlers = [GetReportHandler];
