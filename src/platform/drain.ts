import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '../ledger/refusal.js';

/** How long requests that were accepted may take to finish once the service is asked to stop. */
const DRAIN_MS_MAX = 3_000;
const LOOK_MS = 20;
/** How long connections are then kept that are not idle but owe nothing, such as one that has not sent its request. */
const LINGER_MS_MAX = 1_000;

/** Lets what was accepted finish and refuses what is new, so that a stop loses nobody's answer. */
export class Drain {
  private draining = false;
  private inside = 0;

  constructor(app: NestFastifyApplication) {
    const server = app.getHttpAdapter().getInstance();
    server.addHook('onRequest', (_request, reply, done) => {
      if (!this.draining) {
        this.inside += 1;
        done();
        return;
      }
      void reply.header('Connection', 'close');
      done(new Refusal('unavailable', 'shutting-down', 'The service is stopping. Send the request again in a moment.'));
    });
    server.addHook('preClose', (done) => {
      setTimeout(() => server.server.closeAllConnections(), LINGER_MS_MAX).unref();
      done();
    });
    server.addHook('onResponse', (_request, _reply, done) => {
      if (this.inside > 0) this.inside -= 1;
      done();
    });
  }

  get active(): boolean {
    return this.draining;
  }

  async finish(): Promise<void> {
    this.draining = true;
    const deadline = Date.now() + DRAIN_MS_MAX;
    while (this.inside > 0 && Date.now() < deadline) await sleep(LOOK_MS);
  }
}
