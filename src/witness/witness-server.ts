import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Counter, Gauge, Registry } from 'prom-client';
import { ADD_CHECKPOINT_BYTES_MAX, parseAddCheckpoint } from '../tlog/add-checkpoint.js';
import { originHash } from '../tlog/merkle.js';
import { formatNote } from '../tlog/note.js';
import { encodeBase64 } from '../tlog/strict-text.js';
import { networkOf } from '../platform/network.js';
import { BodyPlaces } from './body-places.js';
import { addCheckpoint, type Fork, type Witness, type WitnessDecision } from './witness.js';
import type { WitnessFolder } from './witness-store.js';

/** Requests that are decided at a time. Bodies that are still on their way do not count: see `BodyPlaces`. */
const REQUESTS_MAX = 64;
const CONNECTIONS_MAX = 1_000;
/** Connections of one sender. More are closed, so that silent ones of one address do not take all. */
const CONNECTIONS_PER_SENDER_MAX = 100;
/** How often connections are compared with their time limits. */
const CONNECTIONS_CHECK_MS = 1_000;
/** A request that takes longer is aborted, so that slow senders cannot hold all connections. */
const REQUEST_MS_MAX = 15_000;
/** Longer than the few seconds between two submissions of a log, so that the log keeps its connection. */
const KEEP_ALIVE_MS = 65_000;
/** Time for accepted requests to finish after the witness is asked to stop. */
const DRAIN_MS_MAX = 3_000;
const RETRY_AFTER_S = '1';
const TEXT = 'text/plain; charset=utf-8';
const CHECKPOINT_PATH = /^\/([0-9a-f]{64})\/checkpoint$/;

export interface WitnessServerOptions {
  readonly witness: Omit<Witness, 'store'> & { readonly store: WitnessFolder };
  readonly log: { info(fields: object, message: string): void; error(fields: object, message: string): void };
  readonly nowMs: () => number;
}

interface Answer {
  readonly status: number;
  readonly contentType?: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A C2SP witness over HTTP: `add-checkpoint`, the checkpoint that it cosigned last for each log, and routes for
 * monitoring.
 */
export class WitnessServer {
  private readonly registry = new Registry();
  private readonly requests = new Counter({
    name: 'ppp_witness_requests_total',
    help: 'Checkpoints submitted, by the status that was answered.',
    labelNames: ['status'],
    registers: [this.registry],
  });
  private readonly forkAlarms = new Counter({
    name: 'ppp_witness_fork_alarms_total',
    help: 'Proofs that a log signed two histories. Every one is an alarm.',
    labelNames: ['origin', 'kind'],
    registers: [this.registry],
  });
  private readonly server: Server;
  private readonly places = new BodyPlaces();
  private readonly connections = new Map<string, number>();
  private inside = 0;
  private isClockBehind = false;

  constructor(private readonly options: WitnessServerOptions) {
    this.server = createServer({ connectionsCheckingInterval: CONNECTIONS_CHECK_MS }, (request, response) => {
      void this.serve(request, response);
    });
    this.server.on('connection', (socket) => this.admit(socket));
    this.server.maxConnections = CONNECTIONS_MAX;
    this.server.requestTimeout = REQUEST_MS_MAX;
    this.server.headersTimeout = REQUEST_MS_MAX;
    this.server.keepAliveTimeout = KEEP_ALIVE_MS;
    for (const origin of options.witness.logs.keys()) {
      for (const kind of ['two-roots', 'two-prefixes']) this.forkAlarms.inc({ origin, kind }, 0);
    }
    this.watchSizes();
  }

  /**
   * Resolves with the port when the server accepts requests.
   * @throws Error of the system, e.g. `EADDRINUSE`.
   */
  async listen(port: number, host: string): Promise<number> {
    this.server.listen(port, host);
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  private admit(socket: Socket): void {
    const sender = networkOf(socket.remoteAddress ?? '');
    const open = (this.connections.get(sender) ?? 0) + 1;
    this.connections.set(sender, open);
    socket.once('close', () => {
      const left = (this.connections.get(sender) ?? 1) - 1;
      if (left > 0) this.connections.set(sender, left);
      else this.connections.delete(sender);
    });
    // A connection that never sends a byte; one that waits for its next request has the time of a kept connection.
    socket.setTimeout(REQUEST_MS_MAX, () => socket.destroy());
    if (open > CONNECTIONS_PER_SENDER_MAX) socket.destroy();
  }

  /** Finishes the accepted requests within a time limit, and accepts no new ones. */
  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeIdleConnections();
    const timer = setTimeout(() => this.server.closeAllConnections(), DRAIN_MS_MAX);
    await closed;
    clearTimeout(timer);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.answer(request);
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      // Every cosigned checkpoint is on disk, so a repeated request is decided again from that state.
      this.options.log.error({ err: error }, 'A request could not be carried out.');
      answer = { status: 503, body: 'Not carried out. Send it again in a moment.\n' };
    }
    response.writeHead(answer.status, {
      'Content-Type': answer.contentType ?? TEXT,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...(answer.status === 503 && { 'Retry-After': RETRY_AFTER_S }),
      ...answer.headers,
    });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  }

  private async answer(request: IncomingMessage): Promise<Answer> {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (path === '/add-checkpoint') {
      return request.method === 'POST' ? this.add(request) : notAllowed('POST');
    }
    const [, hash] = CHECKPOINT_PATH.exec(path) ?? [];
    const read =
      hash !== undefined ? () => this.checkpoint(hash) : path === '/metrics' ? () => this.metrics() : READS.get(path);
    if (read === undefined) return { status: 404, body: `There is no ${JSON.stringify(path.slice(0, 200))} here.\n` };
    return request.method === 'GET' || request.method === 'HEAD' ? read() : notAllowed('GET, HEAD');
  }

  private async add(request: IncomingMessage): Promise<Answer> {
    const free = this.places.take(request.socket.remoteAddress, () => {
      this.requests.inc({ status: 408 });
      request.destroy();
    });
    const body = await readBody(request).finally(free);
    if (this.inside >= REQUESTS_MAX) {
      this.requests.inc({ status: 503 });
      return { status: 503, body: 'As many requests as this witness takes are being answered. Send it again.\n' };
    }
    this.inside += 1;
    try {
      const answer = body === undefined ? TOO_LARGE : await this.decide(body);
      this.requests.inc({ status: answer.status });
      return answer;
    } finally {
      this.inside -= 1;
    }
  }

  private async decide(body: Buffer): Promise<Answer> {
    const { witness, nowMs } = this.options;
    const made: WitnessDecision[] = [];
    const answer = await addCheckpoint(body, witness, Math.floor(nowMs() / 1_000), (decision) => made.push(decision));
    for (const decision of made) {
      if (decision.status === 422 && decision.fork) await this.alarm(body, decision.reason, decision.fork);
      if (decision.status === 503 || decision.status === 200) this.noteClock(decision);
    }
    return answer;
  }

  /** Logged when it begins: everybody can send the request again. */
  private noteClock(decision: WitnessDecision): void {
    const isBehind = decision.status === 503;
    if (isBehind && !this.isClockBehind) {
      this.options.log.error({ reason: decision.reason }, 'Nothing is cosigned: set the clock of this machine.');
    }
    this.isClockBehind = isBehind;
  }

  /** The log signed two histories, and the request proves it: what proves it is kept. */
  private async alarm(body: Buffer, reason: string, fork: Fork): Promise<void> {
    const { witness, log } = this.options;
    const { proof, note } = parseAddCheckpoint(body);
    const origin = note.text.split('\n', 1)[0] ?? '';
    const { kind } = fork;
    this.forkAlarms.inc({ origin, kind });
    log.error(
      { origin, kind, reason },
      'FORK ALARM: the log has signed two histories; see the reason, and ask the log.',
    );
    const shown = proof.map((hash) => `${encodeBase64(hash)}\n`).join('');
    await witness.store.keepFork(origin, fork, shown + formatNote(note)).catch((error: unknown) => {
      log.error({ err: error, origin, note: note.text }, 'The proof of a fork could not be kept.');
    });
  }

  private async checkpoint(hash: string): Promise<Answer> {
    const { logs, store } = this.options.witness;
    const origin = [...logs.keys()].find((known) => originHash(known) === hash);
    const latest = origin === undefined ? undefined : await store.latest(origin);
    if (latest === undefined) return { status: 404, body: 'Nothing has been cosigned for a log of that origin.\n' };
    return { status: 200, body: latest.note };
  }

  private async metrics(): Promise<Answer> {
    return { status: 200, contentType: this.registry.contentType, body: await this.registry.metrics() };
  }

  private watchSizes(): void {
    const { logs, store } = this.options.witness;
    const sizes: Gauge<'origin'> = new Gauge({
      name: 'ppp_witness_size',
      help: 'Size of the checkpoint that was cosigned last.',
      labelNames: ['origin'],
      registers: [this.registry],
      collect: async () => {
        for (const origin of logs.keys()) sizes.set({ origin }, (await store.latest(origin))?.size ?? 0);
      },
    });
  }
}

const TOO_LARGE: Answer = {
  status: 413,
  body: `A request has at most ${ADD_CHECKPOINT_BYTES_MAX} bytes.\n`,
};
const READS: ReadonlyMap<string, () => Answer> = new Map([['/livez', (): Answer => ({ status: 200, body: 'ok\n' })]]);

const notAllowed = (allow: string): Answer => ({ status: 405, body: `Use ${allow}.\n`, headers: { Allow: allow } });

/** Undefined if the body is larger than any valid request. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > ADD_CHECKPOINT_BYTES_MAX) return undefined;
  const parts: Buffer[] = [];
  let length = 0;
  // An oversized request stays open, because the sender must still receive the answer.
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    const bytes = part as Buffer;
    length += bytes.length;
    if (length > ADD_CHECKPOINT_BYTES_MAX) return undefined;
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}
