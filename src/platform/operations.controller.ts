import { Controller, Get, Header, HttpCode, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import { Projector, type ProjectionStatus } from '../ledger/projector.js';
import { Metrics } from './metrics.js';
import { PublicRoute } from './routes.js';

/** A view further behind than this makes the instance unready: what it serves is not the present. */
const LAG_EVENTS_MAX = 50_000;

/** For those who run the service: alive, ready, measured. */
@ApiExcludeController()
@Controller()
export class OperationsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly projector: Projector,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** The process answers. */
  @PublicRoute()
  @Get('livez')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  getLiveness(): object {
    return { status: 'ok' };
  }

  /** The database answers and the views follow the log. */
  @PublicRoute()
  @Get('readyz')
  async getReadiness(@Res() reply: FastifyReply): Promise<void> {
    const readiness = await this.readiness();
    await reply
      .status(readiness.status === 'ok' ? 200 : 503)
      .header('Cache-Control', 'no-store')
      .send(readiness);
  }

  @PublicRoute()
  @Get('metrics')
  async getMetrics(@Res() reply: FastifyReply): Promise<void> {
    await reply.type(this.metrics.registry.contentType).send(await this.metrics.registry.metrics());
  }

  private async readiness(): Promise<{
    status: string;
    position: number | null;
    projections: unknown[];
    reason?: string;
  }> {
    try {
      const position = await this.store.head();
      const projections = await this.projector.status();
      const unready = projections.find((status) => isUnready(status, position));
      return {
        status: unready ? 'unready' : 'ok',
        position,
        projections: projections.map((status) => ({ ...status, lagEvents: Math.max(0, position - status.position) })),
        ...(unready && { reason: unready.failure ?? `The view "${unready.name}" is still following the log.` }),
      };
    } catch {
      return { status: 'unready', position: null, projections: [], reason: 'The database does not answer.' };
    }
  }
}

const isUnready = (status: ProjectionStatus, head: number): boolean =>
  status.failure !== undefined || head - status.position > LAG_EVENTS_MAX;
