import { Controller, Query, Req } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Reading } from '../../http/read-model.js';
import { ReadRoute } from '../../http/routes.js';
import '../../http/request.js';
import type { ReportBody } from '../report/report.queries.js';
import type { ReportRequest } from '../report-method.js';
import {
  CapacitySeriesDto,
  CapacitySeriesQueryDto,
  CapitalSeriesDto,
  EqualAccessSeriesDto,
  EqualAccessSeriesQueryDto,
  SeriesQueryDto,
} from './series.dto.js';
import { GetSeries } from './series.queries.js';

const SERIES = ['point-in-the-future', 'position-not-reached', 'report-not-ready', 'too-many-reports'] as const;

@ApiTags('transparency')
@Controller('v1/transparency')
export class SeriesController {
  constructor(private readonly queries: QueryBus) {}

  /** Read equal access month by month, in one answer: each point is the report of its month, with the sums at its end. */
  @ReadRoute({ path: 'equal-access/series', answer: EqualAccessSeriesDto, table: true, refusals: SERIES })
  getEqualAccessSeries(
    @Query() query: EqualAccessSeriesQueryDto,
    @Req() request: FastifyRequest,
  ): Promise<Reading<ReportBody>> {
    const { facilityId, mode, pool } = query;
    return this.series({ kind: 'equal-access', facilityId, mode, pool }, query, request);
  }

  /** Read the promised and paid money month by month, in one answer: each point is the report of its month, with the sums at its end. */
  @ReadRoute({ path: 'capital/series', answer: CapitalSeriesDto, table: true, refusals: SERIES })
  getCapitalSeries(@Query() query: SeriesQueryDto, @Req() request: FastifyRequest): Promise<Reading<ReportBody>> {
    return this.series({ kind: 'capital' }, query, request);
  }

  /** Read the chip-hours month by month, each as it was known at the end of the month. */
  @ReadRoute({ path: 'capacity/series', answer: CapacitySeriesDto, table: true, refusals: SERIES })
  getCapacitySeries(
    @Query() query: CapacitySeriesQueryDto,
    @Req() request: FastifyRequest,
  ): Promise<Reading<ReportBody>> {
    return this.series({ kind: 'capacity', facilityId: query.facilityId }, query, request);
  }

  private series(report: ReportRequest, query: SeriesQueryDto, request: FastifyRequest): Promise<Reading<ReportBody>> {
    return this.queries.execute(new GetSeries(report, query, request.asCsv ? 'csv' : 'json'));
  }
}
