import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../../ledger/refusal.js';
import '../request.js';
import { holderOf } from './holder.js';

const WINDOW_MS = 60_000;
/** Addresses, and holders, that are counted at a time; the one that was seen last is kept longest. */
const COUNTED_MAX = 10_000;

type Limiter = ReturnType<FastifyInstance['createRateLimit']>;

/**
 * Requests in a minute. Whoever has proved a credential is counted as its holder, and everybody else by address: nothing that a caller
 * only says makes a new count. Strangers and holders are counted apart, so that no number of addresses pushes a holder out.
 */
export class RateLimit {
  private strangers: Limiter | undefined;
  private holders: Limiter | undefined;

  /** @param perMinute requests; 0: no limit */
  constructor(private readonly perMinute: number) {}

  async watch(server: FastifyInstance): Promise<void> {
    if (this.perMinute === 0) return;
    await server.register(rateLimit, { global: false });
    const options = {
      max: this.perMinute,
      timeWindow: WINDOW_MS,
      cache: COUNTED_MAX,
      keyGenerator: ({ principal, ip }: FastifyRequest) => holderOf(principal, ip),
    };
    // Each has a memory of its own.
    this.strangers = server.createRateLimit(options);
    this.holders = server.createRateLimit(options);
  }

  /**
   * Counts requests of a caller and says in headers what is left. Call it after the credential was looked at.
   * @param requests how many: of a call of many commands, each is one
   * @throws Refusal `rate-limited` (429) when they are more than the caller has left; `Retry-After` is then set
   */
  async count(request: FastifyRequest, reply: FastifyReply, requests = 1): Promise<void> {
    const limiter = request.principal === undefined ? this.strangers : this.holders;
    for (let left = requests; limiter !== undefined && left > 0; left -= 1) {
      const counted = await limiter(request);
      if (counted.isAllowed) return;
      const { remaining, ttlInSeconds, isExceeded } = counted;
      void reply.headers({
        'RateLimit-Limit': this.perMinute,
        'RateLimit-Remaining': remaining,
        'RateLimit-Reset': ttlInSeconds,
      });
      if (!isExceeded) continue;
      void reply.header('Retry-After', ttlInSeconds);
      throw this.refusal(requests, ttlInSeconds);
    }
  }

  private refusal(requests: number, seconds: number): Refusal {
    const wait = `Wait ${seconds} s.`;
    const sentence =
      requests < this.perMinute
        ? `More than ${this.perMinute} requests in a minute. ${wait}`
        : `Each command of a call counts, and ${this.perMinute} are taken in a minute. ${wait} Send at most ${this.perMinute} commands in one call.`;
    return new Refusal('rate-limited', 'rate-limited', sentence);
  }
}
