import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '../ledger/refusal.js';

/** How long requests that were accepted may take to finish once the service is asked to stop. */
const DRAIN_MS_MAX = 3_000;
const LOOK_MS = 20;
/** How long connections are then kept that owe nothing, such as one that has not sent its request. */
const LINGER_MS_MAX = 1_000;
/** And how long those that wait for an answer: together with all before it less than a process may take to end. */
const ANSWER_MS_MAX = 5_000;

/** Lets what was accepted finish and refuses what is new, so that a stop loses nobody's answer. */
export class Drain {
  private draining = false;
  /** Requests that have come as a whole and are not answered. */
  private inside = 0;

  constructor(app: NestFastifyApplication) {
    const server = app.getHttpAdapter().getInstance();
    server.addHook('onRequest', (_request, reply, done) => {
      if (!this.draining) return done();
      void reply.header('Connection', 'close');
      return done(
        new Refusal('unavailable', 'shutting-down', 'The service is stopping. Send the request again in a moment.'),
      );
    });
    server.addHook('preValidation', (_request, reply, done) => {
      this.inside += 1;
      // Comes for an answer that was sent and for a connection that broke alike.
      reply.raw.once('close', () => (this.inside -= 1));
      done();
    });
    server.addHook('preClose', (done) => {
      void this.answered(LINGER_MS_MAX, ANSWER_MS_MAX).then(() => server.server.closeAllConnections());
      done();
    });
  }

  get active(): boolean {
    return this.draining;
  }

  async finish(): Promise<void> {
    this.draining = true;
    await this.answered(0, DRAIN_MS_MAX);
  }

  /** Waits until nothing is inside, at least and at most so long. */
  private async answered(atLeastMs: number, atMostMs: number): Promise<void> {
    const startedAt = performance.now();
    for (;;) {
      const ms = performance.now() - startedAt;
      if (ms >= atMostMs || (ms >= atLeastMs && this.inside === 0)) return;
      await sleep(LOOK_MS, undefined, { ref: false });
    }
  }
}
