import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { LedgerObserver } from '../ledger/ledger.js';

/** Prometheus metrics of one application. It has its own registry, so that a test can start several applications. */
export class Metrics implements LedgerObserver {
  readonly registry = new Registry();

  private readonly commands = new Counter({
    name: 'ppp_commands_total',
    help: 'Commands answered, by route and outcome (status code).',
    labelNames: ['operation', 'status'],
    registers: [this.registry],
  });
  private readonly appendSeconds = new Histogram({
    name: 'ppp_append_seconds',
    help: 'Time from writing a batch until it is durable.',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [this.registry],
  });
  private readonly commitEvents = new Histogram({
    name: 'ppp_commit_events',
    help: 'Events in one commit.',
    buckets: [0, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  command(operation: string, status: number): void {
    this.commands.inc({ operation, status: String(status) });
  }

  committed({ events, durationMs }: { events: number; durationMs: number }): void {
    this.appendSeconds.observe(durationMs / 1_000);
    this.commitEvents.observe(events);
  }

  /** A value that is read each time the metrics are read. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      async collect() {
        this.set(await read());
      },
    });
  }

  /** Values by label that are read each time the metrics are read. */
  gaugeBy(name: string, help: string, label: string, read: () => Promise<ReadonlyMap<string, number>>): void {
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.registry],
      async collect() {
        for (const [key, value] of await read()) this.set({ [label]: key }, value);
      },
    });
  }
}
