import { Controller, Get, Header, HttpCode, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import { Metrics } from '../platform/metrics.js';
import { Readiness } from '../platform/readiness.js';
import { PublicRoute } from './routes.js';

/** Routes for operators: liveness, readiness, metrics. */
@ApiExcludeController()
@Controller()
export class OperationsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly readiness: Readiness,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** The process answers. */
  @PublicRoute('operations')
  @Get('livez')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  getLiveness(): object {
    return { status: 'ok' };
  }

  /** The database answers, the views follow the events, and the transparency log is signed. */
  @PublicRoute('operations')
  @Get('readyz')
  async getReadiness(@Res() reply: FastifyReply): Promise<void> {
    const report = await this.readiness.report(this.store);
    await reply
      .status(report.status === 'ok' ? 200 : 503)
      .header('Cache-Control', 'no-store')
      .send(report);
  }

  @PublicRoute('operations')
  @Get('metrics')
  async getMetrics(@Res() reply: FastifyReply): Promise<void> {
    await reply.type(this.metrics.registry.contentType).send(await this.metrics.text());
  }
}
