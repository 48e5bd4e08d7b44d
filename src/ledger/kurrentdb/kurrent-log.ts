import { setTimeout as sleep } from 'node:timers/promises';
import type { AllStreamResolvedEvent, KurrentDBClient } from '@kurrent/kurrentdb-client';
import { UnwritableBatch } from '../event-store.js';
import { randomId } from '../identifiers.js';
import { within } from './deadline.js';
import { EngineUnusable } from './engine-unusable.js';
import { conflictsOf, isConnectionLost, isContentFault, isDenied, textOf } from './kurrent-errors.js';
import { readRecord, untilCaughtUp } from './kurrent-read.js';
import { featuresOf, loadClient, OPEN_MS_MAX, type Kurrent, type Protocol } from './kurrent-server.js';
import { parseKurrentUrl } from './kurrent-url.js';
import { batchOfOutcome, readTurn, streamNames, TURN_TYPE } from './record.js';
import type { DraftRecord, ReadRecord, StreamNames } from './record.js';

/** Most records that the client reads ahead. */
const READ_AHEAD = 1_024;
/** Pause between two attempts at the start. */
const OPEN_PAUSE_MS = 200;
/** No stream ever reaches this revision: an append that expects it is refused as stale, or for a missing right. */
const NEVER = 2n ** 60n;

/** Answer of the server to an append: written, or the streams that are not at the expected revision. */
export type Verdict = { readonly written: true } | { readonly written: false; readonly conflicts: readonly string[] };

/** An append as it is sent to the server. */
export interface Append {
  readonly records: readonly DraftRecord[];
  /** Streams and their last revision (-1: none), read or written. */
  readonly expected: ReadonlyMap<string, number>;
  /** The last turn that the writer has compared with its expectations. */
  readonly lastTurn: number;
}

/** A place in `$all`. */
export interface LogPlace {
  readonly commit: bigint;
  readonly prepare: bigint;
}

export interface FollowedRecord {
  readonly record: ReadRecord;
  /** Whether further records have arrived already. */
  readonly more: boolean;
}

/** The log of one ledger on KurrentDB. All requests to the server are made here. */
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
   * Connects, and checks all rights that are needed later.
   * @throws EngineUnusable if the server cannot be reached, is too old, or lacks a right
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
      if (!isConnectionLost(error)) this.renew();
      throw error;
    }
  }

  /**
   * The number of the last durable batch, at least `known`. The leader answers, so that the answer is never older than the call.
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

  /** The id of the batch that executed a command; undefined if none has so far. */
  async batchOf(commandId: string): Promise<string | undefined> {
    const [record] = await this.readNow(this.names.command(commandId), -1, 1);
    return record && batchOfOutcome(record.text);
  }

  /**
   * The records of this ledger after a place (undefined: all), in the order of `$all`, and all later records.
   * Ends when `stopping` is aborted.
   * @param caughtUp called when the server has sent everything that is durable
   * @throws Error when the subscription is dropped
   */
  async *follow(
    after: LogPlace | undefined,
    stopping: AbortSignal,
    caughtUp: () => void = () => undefined,
  ): AsyncGenerator<FollowedRecord> {
    // A signal that is aborted already calls no listener.
    if (stopping.aborted) return;
    const { START, streamNameFilter } = this.kurrent;
    // A client of its own: an append that connects again does not interrupt the subscription.
    const client = this.connect();
    const filter = streamNameFilter({ prefixes: [this.names.prefix] });
    const subscription = client.subscribeToAll(
      { fromPosition: after ?? START, filter, requiresLeader: true },
      { highWaterMark: READ_AHEAD },
    );
    const stop = (): void => void subscription.destroy();
    subscription.on('caughtUp', caughtUp);
    stopping.addEventListener('abort', stop, { once: true });
    try {
      for await (const resolved of subscription as AsyncIterable<AllStreamResolvedEvent>) {
        const record = readRecord(resolved);
        // The server begins after the given place. If it began at the place, the record there would not count twice.
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

  /** Makes the next call look for the leader: the client itself does not do so after every error of a node that lost leadership. */
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

  /** As bytes and not as JSON, because the public log hashes exactly the bytes of the text. */
  private eventOf({ id, type, text }: DraftRecord) {
    return this.kurrent.binaryEvent({ id, type, data: Buffer.from(text, 'utf8') });
  }

  /**
   * The records of a stream after a revision, at the time of the call, by a subscription that ends when it has caught up. The plain
   * read of the client (1.3.1) uses its native part, which has connections of its own and no deadline, and needs half a second for the
   * first read of each new client.
   */
  private async readNow(stream: string, afterRevision: number, atMost = Infinity): Promise<readonly ReadRecord[]> {
    const { START } = this.kurrent;
    const fromRevision = afterRevision < 0 ? START : BigInt(afterRevision);
    return untilCaughtUp(this.client.subscribeToStream(stream, { fromRevision, requiresLeader: true }), atMost);
  }

  /** Tries a read of each kind, and a write that cannot succeed. */
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

  /** Tries again after a change of the leader or a lost connection: these do not keep the service from starting. */
  private async requireRight(what: string, attempt: () => Promise<unknown>): Promise<void> {
    const deadline = performance.now() + OPEN_MS_MAX;
    for (;;) {
      try {
        await within(OPEN_MS_MAX, attempt());
        return;
      } catch (error) {
        if (error instanceof EngineUnusable) throw error;
        if (isDenied(error)) throw this.lacksRight(what, error);
        if (performance.now() > deadline)
          throw new EngineUnusable(`KurrentDB does not work: to ${what} failed (${textOf(error)}).`, { cause: error });
        await sleep(OPEN_PAUSE_MS);
      }
    }
  }

  private lacksRight(what: string, cause: unknown): EngineUnusable {
    return new EngineUnusable(
      `The user of EVENT_STORE_URL may not ${what} on KurrentDB. Name a user in it who may read $all and read and write ` +
        `the streams that begin with "${this.names.prefix}".`,
      { cause },
    );
  }
}

const isAfter = (record: LogPlace, place: LogPlace): boolean =>
  record.commit > place.commit || (record.commit === place.commit && record.prepare > place.prepare);

const stateOf = (revision: number) => (revision < 0 ? ('no_stream' as const) : BigInt(revision));

function lacking(stream: string): never {
  throw new UnwritableBatch(`${stream} is written, but no revision of it is expected.`);
}
