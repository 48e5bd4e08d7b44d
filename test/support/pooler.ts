import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Client } from 'pg';
import { FrameReader, queryText, type Frame } from './postgres-frames.js';

export interface PoolerOptions {
  /**
   * As pgbouncer names it: a client keeps its session until it leaves, or only until its transaction ends; or it may make no
   * transaction of its own.
   */
  readonly poolMode: 'session' | 'transaction' | 'statement';
  readonly sessions: number;
  /** The free session that the next client gets: the one that was used last (pgbouncer), or first (`server_round_robin`). */
  readonly next?: 'used-last' | 'used-first';
}

/** A session of PostgreSQL, and the client that has it now. */
interface PooledSession {
  readonly client: Client;
  readonly socket: Socket;
  user: Socket | undefined;
}

/** A connection pooler as far as the ledger can see one: few sessions of PostgreSQL behind a port that takes any number of clients. */
export class Pooler {
  private readonly free: PooledSession[] = [];
  private readonly waiting: { readonly client: Socket; readonly frames: Buffer[] }[] = [];
  private readonly clients = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly all: readonly PooledSession[],
    private readonly options: PoolerOptions,
    private readonly databaseUrl: string,
  ) {
    this.free.push(...all);
    for (const session of all) this.pass(session);
    server.on('connection', (client) => this.accept(client));
  }

  static async open(databaseUrl: string, options: PoolerOptions): Promise<Pooler> {
    const all: PooledSession[] = [];
    for (let opened = 0; opened < options.sessions; opened += 1) {
      const client = new Client({ connectionString: databaseUrl, application_name: 'pooled' });
      client.on('error', () => undefined);
      await client.connect();
      // The driver has logged in. From here on the pooler reads and writes the messages itself.
      const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
      stream.removeAllListeners('data');
      all.push({ client, socket: stream, user: undefined });
    }
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Pooler(server, all, options, databaseUrl);
  }

  get url(): string {
    const { username, password, pathname } = new URL(this.databaseUrl);
    const { port } = this.server.address() as AddressInfo;
    return `postgres://${username}:${password}@127.0.0.1:${port}${pathname}`;
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.destroy();
    for (const { socket } of this.all) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    this.clients.add(client);
    const reader = new FrameReader(true);
    client.on('error', () => undefined);
    client.on('data', (chunk: Buffer) => reader.read(chunk).forEach((frame) => this.request(client, frame)));
    client.on('close', () => this.leave(client));
  }

  private request(client: Socket, { type, bytes }: Frame): void {
    const isRefused =
      this.options.poolMode === 'statement' && type === 'Q' && queryText({ type, bytes }).startsWith('begin');
    if (isRefused) {
      client.write(
        Buffer.concat([message('E', Buffer.from('SERROR\0C08P01\0Mtransaction blocks not allowed\0\0')), READY]),
      );
      return;
    }
    // It logs everybody in, and says nothing about the session behind.
    if (type === '') client.write(Buffer.concat([message('R', int32(0)), message('K', Buffer.alloc(8)), READY]));
    else if (type !== 'X') this.forward(client, bytes);
  }

  private forward(client: Socket, frame: Buffer): void {
    const session = this.all.find(({ user }) => user === client) ?? this.take(client);
    if (session) session.socket.write(frame);
    else {
      const waits = this.waiting.find((one) => one.client === client);
      if (waits) waits.frames.push(frame);
      else this.waiting.push({ client, frames: [frame] });
    }
  }

  private take(client: Socket): PooledSession | undefined {
    const session = this.options.next === 'used-first' ? this.free.shift() : this.free.pop();
    if (session) session.user = client;
    return session;
  }

  private release(session: PooledSession): void {
    session.user = undefined;
    this.free.push(session);
    const next = this.waiting.shift();
    if (next) for (const frame of next.frames) this.forward(next.client, frame);
  }

  private pass(session: PooledSession): void {
    const reader = new FrameReader(false);
    session.socket.on('data', (chunk: Buffer) => {
      for (const { type, bytes } of reader.read(chunk)) {
        session.user?.write(bytes);
        const isOutside = type === 'Z' && bytes.toString('latin1', 5) === 'I';
        if (isOutside && this.options.poolMode !== 'session') this.release(session);
      }
    });
  }

  private leave(client: Socket): void {
    this.clients.delete(client);
    const session = this.all.find(({ user }) => user === client);
    if (session) this.release(session);
  }
}

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const message = (type: string, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
const READY = message('Z', Buffer.from('I'));
