import type { Readable } from 'node:stream';
import { Body, Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiExtension, ApiExtraModels, ApiProduces, ApiResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Answer, CommandContext } from '../../ledger/command-context.js';
import { Refusal } from '../../ledger/refusal.js';
import { IMMUTABLE, SETTLED, addVary } from '../../http/answer/caching.js';
import { csvHeaders } from '../../http/answer/csv-answer.js';
import { toCsv } from '../../http/answer/csv.js';
import { isHeld } from '../../http/answer/entity-tags.js';
import { FixedTableQueryDto } from '../../http/list-query.dto.js';
import type { Page, Reading } from '../../http/read-model.js';
import { CommandRoute, Context, ETag, PublicRoute, ReadRoute, Revalidated, TABLE } from '../../http/routes.js';
import { IdParams } from '../../http/validation.js';
import { CapacityReportDto } from '../report/capacity-report.dto.js';
import { CapitalReportDto } from '../report/capital-report.dto.js';
import { EqualAccessReportDto } from '../report/equal-access-report.dto.js';
import { DecideCorrectiveAction, PublishReport } from './report-publication.commands.js';
import {
  CorrectiveActionAnswerDto,
  DecideCorrectiveActionDto,
  ListPublishedReportsDto,
  PublishReportDto,
  PublishedReportAnswerDto,
  PublishedReportPageDto,
  type PublishedReportDto,
} from './report-publication.dto.js';
import { TABLE_LAYOUT_VERSION, type Table } from '../report/report-table.js';
import { ListPublishedReports, Publications, type Published } from './report-publication.queries.js';

/** Bound in the API document, for clients that allocate memory: ten million streams. */
const INDEX_BYTES_MAX = 1_000_000_000;
const REPORTS = [EqualAccessReportDto, CapitalReportDto, CapacityReportDto];

@ApiTags('transparency')
@Controller('v1/transparency')
export class ReportPublicationController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly publications: Publications,
  ) {}

  /** Publish a report as of the end of a period: its hash and its root become part of the history, its bytes stay as they are. */
  @CommandRoute({
    command: PublishReport,
    path: 'reports',
    roles: ['operator', 'board'],
    created: '/v1/transparency/reports/:id',
    answer: PublishedReportAnswerDto,
  })
  publishReport(@Body() body: PublishReportDto, @Context() context: CommandContext): Promise<Answer> {
    return this.commands.execute(new PublishReport(context, { body }));
  }

  /** Decide on a corrective action where shares of access are out of balance with demand: Art. 12b(16). */
  @CommandRoute({
    command: DecideCorrectiveAction,
    path: 'corrective-actions',
    roles: ['board'],
    created: '/v1/transparency/reports',
    answer: CorrectiveActionAnswerDto,
  })
  decideCorrectiveAction(@Body() body: DecideCorrectiveActionDto, @Context() context: CommandContext): Promise<Answer> {
    return this.commands.execute(new DecideCorrectiveAction(context, { body }));
  }

  /** List the published reports in the order of their publication, with the corrective actions that were decided on them. */
  @ReadRoute({ path: 'reports', projection: 'publications', answer: PublishedReportPageDto, table: true })
  listPublishedReports(@Query() query: ListPublishedReportsDto): Promise<Reading<Page<PublishedReportDto>>> {
    return this.queries.execute(new ListPublishedReports(query));
  }

  /** Read a published report: its exact bytes. Their SHA-256 is in the event of the publication and in the `ETag`. */
  @PublicRoute('public', [
    'unknown-report',
    'position-not-reached',
    'published-report-changed',
    'published-report-missing',
    'published-report-without-table',
    'report-not-ready',
    'too-many-reports',
    'no-table',
  ])
  @Revalidated()
  @RouteConfig({ table: true })
  @ApiExtension(TABLE, true)
  @Get('reports/:id')
  @ApiExtraModels(...REPORTS)
  @ApiResponse({
    status: 200,
    description: 'The report, in canonical JSON (RFC 8785). Its main table as CSV is made from these bytes.',
    headers: { ETag },
    content: { 'application/json': { schema: { oneOf: REPORTS.map((model) => ({ $ref: getSchemaPath(model) })) } } },
  })
  async getPublishedReport(
    @Param() { id }: IdParams,
    @Query() { dialect = 'comma' }: FixedTableQueryDto,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    addVary(reply, 'Accept');
    if (!request.asCsv) {
      await send(await this.publications.report(id), JSON_TEXT, request, reply);
      return;
    }
    const published = await this.publications.table(id);
    const { kind, position, sha256 } = published;
    const table = {
      headers: csvHeaders(kind, position),
      tag: `${sha256}-${TABLE_LAYOUT_VERSION}-${dialect}`,
      caching: SETTLED,
      form: ({ data, columns }: Table) => toCsv(data, dialect, columns),
    };
    await send(published, table, request, reply);
  }

  /**
   * Read the completeness index of a published report: one line of canonical JSON for each stream, with the number of its events
   * and the revision of its last one. A reader who has a stream can see from it that no event was held back.
   */
  @PublicRoute('public', ['unknown-report', 'no-table'])
  @Revalidated()
  @Get('reports/:id/streams')
  @ApiProduces('application/jsonl')
  @ApiResponse({
    status: 200,
    description: 'JSON lines, by stream.',
    headers: { ETag },
    schema: {
      type: 'string',
      pattern: String.raw`^(\{[^\n]+\}\n)+$`,
      maxLength: INDEX_BYTES_MAX,
      example: '{"count":2,"lastRevision":1,"stream":"fund-0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37"}\n',
    },
  })
  async getPublishedReportStreams(
    @Param() { id }: IdParams,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (request.asCsv) throw new Refusal('unknown', 'no-table', 'The index of a published report has one form only.');
    await send(await this.publications.streams(id), INDEX, request, reply);
  }
}

/** Sends a published text. A caller that holds it gets 304, and the text is not read. */
async function send<Body>(
  { position, publishedAt, sha256, body }: Published<Body>,
  { headers, tag = sha256, caching = IMMUTABLE, form }: Sending<Body>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const isUnchanged = isHeld(request.headers['if-none-match'], `"${tag}"`);
  const content = isUnchanged ? '' : form(await body());
  void reply
    .header('Cache-Control', caching)
    .header('ETag', `"${tag}"`)
    .header('Last-Modified', new Date(publishedAt).toUTCString())
    .header('Ledger-Position', String(position))
    .headers(headers)
    .status(isUnchanged ? 304 : 200);
  await reply.send(content);
}

interface Sending<Body> {
  readonly headers: Readonly<Record<string, string>>;
  /** The hash of the text when left out. */
  readonly tag?: string;
  readonly caching?: string;
  readonly form: (body: Body) => unknown;
}
const JSON_TEXT: Sending<Buffer> = {
  headers: { 'Content-Type': 'application/json; charset=utf-8' },
  form: (bytes) => bytes,
};
const INDEX: Sending<Readable> = {
  headers: { 'Content-Type': 'application/jsonl; charset=utf-8' },
  form: (stream) => stream,
};
