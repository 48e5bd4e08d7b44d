import { Controller, Get, Header, HttpCode, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CosignatureCollector, type WitnessStatus } from '../log/cosignature-collector.js';
import { LogWriter, type LogStatus } from '../log/log-writer.js';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import { Projector, type ProjectionStatus } from '../ledger/projector.js';
import { LiveStanding } from '../transparency/live-standing.js';
import { Metrics } from '../platform/metrics.js';
import { PublicRoute } from './routes.js';

/** A view or a log further behind than this makes the instance unready: what it serves is not the present. */
const LAG_EVENTS_MAX = 50_000;

interface Readiness {
  readonly status: 'ok' | 'unready';
  readonly position: number | null;
  readonly projections: readonly object[];
  readonly log: object | null;
  /** Those that are down or refuse are listed, and that is all: the log does not wait for them. */
  readonly witnesses: readonly WitnessStatus[];
  readonly reason?: string;
}

/** For those who run the service: alive, ready, measured. */
@ApiExcludeController()
@Controller()
export class OperationsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly projector: Projector,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly writer: LogWriter,
    private readonly collector: CosignatureCollector,
    private readonly reports: LiveStanding,
  ) {}

  /** The process answers. */
  @PublicRoute()
  @Get('livez')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  getLiveness(): object {
    return { status: 'ok' };
  }

  /** The database answers, the views follow the events, and the transparency log is signed. */
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

  private async readiness(): Promise<Readiness> {
    try {
      const position = await this.store.head();
      const projections = [...(await this.projector.status()), this.reports.status()];
      const log = await this.writer.status();
      const reason = this.store.failure ?? viewsReason(projections, position) ?? logReason(log, position);
      return {
        status: reason === undefined ? 'ok' : 'unready',
        position,
        projections: projections.map((status) => ({ ...status, lagEvents: Math.max(0, position - status.position) })),
        log: { ...log, lagEvents: Math.max(0, position - log.size) },
        witnesses: await this.collector.status(),
        ...(reason !== undefined && { reason }),
      };
    } catch {
      const reason = 'The database does not answer.';
      return { status: 'unready', position: null, projections: [], log: null, witnesses: [], reason };
    }
  }
}

function viewsReason(projections: readonly ProjectionStatus[], head: number): string | undefined {
  const unready = projections.find((status) => status.failure !== undefined || isLate(status.position, head));
  return unready && (unready.failure ?? `The view "${unready.name}" is still following the log.`);
}

function logReason({ size, failure }: LogStatus, head: number): string | undefined {
  if (failure !== undefined) return `The transparency log is not being signed: ${failure}`;
  return isLate(size, head) ? 'The transparency log is still being built.' : undefined;
}

const isLate = (position: number, head: number): boolean => head - position > LAG_EVENTS_MAX;
