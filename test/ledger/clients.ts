import { idOf } from './batches.js';
import { composeCall, sendCall, type SentCall } from './sent-call.js';
import { compose, contextFor, note, outcomeOf, type Reply, type Sent } from './sent.js';
import type { SimulatedService } from './simulated-service.js';

/** Ten seconds of attempts of the ledger, an attempt under way, and a load before it; in simulated time. */
const ANSWER_MS_MAX = 15_000;

/** Clients that send commands, and repeat each with the same key until they have an answer. */
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

  /** Sends to one instance or another until there is a final answer, as an ordinary client does. */
  async insist(send: () => Promise<boolean>): Promise<void> {
    const { world } = this.service;
    while (!(await send())) await world.sleep(world.integer(1, 2_000));
  }

  /** True when the client has no reason to send it again. */
  async send(sent: Sent, { process, ledger } = this.service.anyInstance()): Promise<boolean> {
    const outcome = () => outcomeOf(ledger.execute(contextFor(sent), sent.decide));
    const reply = await process.serve(() => this.observe(sent, outcome, ANSWER_MS_MAX));
    return reply !== undefined && (!reply.refusal || reply.refusal.kind === 'stale');
  }

  /** Sends a call. Sometimes one of its commands fails its check, and executes in a later attempt. */
  async sendCall(call: SentCall, { process, ledger } = this.service.anyInstance(), isWhole = false): Promise<boolean> {
    const { world } = this.service;
    // Each command in order may wait for the attempts of the commands before it.
    const answerMsMax = ANSWER_MS_MAX * (1 + call.commands.length);
    const missing = isWhole || world.chance(0.8) ? undefined : world.integer(0, call.commands.length - 1);
    const observe = (sent: Sent, outcome: () => Promise<unknown>): Promise<Reply> =>
      this.observe(sent, outcome, answerMsMax);
    const isDone = await process.serve(async () => {
      const askedAt = world.now();
      const done = await sendCall(call, { ledger, process, missing, observe });
      this.requireInTime(call.key, askedAt, answerMsMax);
      return done;
    });
    return isDone === true;
  }

  /** Notes the outcome of a command, and checks that the store allowed this outcome while the client was waiting. */
  private async observe(sent: Sent, outcome: () => Promise<unknown>, answerMsMax: number): Promise<Reply> {
    const { service } = this;
    const askedAt = service.world.now();
    const revisionBefore = service.revisionOf(sent.on);
    const wasDone = service.log.outcomes.has(idOf(sent.key));
    const reply = note(sent, await outcome());
    const { refusal } = reply;
    this.requireInTime(sent.key, askedAt, answerMsMax);
    const isInOrder = service.isCalm && !service.isDisturbed;
    if (refusal?.kind === 'unavailable' && refusal.code !== 'shutting-down' && isInOrder) {
      service.fail(`${sent.key} was turned away by a store in good order: ${refusal.message}`);
    }
    if (refusal?.kind === 'stale') {
      if (wasDone) service.fail(`${sent.key} had been executed, but was refused for its If-Match.`);
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
