import { once } from 'node:events';
import { join } from 'node:path';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { FrameReader, boundStatement, queryText, type Frame } from './postgres-frames.js';

/** The content of a commit: a batch of commands with its events, or a transaction of data that are derived from events. */
export type Commit = 'append' | 'derived';
/**
 * The moment of a commit: before the database receives it, while the database executes it, after it is done and before the service gets
 * the answer, and right after the service got the answer.
 */
export type Moment = 'before' | 'during' | 'done' | 'answered';
export const COMMITS: readonly [Commit, ...Commit[]] = ['append', 'derived'];
export const MOMENTS: readonly [Moment, ...Moment[]] = ['before', 'during', 'done', 'answered'];

export interface Point {
  readonly commit: Commit;
  readonly moment: Moment;
  /** Number of such commits that pass before the stop. */
  readonly after: number;
}

/** Fate of the message that was stopped at a point. */
export type Verdict =
  /** The proxy cuts its connection: the message never arrives. */
  | 'cut'
  /** The message arrives, even if its sender is gone. */
  | 'deliver';

/** The socket of a PostgreSQL. */
export interface Upstream {
  readonly path: string;
}

export function upstreamOf(databaseUrl: string): Upstream {
  return { path: join(new URL(databaseUrl).searchParams.get('host') ?? '', '.s.PGSQL.5432') };
}

interface Armed {
  readonly point: Point;
  left: number;
  readonly reached: () => Verdict;
}

/**
 * A port between a service and its database that a test controls. It recognises where in the conversation a commit begins and ends, and
 * can run code exactly there. The service is the shipped program and does not notice the proxy.
 */
export class PostgresProxy {
  private readonly sessions = new Set<Session>();
  private armed: Armed | undefined;
  private away = false;

  private constructor(
    private readonly server: Server,
    public upstream: Upstream,
  ) {
    server.on('connection', (client) => this.accept(client));
  }

  static async open(upstream: Upstream): Promise<PostgresProxy> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PostgresProxy(server, upstream);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The URL of the same database, through the proxy. */
  urlOf(databaseUrl: string): string {
    const { username, password, pathname } = new URL(databaseUrl);
    return `postgres://${username}:${password}@127.0.0.1:${this.port}${pathname}`;
  }

  /** Calls `reached` once, when a commit reaches this point. */
  arm(point: Point, reached: () => Verdict): void {
    this.armed = { point, left: point.after, reached };
  }

  disarm(): void {
    this.armed = undefined;
  }

  /** Ends every open connection. */
  cut(): void {
    for (const session of this.sessions) session.end();
  }

  /** From now on the proxy accepts no connection, and it cuts the open ones. */
  goAway(): void {
    this.away = true;
    this.cut();
  }

  comeBack(): void {
    this.away = false;
  }

  /** From now on the open connections pass nothing: the other side stays connected and sends nothing. */
  freeze(): void {
    for (const session of this.sessions) session.freeze();
  }

  thaw(): void {
    for (const session of this.sessions) session.thaw();
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    if (this.away) {
      client.destroy();
      return;
    }
    const session = new Session(client, connect(this.upstream.path), (commit, moment) => this.meet(commit, moment));
    this.sessions.add(session);
    void session.ended.then(() => this.sessions.delete(session));
  }

  private meet(commit: Commit, moment: Moment): Verdict | undefined {
    const { armed } = this;
    if (armed?.point.commit !== commit || armed.point.moment !== moment) return undefined;
    armed.left -= 1;
    if (armed.left >= 0) return undefined;
    this.armed = undefined;
    return armed.reached();
  }
}

type Meet = (commit: Commit, moment: Moment) => Verdict | undefined;

/** One connection of the service, forwarded message by message. */
class Session {
  readonly ended: Promise<void>;
  /** The commit that the service requests, until the proxy has seen the whole request. */
  private asked: Commit | undefined;
  private held: Buffer[] = [];
  /** The commit that the database executes. */
  private working: Commit | undefined;
  private answer: Buffer[] = [];

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly meet: Meet,
  ) {
    const requests = new FrameReader(true);
    const answers = new FrameReader(false);
    client.on('data', (chunk: Buffer) => requests.read(chunk).forEach((frame) => this.request(frame)));
    server.on('data', (chunk: Buffer) => answers.read(chunk).forEach((frame) => this.reply(frame)));
    // Messages that were on their way to the database when the service ended still arrive.
    client.on('close', () => server.end());
    server.on('close', () => client.destroy());
    for (const socket of [client, server]) socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => server.once('close', () => resolve()));
  }

  end(): void {
    this.client.destroy();
    this.server.destroy();
  }

  freeze(): void {
    this.client.pause();
    this.server.pause();
  }

  thaw(): void {
    this.client.resume();
    this.server.resume();
  }

  private request(frame: Frame): void {
    this.asked ??= commitIn(frame);
    this.held.push(frame.bytes);
    // Hold a request for a commit back up to its end: the database begins with the messages that it has.
    if (this.asked !== undefined && frame.type !== 'S' && frame.type !== 'Q') return;
    const { asked, held } = this;
    this.asked = undefined;
    this.held = [];
    if (asked !== undefined && this.meet(asked, 'before') === 'cut') return this.end();
    this.working = asked;
    this.server.write(Buffer.concat(held));
    if (asked !== undefined && this.meet(asked, 'during') === 'cut') this.end();
  }

  private reply(frame: Frame): void {
    const { working } = this;
    if (working === undefined) {
      this.client.write(frame.bytes);
      return;
    }
    this.answer.push(frame.bytes);
    if (frame.type !== 'Z') return;
    const { answer } = this;
    this.working = undefined;
    this.answer = [];
    if (this.meet(working, 'done') === 'cut') return this.end();
    this.client.write(Buffer.concat(answer));
    if (this.meet(working, 'answered') === 'cut') this.end();
  }
}

/** Statements that append: to PostgreSQL as the engine, and to the copy of the events on KurrentDB. */
const APPENDS: ReadonlySet<string> = new Set(['append-checked', 'sequence-batches']);

function commitIn(frame: Frame): Commit | undefined {
  if (frame.type === 'B' && APPENDS.has(boundStatement(frame))) return 'append';
  if (frame.type === 'Q' && queryText(frame) === 'commit') return 'derived';
  return undefined;
}
