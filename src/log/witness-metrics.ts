import { Counter } from 'prom-client';
import type { Metrics } from '../platform/metrics.js';
import type { WitnessState } from './cosignatures.queries.js';

/** The counters of this instance about its witnesses. */
export class WitnessMetrics {
  private readonly failures: Counter<'witness' | 'state'>;
  private readonly forkAlarms: Counter<'witness'>;

  /** @param witnesses names in the policy: the counter of each begins with 0, and not only with its first failure */
  constructor({ registry }: Metrics, witnesses: readonly string[]) {
    this.failures = new Counter({
      name: 'ppp_witness_failures_total',
      help: 'Submissions to a witness that brought no cosignature: it is down, refuses, or sees a fork.',
      labelNames: ['witness', 'state'],
      registers: [registry],
    });
    this.forkAlarms = new Counter({
      name: 'ppp_log_fork_alarms_total',
      help: 'Times that a witness held another history of this log than this instance does. Every one is an alarm.',
      labelNames: ['witness'],
      registers: [registry],
    });
    for (const witness of witnesses) {
      for (const state of ['down', 'refusing', 'fork']) this.failures.inc({ witness, state }, 0);
      this.forkAlarms.inc({ witness }, 0);
    }
  }

  failed(witness: string, state: WitnessState): void {
    this.failures.inc({ witness, state });
    if (state === 'fork') this.forkAlarms.inc({ witness });
  }
}
