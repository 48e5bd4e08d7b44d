import type {
  AllStreamResolvedEvent,
  AllStreamSubscription,
  KurrentDBClient,
  ResolvedEvent,
  StreamSubscription,
} from '@kurrent/kurrentdb-client';
import { UnwritableBatch } from '../event-store.js';
import { EngineUnusable } from './engine-unusable.js';
import { parseKurrentUrl } from './kurrent-url.js';
import { batchOfOutcome, readTurn, streamNames, TURN_TYPE, UnreadableLog } from './record.js';
import type { DraftRecord, ReadRecord, StreamNames } from './record.js';
import { randomId } from '../identifiers.js';

/** Subscriptions have no deadline in the client. */
const READ_MS_MAX = 5_000;
/** For everything that is asked at the start: a cluster that has just been started elects its leader first. */
const OPEN_MS_MAX = 15_000;
/** Records that the client reads ahead. */
const READ_AHEAD = 1_024;
/** No stream will ever be there: an append that expects it is always refused, unless for want of a right. */
const NEVER = 2n ** 60n;

const APPEND_RECORDS = { path: '/kurrentdb.protocol.v2.streams.StreamsService/AppendRecords' };
const APPEND_SESSION = { path: '/kurrentdb.protocol.v2.streams.StreamsService/AppendSession' };

/** The client is loaded only where this engine is chosen: it brings a native library along. */
const loadClient = () => import('@kurrent/kurrentdb-client');
type Kurrent = Awaited<ReturnType<typeof loadClient>>;

/** What a server says to an append: written, or which streams are not at the revision that was expected. */
export type Verdict = { readonly written: true } | { readonly written: false; readonly conflicts: readonly string[] };

/** How an append looks to a server. */
export interface Append {
  readonly records: readonly DraftRecord[];
  /** Streams and their last revision (-1: none), read or written. */
  readonly expected: ReadonlyMap<string, number>;
  /** The last turn that the writer knows: everything up to it has been compared with what it expects. */
  readonly lastTurn: number;
}

/**
 * How expectations about streams that are only read are kept.
 *
 * - `checks`, from 26.1: `appendRecords` compares any number of streams, whether the append writes to them or not.
 * - `turns`, before: `multiStreamAppend` compares only streams that it writes to, and refuses a request without a record. So
 *   every append says which turn it expects to be the last, and whoever loses that race compares again. One ledger then
 *   takes one batch at a time, as it does on PostgreSQL.
 *
 * Both write a turn with every batch, so that servers and instances may be upgraded one after the other.
 */
export type Protocol = 'checks' | 'turns';

/** A place in `$all`. */
export interface LogPlace {
  readonly commit: bigint;
  readonly prepare: bigint;
}

export interface FollowedRecord {
  readonly record: ReadRecord;
  /** False if nothing else has arrived yet. */
  readonly more: boolean;
}

/** The log of one ledger on KurrentDB: the one place that talks to the server. */
export class KurrentLog {
  private client: KurrentDBClient;

  private constructor(
    private readonly kurrent: Kurrent,
    private readonly connectionString: string,
    readonly ledger: string,
    readonly names: StreamNames,
    readonly protocol: Protocol,
    readonly serverVersion: string,
  ) {
    this.client = this.connect();
  }

  /**
   * Connects, and asks for all that will be needed later.
   * @throws EngineUnusable if the server cannot be reached, is too old, or gives too few rights
   */
  static async open(url: string): Promise<KurrentLog> {
    const { connectionString, ledger } = parseKurrentUrl(url);
    const kurrent = await loadClient();
    const { protocol, version } = await featuresOf(kurrent, connectionString);
    const log = new KurrentLog(kurrent, connectionString, ledger, streamNames(ledger), protocol, version);
    try {
      await log.requireRights();
      return log;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /**
   * @throws UnwritableBatch if the server will never take it
   * @throws Error if it is unknown whether it was written
   */
  async append({ records, expected, lastTurn }: Append): Promise<Verdict> {
    try {
      if (this.protocol === 'checks') await this.appendRecords(records, expected);
      else await this.appendToStreams(records, expected, lastTurn);
      return { written: true };
    } catch (error) {
      const conflicts = conflictsOf(error);
      if (conflicts) return { written: false, conflicts };
      if (isContentFault(error)) throw new UnwritableBatch(`KurrentDB does not take this batch: ${textOf(error)}`);
      // Of these the client finds its way back by itself.
      if (!CONNECTION_ERRORS.includes(String(typeOf(error)))) this.renew();
      throw error;
    }
  }

  /**
   * The number of the last batch that is durable, at least `known`. Asks the leader: no answer is older than the question.
   */
  async lastTurn(known = -1): Promise<number> {
    const found = await this.readNow(this.names.turns, known);
    return found.at(-1)?.revision ?? known;
  }

  /** The id of a batch. */
  async batchAt(turn: number): Promise<string | undefined> {
    const [record] = await this.readNow(this.names.turns, turn - 1, 1);
    return record && readTurn(record).batch;
  }

  /** The id of the batch that carried a command out; undefined if none has, yet. */
  async batchOf(commandId: string): Promise<string | undefined> {
    const [record] = await this.readNow(this.names.command(commandId), -1, 1);
    return record && batchOfOutcome(record.text);
  }

  /**
   * The records of this ledger after a place (undefined: all), in the order of `$all`, and all that follow.
   * Ends when `stopping` is aborted.
   * @throws Error when the subscription is dropped
   */
  async *follow(after: LogPlace | undefined, stopping: AbortSignal): AsyncGenerator<FollowedRecord> {
    const { START, streamNameFilter } = this.kurrent;
    // A client of its own: whatever makes an append connect anew does not interrupt the reading.
    const client = this.connect();
    const filter = streamNameFilter({ prefixes: [this.names.prefix] });
    const subscription = client.subscribeToAll(
      { fromPosition: after ?? START, filter, requiresLeader: true },
      { highWaterMark: READ_AHEAD },
    );
    const stop = (): void => void subscription.destroy();
    stopping.addEventListener('abort', stop, { once: true });
    try {
      for await (const resolved of subscription as AsyncIterable<AllStreamResolvedEvent>) {
        const record = readRecord(resolved);
        // The server begins behind the place that it is given; were it to begin there, nothing would count twice.
        if (after === undefined || isAfter(record, after)) yield { record, more: subscription.readableLength > 0 };
        if (stopping.aborted) return;
      }
      if (!stopping.aborted) throw new Error('The server ended the subscription.');
    } catch (error) {
      if (!stopping.aborted) throw error;
    } finally {
      stopping.removeEventListener('abort', stop);
      subscription.on('error', () => undefined);
      subscription.destroy();
      await client.dispose().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await this.client.dispose().catch(() => undefined);
  }

  private connect(): KurrentDBClient {
    return this.kurrent.KurrentDBClient.connectionString(this.connectionString);
  }

  /** The next call looks for the leader again: not every error of a node that has lost it makes the client do so. */
  private renew(): void {
    const lost = this.client;
    this.client = this.connect();
    void lost.dispose().catch(() => undefined);
  }

  private async appendRecords(records: readonly DraftRecord[], expected: Append['expected']): Promise<void> {
    const checks = [...expected].map(([streamName, revision]) => ({
      type: 'stream_state' as const,
      streamName,
      expectedState: stateOf(revision),
    }));
    const sent = records.map((record) => ({ streamName: record.stream, record: this.eventOf(record) }));
    await this.client.appendRecords(sent, checks);
  }

  private async appendToStreams(
    records: readonly DraftRecord[],
    expected: Append['expected'],
    lastTurn: number,
  ): Promise<void> {
    const byStream = new Map<string, DraftRecord[]>();
    for (const record of records) byStream.set(record.stream, [...(byStream.get(record.stream) ?? []), record]);
    const revisionOf = (stream: string): number =>
      stream === this.names.turns ? lastTurn : (expected.get(stream) ?? lacking(stream));
    const requests = [...byStream].map(([streamName, own]) => ({
      streamName,
      expectedState: stateOf(revisionOf(streamName)),
      events: own.map((record) => this.eventOf(record)),
    }));
    await this.client.multiStreamAppend(requests);
  }

  /** As bytes, not as JSON: what is hashed into the public log is the text as it was written, to the byte. */
  private eventOf({ id, type, text }: DraftRecord) {
    return this.kurrent.binaryEvent({ id, type, data: Buffer.from(text, 'utf8') });
  }

  /**
   * What a stream has behind a revision at the time of the call: a subscription that ends when it has caught up. The plain
   * read of the client (1.3.1) goes through its native part, which has connections of its own and no deadline, and takes half
   * a second for the first read of every new client.
   */
  private async readNow(stream: string, afterRevision: number, atMost = Infinity): Promise<readonly ReadRecord[]> {
    const { START } = this.kurrent;
    const fromRevision = afterRevision < 0 ? START : BigInt(afterRevision);
    return untilCaughtUp(this.client.subscribeToStream(stream, { fromRevision, requiresLeader: true }), atMost);
  }

  /** Reads and writes are tried, the latter so that it cannot succeed. */
  private async requireRights(): Promise<void> {
    const { names, kurrent } = this;
    await this.requireRight('read its streams', () => this.lastTurn());
    await this.requireRight('read $all', () => {
      const filter = kurrent.streamNameFilter({ prefixes: [names.prefix] });
      return untilCaughtUp(this.client.subscribeToAll({ fromPosition: kurrent.END, filter, requiresLeader: true }), 0);
    });
    await this.requireRight('write to its streams', async () => {
      const probe = { id: randomId(), type: TURN_TYPE, stream: names.turns, text: '{}' };
      const expected = new Map([[names.turns, Number(NEVER)]]);
      const verdict = await this.append({ records: [probe], expected, lastTurn: Number(NEVER) });
      if (verdict.written) throw new EngineUnusable('The server wrote what it should have refused. Do not use it.');
    });
  }

  private async requireRight(what: string, attempt: () => Promise<unknown>): Promise<void> {
    try {
      await within(OPEN_MS_MAX, attempt());
    } catch (error) {
      if (error instanceof EngineUnusable) throw error;
      if (!isDenied(error))
        throw new EngineUnusable(`KurrentDB does not work: to ${what} failed (${textOf(error)}).`, { cause: error });
      throw new EngineUnusable(
        `The user of EVENT_STORE_URL may not ${what} on KurrentDB. Name a user in it who may read $all and read and write ` +
          `the streams that begin with "${names(this)}".`,
        { cause: error },
      );
    }
  }
}

const names = (log: KurrentLog): string => log.names.prefix;

async function featuresOf(
  kurrent: Kurrent,
  connectionString: string,
): Promise<{ protocol: Protocol; version: string }> {
  let client: KurrentDBClient | undefined;
  try {
    client = kurrent.KurrentDBClient.connectionString(connectionString);
    const { serverVersion: version, supports } = await within(OPEN_MS_MAX, capabilitiesOf(client));
    if (supports(APPEND_RECORDS)) return { protocol: 'checks', version };
    if (supports(APPEND_SESSION)) return { protocol: 'turns', version };
    throw new EngineUnusable(
      `The server is of version ${version}: the ledger appends to several streams at once, which needs KurrentDB 25.1 or newer.`,
    );
  } catch (error) {
    if (error instanceof EngineUnusable) throw error;
    throw new EngineUnusable(
      `KurrentDB cannot be reached (${textOf(error)}): check the hosts, tls and the user of EVENT_STORE_URL.`,
      { cause: error },
    );
  } finally {
    await client?.dispose().catch(() => undefined);
  }
}

interface Capabilities {
  readonly serverVersion: string;
  supports(method: { path: string }): boolean;
}

/** What the client asks before it appends; its types keep the answer to itself, and there is no other way to the version. */
const capabilitiesOf = (client: KurrentDBClient): Promise<Capabilities> =>
  (client as unknown as { capabilities: Promise<Capabilities> }).capabilities;

function readRecord(resolved: ResolvedEvent | AllStreamResolvedEvent): ReadRecord {
  const { event } = resolved;
  if (!event) throw new UnreadableLog('There is a link to a record that is gone.');
  const { streamId: stream, revision, id, type, data } = event;
  const position = 'position' in event ? event.position : undefined;
  if (!(data instanceof Uint8Array)) throw new UnreadableLog(`${stream}@${revision} was not written by a ledger.`);
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
  const { commit, prepare } = position ?? { commit: 0n, prepare: 0n };
  return { stream, revision: Number(revision), id, type, text, commit, prepare };
}

const isAfter = (record: LogPlace, place: LogPlace): boolean =>
  record.commit > place.commit || (record.commit === place.commit && record.prepare > place.prepare);

const stateOf = (revision: number) => (revision < 0 ? ('no_stream' as const) : BigInt(revision));

function lacking(stream: string): never {
  throw new UnwritableBatch(`${stream} is written, but no revision of it is expected.`);
}

const CONNECTION_ERRORS = ['unavailable', 'cancelled', 'not-leader', 'deadline-exceeded'];

type Subscription = StreamSubscription | AllStreamSubscription;

/** What a subscription brings until it says that this was all; at most so many records. */
async function untilCaughtUp(subscription: Subscription, atMost: number): Promise<readonly ReadRecord[]> {
  const records: ReadRecord[] = [];
  const caughtUp = new Promise<void>((resolve, reject) => {
    subscription.on('error', reject);
    subscription.on('end', () => reject(new Error('The server ended the subscription.')));
    subscription.on('caughtUp', () => setImmediate(resolve));
    subscription.on('data', (resolved: ResolvedEvent) => {
      try {
        records.push(readRecord(resolved));
      } catch (error) {
        reject(error as Error);
      }
      if (records.length >= atMost) resolve();
    });
  });
  try {
    await within(READ_MS_MAX, caughtUp);
    return records;
  } finally {
    await within(READ_MS_MAX, subscription.unsubscribe()).catch(() => undefined);
    subscription.on('error', () => undefined);
    subscription.destroy();
  }
}

interface ServerError {
  readonly type?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly streamName?: unknown;
  readonly violations?: readonly { readonly streamName?: unknown }[];
}

const typeOf = (error: unknown): unknown => (error as ServerError | undefined)?.type;

/** Streams that an append found elsewhere; perhaps none by name, if the server does not say. Undefined: something else failed. */
function conflictsOf(error: unknown): readonly string[] | undefined {
  const { streamName, violations } = error as ServerError;
  const type = typeOf(error);
  if (type === 'wrong-expected-version') return typeof streamName === 'string' ? [streamName] : [];
  if (type === 'append-consistency-violation')
    return (violations ?? []).flatMap(({ streamName }) => (typeof streamName === 'string' ? [streamName] : []));
  return undefined;
}

/** INVALID_ARGUMENT of gRPC. */
const INVALID_ARGUMENT = 3;
const isContentFault = (error: unknown): boolean =>
  ['append-record-size-exceeded', 'transaction-max-size-exceeded', 'maximum-append-size-exceeded'].includes(
    String(typeOf(error)),
  ) || (error as ServerError).code === INVALID_ARGUMENT;

/** PERMISSION_DENIED and UNAUTHENTICATED of gRPC. */
const DENIED = [7, 16];
const isDenied = (error: unknown): boolean =>
  typeOf(error) === 'access-denied' || DENIED.includes(Number((error as ServerError).code));

const textOf = (error: unknown): string => {
  const { message } = error as ServerError;
  return typeof message === 'string' && message !== '' ? message : String(error);
};

/** @throws Error when it takes longer. What was asked goes on, and nobody waits for it. */
async function within<T>(ms: number, asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
