import { Controller, Get, Header, HttpCode, Inject, Res } from '@nestjs/common';
import { ApiExtraModels, ApiProduces, ApiResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import { Metrics } from '../platform/metrics.js';
import { Readiness } from '../platform/readiness.js';
import { LivenessDto, ReadinessDto } from './operations.dto.js';
import { PublicRoute } from './routes.js';

const READINESS = { 'application/json': { schema: { $ref: getSchemaPath(ReadinessDto) } } };

/** Routes for operators: liveness, readiness, metrics. */
@ApiTags('operations')
@ApiExtraModels(ReadinessDto)
@Controller()
export class OperationsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly readiness: Readiness,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** Ask whether the process answers. */
  @PublicRoute('operations')
  @Get('livez')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiResponse({ status: 200, description: 'It does.', type: LivenessDto })
  getLiveness(): LivenessDto {
    return { status: 'ok' };
  }

  /**
   * Ask whether the service is ready.
   * @remarks It is when the database answers, the views follow the events, and the transparency log is signed.
   */
  @PublicRoute('operations')
  @Get('readyz')
  @ApiResponse({ status: 200, description: 'It is.', content: READINESS })
  @ApiResponse({ status: 503, description: 'It is not: `reason` says why.', content: READINESS })
  async getReadiness(@Res() reply: FastifyReply): Promise<void> {
    const report = await this.readiness.report(this.store);
    await reply
      .status(report.status === 'ok' ? 200 : 503)
      .header('Cache-Control', 'no-store')
      .send(report);
  }

  /** Read the metrics, for Prometheus. */
  @PublicRoute('operations')
  @Get('metrics')
  @ApiProduces('text/plain')
  @ApiResponse({
    status: 200,
    description: 'In the text format of Prometheus.',
    schema: { type: 'string', maxLength: 10_000_000 },
  })
  async getMetrics(@Res() reply: FastifyReply): Promise<void> {
    await reply.type(this.metrics.registry.contentType).send(await this.metrics.text());
  }
}
