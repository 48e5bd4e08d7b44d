import { inTime } from './in-time.js';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { LedgerObserver } from '../ledger/ledger.js';

/** A metric whose values are read each time the metrics are read. */
interface Reading {
  readonly update: () => Promise<void>;
  /** Leaves the metric out of the next answer. */
  readonly leaveOut: () => void;
  /** The update that is under way. Answers share it, so that updates cannot pile up. */
  running?: Promise<void> | undefined;
}

/** Whoever asks earlier gets the same text again. */
const KEPT_MS = 1_000;

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

  private readonly leftOut = new Gauge({
    name: 'ppp_metrics_left_out',
    help: 'Metrics that this answer leaves out, because the database did not give them in time.',
    registers: [this.registry],
  });
  private readonly readings: Reading[] = [];
  private latest: { readonly text: Promise<string>; readonly since: number } | undefined;

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
    const gauge = new Gauge({ name, help, registers: [this.registry] });
    this.readings.push({ update: async () => gauge.set(await read()), leaveOut: () => gauge.remove() });
  }

  /** Values by label that are read each time the metrics are read. */
  gaugeBy(name: string, help: string, label: string, read: () => Promise<ReadonlyMap<string, number>>): void {
    const gauge = new Gauge({ name, help, labelNames: [label], registers: [this.registry] });
    this.readings.push({
      update: async () => {
        const values = await read();
        gauge.reset();
        for (const [key, value] of values) gauge.set({ [label]: key }, value);
      },
      leaveOut: () => gauge.reset(),
    });
  }

  /**
   * The metrics in the text format of Prometheus, up to a second old: the route is public, and reading them costs. They are there within a second, whatever the database does: what it does not give in
   * time is left out and counted.
   */
  text(): Promise<string> {
    const now = performance.now();
    if (!this.latest || now - this.latest.since > KEPT_MS) this.latest = { text: this.read(), since: now };
    return this.latest.text;
  }

  private async read(): Promise<string> {
    const isRead = await Promise.all(this.readings.map(refresh));
    this.leftOut.set(isRead.filter((is) => !is).length);
    return this.registry.metrics();
  }
}

/** False if the value could not be read in time. */
async function refresh(reading: Reading): Promise<boolean> {
  reading.running ??= reading.update().finally(() => {
    reading.running = undefined;
  });
  const done = reading.running.then(
    () => true,
    () => false,
  );
  const isRead = (await inTime(done)) ?? false;
  if (!isRead) reading.leaveOut();
  return isRead;
}
