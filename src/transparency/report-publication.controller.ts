import { Body, Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiExtraModels, ApiProduces, ApiResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { Refusal } from '../ledger/refusal.js';
import type { Page, Reading } from '../http/read-model.js';
import { CommandRoute, Context, ETag, PublicRoute, ReadRoute, Revalidated } from '../http/routes.js';
import { IdParams } from '../http/validation.js';
import { CapacityReportDto } from './capacity-report.dto.js';
import { CapitalReportDto } from './capital-report.dto.js';
import { EqualAccessReportDto } from './equal-access-report.dto.js';
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
import { ListPublishedReports, Publications, type Published } from './report-publication.queries.js';

/** A published text never changes. */
const IMMUTABLE = 'public, max-age=31536000, immutable';
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
    'report-not-ready',
    'too-many-reports',
  ])
  @Revalidated()
  @Get('reports/:id')
  @ApiExtraModels(...REPORTS)
  @ApiResponse({
    status: 200,
    description: 'The report, in canonical JSON (RFC 8785).',
    headers: { ETag },
    content: { 'application/json': { schema: { oneOf: REPORTS.map((model) => ({ $ref: getSchemaPath(model) })) } } },
  })
  async getPublishedReport(
    @Param() { id }: IdParams,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await send(await this.publications.report(id), 'application/json; charset=utf-8', request, reply);
  }

  /**
   * Read the completeness index of a published report: one line of canonical JSON for each stream, with the number of its events
   * and the revision of its last one. A reader who has a stream can see from it that no event was held back.
   */
  @PublicRoute('public', ['unknown-report'])
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
    await send(await this.publications.streams(id), 'application/jsonl; charset=utf-8', request, reply);
  }
}

async function send(
  { position, sha256, body }: Published<unknown>,
  type: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  if (request.asCsv) throw new Refusal('unknown', 'no-table', 'A published report has one form only.');
  const tag = `"${sha256}"`;
  void reply.header('Cache-Control', IMMUTABLE).header('ETag', tag).header('Ledger-Position', String(position));
  if (request.headers['if-none-match'] === tag) await reply.status(304).send();
  else await reply.type(type).send(body);
}
