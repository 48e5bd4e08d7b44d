import type { CommandContext } from '../../src/ledger/command-context.js';
import { idOf } from './batches.js';
import { composeCall, sendCall, type SentCall } from './sent-call.js';
import { compose, contextFor, sendUnder, type Reply, type Sent } from './sent.js';
import type { SimulatedInstance } from './simulated-instance.js';
import type { SimulatedService } from './simulated-service.js';

/** Ten seconds of trying, an attempt on the way, a load before it; in simulated time. */
const ANSWER_MS_MAX = 15_000;

/** Those who send commands, and come again with the same key until they have an answer. */
export class Clients {
  readonly sent: Sent[] = [];
  readonly calls: SentCall[] = [];

  constructor(private readonly service: SimulatedService) {}

  compose(key: string): Sent {
    const sent = compose(this.service.world, key, this.service.accounts);
    this.sent.push(sent);
    return sent;
  }

  composeCall(key: string): SentCall {
    const call = composeCall(this.service.world, key, this.service.accounts);
    this.calls.push(call);
    return call;
  }

  /** Sends something to one instance or another until there is a final answer, as an ordinary client does. */
  async insist(send: () => Promise<boolean>): Promise<void> {
    const { world } = this.service;
    while (!(await send())) await world.sleep(world.integer(1, 2_000));
  }

  /** True when there is no reason to send it again. */
  async send(sent: Sent, { process, ledger } = this.service.anyInstance()): Promise<boolean> {
    const reply = await process.serve(() => this.sendUnder(contextFor(sent), sent, ledger, ANSWER_MS_MAX));
    return reply !== undefined && (!reply.refusal || reply.refusal.kind === 'stale');
  }

  /** Now and then one of its commands is left out, to come with the next attempt. */
  async sendCall(call: SentCall, { process, ledger } = this.service.anyInstance(), isWhole = false): Promise<boolean> {
    const { world } = this.service;
    // Those in order may have to wait for each other's attempts.
    const answerMsMax = ANSWER_MS_MAX * (1 + call.commands.length);
    const missing = isWhole || world.chance(0.8) ? undefined : world.integer(0, call.commands.length - 1);
    const send = (sent: Sent, context: CommandContext): Promise<Reply> =>
      this.sendUnder(context, sent, ledger, answerMsMax);
    const isDone = await process.serve(async () => {
      const askedAt = world.now();
      const done = await sendCall(call, { ledger, process, missing, send });
      this.requireInTime(call.key, askedAt, answerMsMax);
      return done;
    });
    return isDone === true;
  }

  private async sendUnder(
    context: CommandContext,
    sent: Sent,
    ledger: SimulatedInstance['ledger'],
    answerMsMax: number,
  ): Promise<Reply> {
    const { service } = this;
    const askedAt = service.world.now();
    const revisionBefore = service.revisionOf(sent.on);
    const wasDone = service.log.outcomes.has(idOf(sent.key));
    const reply = await sendUnder(context, sent, ledger);
    const { refusal } = reply;
    this.requireInTime(sent.key, askedAt, answerMsMax);
    const isInOrder = service.isCalm && !service.isDisturbed;
    if (refusal?.kind === 'unavailable' && refusal.code !== 'shutting-down' && isInOrder) {
      service.fail(`${sent.key} was turned away by a store in good order: ${refusal.message}`);
    }
    if (refusal?.kind === 'stale') {
      if (wasDone) service.fail(`${sent.key} had been carried out, but was turned away for its If-Match.`);
      const actual = Number(refusal.facts['actual']);
      if (actual < revisionBefore || actual > service.revisionOf(sent.on)) {
        service.fail(`${sent.key} heard of revision ${actual}, which was never durable while it was asking.`);
      }
    }
    return reply;
  }

  private requireInTime(key: string, askedAt: number, answerMsMax: number): void {
    const tookMs = this.service.world.now() - askedAt;
    if (tookMs > answerMsMax) this.service.fail(`${key} was answered after ${tookMs} ms.`);
  }
}
