import { Controller, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Reading } from '../http/read-model.js';
import { ReadRoute } from '../http/routes.js';
import { CapacityReportDto } from './capacity-report.dto.js';
import { CapitalReportDto } from './capital-report.dto.js';
import { EqualAccessReportDto } from './equal-access-report.dto.js';
import { AsOfDto, CapacityQueryDto, EqualAccessQueryDto } from './transparency.dto.js';
import { GetCapacity, GetCapital, GetEqualAccess, type ReportBody } from './transparency.queries.js';

/** Refusals of a report of any point of the history. */
const REPORT = [
  'effective-time-too-far',
  'position-not-reached',
  'position-not-recorded',
  'report-not-ready',
  'too-many-reports',
] as const;

@ApiTags('transparency')
@Controller('v1/transparency')
export class TransparencyController {
  constructor(private readonly queries: QueryBus) {}

  /** Read whether access follows demand, by category of user and by country: Art. 12b(16) of Regulation (EU) 2021/1173. */
  @ReadRoute({ path: 'equal-access', answer: EqualAccessReportDto, table: true, refusals: REPORT })
  getEqualAccessReport(
    @Query() query: EqualAccessQueryDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Reading<ReportBody>> {
    return this.queries.execute(new GetEqualAccess(query, formOf(request, reply)));
  }

  /** Read the promised and paid money, by layer and kind of partner. */
  @ReadRoute({ path: 'capital', answer: CapitalReportDto, table: true, refusals: REPORT })
  getCapitalReport(
    @Query() query: AsOfDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Reading<ReportBody>> {
    return this.queries.execute(new GetCapital(query, formOf(request, reply)));
  }

  /** Read the installed, promised and used chip-hours, by facility and month. */
  @ReadRoute({ path: 'capacity', answer: CapacityReportDto, table: true, refusals: REPORT })
  getCapacityReport(
    @Query() query: CapacityQueryDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Reading<ReportBody>> {
    return this.queries.execute(new GetCapacity(query, formOf(request, reply)));
  }
}

/** A report is sent as its own text: serialised a second time, it could have other bytes. */
function formOf(request: FastifyRequest, reply: FastifyReply): 'json' | 'csv' {
  if (request.asCsv) return 'csv';
  void reply.type('application/json; charset=utf-8');
  return 'json';
}
