import { Controller, Query, Req } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Reading } from '../../http/read-model.js';
import { ReadRoute } from '../../http/routes.js';
import '../../http/request.js';
import { CapacityReportDto } from './capacity-report.dto.js';
import { CapitalReportDto } from './capital-report.dto.js';
import { EqualAccessReportDto } from './equal-access-report.dto.js';
import type { ReportRequest } from '../report-method.js';
import { CapacityQueryDto, EqualAccessQueryDto, PeriodDto } from './report.dto.js';
import { GetReport, type ReportBody } from './report.queries.js';

/** Refusals of a report of any point of the history. */
const REPORT = [
  'effective-time-too-far',
  'nothing-recorded',
  'point-in-the-future',
  'position-not-reached',
  'position-not-recorded',
  'published-report-missing',
  'report-not-ready',
  'too-many-reports',
  'unknown-method',
] as const;

@ApiTags('transparency')
@Controller('v1/transparency')
export class ReportController {
  constructor(private readonly queries: QueryBus) {}

  /** Read whether access follows demand, by category of user and by country: Art. 12b(16) of Regulation (EU) 2021/1173. */
  @ReadRoute({ path: 'equal-access', answer: EqualAccessReportDto, table: true, refusals: REPORT })
  getEqualAccessReport(
    @Query() query: EqualAccessQueryDto,
    @Req() request: FastifyRequest,
  ): Promise<Reading<ReportBody>> {
    const { facilityId, mode, pool } = query;
    return this.report({ kind: 'equal-access', facilityId, mode, pool }, query, request);
  }

  /** Read the promised and paid money, by layer and kind of partner. */
  @ReadRoute({ path: 'capital', answer: CapitalReportDto, table: true, refusals: REPORT })
  getCapitalReport(@Query() query: PeriodDto, @Req() request: FastifyRequest): Promise<Reading<ReportBody>> {
    return this.report({ kind: 'capital' }, query, request);
  }

  /** Read the installed, promised and used chip-hours, by facility and month. */
  @ReadRoute({ path: 'capacity', answer: CapacityReportDto, table: true, refusals: REPORT })
  getCapacityReport(@Query() query: CapacityQueryDto, @Req() request: FastifyRequest): Promise<Reading<ReportBody>> {
    return this.report({ kind: 'capacity', facilityId: query.facilityId }, query, request);
  }

  /** A report is sent as its own text: serialised a second time, it could have other bytes. */
  private report(report: ReportRequest, query: PeriodDto, request: FastifyRequest): Promise<Reading<ReportBody>> {
    const form = request.asCsv ? 'csv' : 'json';
    return this.queries.execute(new GetReport(report, query, form, request.headers['if-none-match']));
  }
}
