import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Refusal } from '../ledger/refusal.js';

/** How long accepted requests may take to finish after the service is asked to stop. */
const DRAIN_MS_MAX = 3_000;
const LOOK_MS = 20;
/** How long connections without an open request are then kept, such as one that has not sent its request yet. */
const LINGER_MS_MAX = 1_000;
/** How long connections that wait for an answer are kept. With the times above it is less than a process may take to end. */
const ANSWER_MS_MAX = 5_000;

/** Lets accepted requests finish and refuses new ones, so that a stop loses no answer. */
export class Drain {
  private draining = false;
  /** Requests that were received completely and are not answered yet. */
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
      // Emitted after the answer was sent, and also when the connection broke.
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

  /** Waits until no request is inside: at least and at most for these times. */
  private async answered(atLeastMs: number, atMostMs: number): Promise<void> {
    const startedAt = performance.now();
    for (;;) {
      const ms = performance.now() - startedAt;
      if (ms >= atMostMs || (ms >= atLeastMs && this.inside === 0)) return;
      await sleep(LOOK_MS, undefined, { ref: false });
    }
  }
}
