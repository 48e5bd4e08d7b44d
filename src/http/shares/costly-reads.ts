import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../../ledger/refusal.js';
import '../request.js';
import { holderOf } from './holder.js';

const LIMITS = {
  /** Reads that are made at a time: while one waits for the database, the other can be written as JSON. */
  made: 2,
  /** Reads that wait. */
  waiting: 400,
  /** Those of one holder: a program may read with a hundred connections. */
  ownWaiting: 100,
  waitMs: 10_000,
};
/** While commands come in, a place stays empty this many times as long as the read before took: commands have most of the time. */
const PAUSES = 4;
const PAUSE_MS_MAX = 500;
/** Commands come in while the last one is no older than this. */
const COMMANDS_MS = 1_000;

interface Waiting {
  readonly begin: () => void;
}

/**
 * The few places for reads that cost: lists, reports of the past, documents of a megabyte. Who finds none waits in line. The holders
 * take turns, so a greedy one waits for itself.
 */
export class CostlyReads {
  private free: number;
  /** In the order of their turns. */
  private readonly lines = new Map<string, readonly Waiting[]>();
  private inLine = 0;
  private commandAt = -Infinity;

  constructor(private readonly limits = LIMITS) {
    this.free = limits.made;
  }

  /** Reads that wait. */
  get waiting(): number {
    return this.inLine;
  }

  /** Commands have the way for a moment. */
  commandCame(): void {
    this.commandAt = performance.now();
  }

  /** Sees the commands that come, and gives the place of a read back when its answer is made. The caller may take long to receive it. */
  watch(server: FastifyInstance): void {
    server.addHook('onRequest', (request, _reply, done) => {
      if (request.method === 'POST') this.commandCame();
      done();
    });
    server.addHook('onSend', (request, _reply, _payload, done) => {
      request.leaveReads?.();
      done();
    });
  }

  /**
   * Waits for a place for a request.
   * @throws Refusal `too-many-reads` (503) when the line is full or takes too long
   */
  async admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const leave = await this.enter(holderOf(request.principal, request.ip));
    request.leaveReads = leave;
    reply.raw.once('close', leave);
    // Closed in the meantime, it emits nothing any more.
    if (reply.raw.destroyed) leave();
  }

  /**
   * @returns gives the place back; a second call does nothing
   * @throws Refusal `too-many-reads` (503)
   */
  async enter(holder: string): Promise<() => void> {
    if (this.free > 0) this.free -= 1;
    else await this.turnOf(holder);
    const since = performance.now();
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      const now = performance.now();
      if (now - this.commandAt > COMMANDS_MS) this.passOn();
      else setTimeout(() => this.passOn(), Math.min(PAUSES * (now - since), PAUSE_MS_MAX)).unref();
    };
  }

  private turnOf(holder: string): Promise<void> {
    const { waiting, ownWaiting, waitMs } = this.limits;
    const line = this.lines.get(holder) ?? [];
    if (line.length >= ownWaiting || this.inLine >= waiting) throw tooMany();
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.remove(holder, mine);
        reject(tooMany());
      }, waitMs);
      late.unref();
      const mine = {
        begin: () => {
          clearTimeout(late);
          resolve();
        },
      };
      this.lines.set(holder, [...line, mine]);
      this.inLine += 1;
    });
  }

  /** The place goes to the holder whose turn it is, who then comes last. */
  private passOn(): void {
    const [turn] = this.lines;
    const [holder, [next]] = turn ?? ['', []];
    if (next === undefined) {
      this.free += 1;
      return;
    }
    const others = this.remove(holder, next);
    this.lines.delete(holder);
    if (others.length > 0) this.lines.set(holder, others);
    next.begin();
  }

  /** Those of the holder who still wait. */
  private remove(holder: string, waiting: Waiting): readonly Waiting[] {
    const others = (this.lines.get(holder) ?? []).filter((one) => one !== waiting);
    if (others.length > 0) this.lines.set(holder, others);
    else this.lines.delete(holder);
    this.inLine -= 1;
    return others;
  }
}

const tooMany = (): Refusal =>
  new Refusal(
    'unavailable',
    'too-many-reads',
    'Too many lists and reports are being read at this moment. Send the request again in a moment, and fewer at a time.',
  );
