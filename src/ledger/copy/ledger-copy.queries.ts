import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { SEQUENCER_LOCK } from '../advisory-locks.js';
import type { AppendChecks } from '../append-checks.js';
import type { ProgressListener } from '../progress-listener.js';
import { stampEvent } from '../event.js';
import type { AppendBatch } from '../event-store.js';
import { randomId } from '../identifiers.js';
import { EngineUnusable } from '../kurrentdb/engine-unusable.js';
import { KurrentLog, type LogPlace } from '../kurrentdb/kurrent-log.js';
import { BatchReader, recordsOf, type ReadBatch } from '../kurrentdb/record.js';
import { place, SequencedCopy } from '../kurrentdb/sequenced-copy.js';
import { Sequencer } from '../kurrentdb/sequencer.js';
import type { WorkerLog } from '../worker.js';
import { lead } from '../leadership.js';
import {
  commandsFrom,
  dropCommandsIndex,
  envelopesAfter,
  groupsOf,
  indexCommands,
  sizeOf,
} from './copy-source.queries.js';
import type { Group } from './copy-source.queries.js';
import { CompactRange, hashesEqual, leafHash } from '../../tlog/merkle.js';
import { encodeHex } from '../../tlog/strict-text.js';
import { commit } from '../postgres/commit.js';

const EVENTS_PAGE = 1_000;
/** How often an append with an unknown outcome is tried again, and the pause before. */
const TRIES_MAX = 20;
const TRY_PAUSE_MS = 500;
/** How often the progress of the sequencer is read. */
const WAIT_MS = 100;

/** The server releases the lock of a closed session, also of a session of this program, only when it notices. */
const ALONE_MS_MAX = 3_000;

/** Size and root of the ledger, which both engines have at the end. */
export interface CopiedLedger {
  readonly size: number;
  /** Hex. */
  readonly root: string;
}

/**
 * Moves the ledger of a database to KurrentDB: writes its history there, in order, reads all of it back, and then makes the database
 * the copy. The move may be interrupted and begun again. The service may run until the last part, and must then be restarted. Views,
 * contents and the signed log of the database stay unchanged.
 * @throws EngineUnusable if it cannot be done, or if another history is read back
 */
export async function moveToKurrent(
  pool: Pool,
  url: string,
  progress: ProgressListener | undefined,
): Promise<CopiedLedger> {
  const log = await KurrentLog.open(url);
  try {
    return await alone(pool, async (client) => {
      const head = await new SequencedCopy(pool).head(client);
      if (head)
        throw new EngineUnusable(`The database is the copy of the ledger "${head.ledger}" on KurrentDB already.`);
      await indexCommands(client);
      const walk = new Walk(log);
      progress?.begin(await sizeOf(client));
      // The events of an earlier attempt are compared, and not written again.
      await walk.toEnd(client, progress);
      await fill(client, log, walk, progress);
      await client.query('begin');
      await client.query('set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0');
      // This lock ends all writes to the database. Copy the events that were written since the last read.
      await client.query('select from ledger_head for update');
      await fill(client, log, walk, progress);
      const copied = await walk.prove(client);
      await dropCommandsIndex(client);
      await client.query(
        'insert into sequenced (ledger, turn, batch, commit_position, prepare_position) values ($1, $2, $3, $4, $5)',
        [log.ledger, walk.turn, walk.batch ?? null, walk.place?.commit ?? null, walk.place?.prepare ?? null],
      );
      await commit(client);
      progress?.end();
      return copied;
    });
  } finally {
    await log.close();
  }
}

/**
 * Brings a ledger from KurrentDB back to PostgreSQL. The database is the copy, or is empty: it is brought up to date, compared with the
 * whole log on KurrentDB, and then owns its events. The service must be stopped.
 * @throws EngineUnusable
 */
export async function moveToPostgres(
  pool: Pool,
  checks: AppendChecks,
  url: string,
  workerLog: WorkerLog,
  progress: ProgressListener | undefined,
): Promise<CopiedLedger> {
  const log = await KurrentLog.open(url);
  try {
    const copy = new SequencedCopy(pool);
    const obstacle = await copy.adopt(log.ledger);
    if (obstacle !== undefined) throw new EngineUnusable(`The database cannot take "${log.ledger}": ${obstacle}.`);
    // The obstacle of an earlier attempt may be gone: if it is not, the sequencer meets it again.
    await alone(pool, () => copy.fail(undefined));
    const turn = await log.lastTurn(await copy.turn());
    const sequencer = new Sequencer(pool, log, copy, checks, workerLog);
    sequencer.start();
    try {
      while ((await copy.turn()) < turn) {
        if (sequencer.failure !== undefined) throw new EngineUnusable(`It cannot be copied: ${sequencer.failure}`);
        await sleep(WAIT_MS);
      }
    } finally {
      await sequencer.stop();
    }
    return await alone(pool, async (client) => {
      const walk = new Walk(log);
      progress?.begin(await sizeOf(client));
      await walk.toEnd(client, progress);
      const copied = await walk.prove(client);
      await client.query('delete from sequenced_batches; delete from sequenced');
      progress?.end();
      return copied;
    });
  } finally {
    await log.close();
  }
}

/** Works under the lock of the sequencer: only one session at a time copies. */
async function alone<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const deadline = performance.now() + ALONE_MS_MAX;
  let client = await lead(pool, SEQUENCER_LOCK);
  for (; !client && performance.now() < deadline; client = await lead(pool, SEQUENCER_LOCK)) await sleep(WAIT_MS);
  if (!client) throw new EngineUnusable('A service or another copy is at work on this database: stop it first.');
  try {
    return await work(client);
  } finally {
    // The lock, and a failed transaction, end with the session.
    client.release(true);
  }
}

/** Reads the log on KurrentDB from its beginning, assigns all positions, and compares the events with the database. */
class Walk {
  turn = -1;
  batch: string | undefined;
  place: LogPlace | undefined;
  position = 0;
  recordedAt = '1970-01-01T00:00:00Z';
  private readonly tree = new CompactRange();

  constructor(private readonly log: KurrentLog) {}

  /** Reads up to the last batch at the time of the call. */
  async toEnd(client: PoolClient, progress: ProgressListener | undefined): Promise<void> {
    const last = await this.log.lastTurn(this.turn);
    if (last <= this.turn) return;
    const stopping = new AbortController();
    const reader = new BatchReader(this.log.names);
    for await (const { record } of this.log.follow(this.place, stopping.signal)) {
      const batch = reader.add(record);
      if (!batch) continue;
      await this.take(client, batch);
      progress?.reached(this.position);
      if (this.turn >= last) stopping.abort();
    }
  }

  /** @throws EngineUnusable unless the events that were read have the size and root of the database */
  async prove(client: PoolClient): Promise<CopiedLedger> {
    const own = new CompactRange();
    for (;;) {
      const envelopes = await envelopesAfter(client, own.size, EVENTS_PAGE);
      for (const envelope of envelopes) own.append(leafHash(Buffer.from(envelope)));
      if (envelopes.length < EVENTS_PAGE) break;
    }
    const { rows } = await client.query<{ commands: number }>('select count(*) as commands from commands');
    const isSame = own.size === this.tree.size && hashesEqual(own.root(), this.tree.root());
    if (!isSame || rows[0]?.commands !== this.commands)
      throw new EngineUnusable(
        `The engines differ: KurrentDB has ${this.tree.size} events and ${this.commands} commands with root ` +
          `${encodeHex(this.tree.root())}, the database ${own.size} and ${rows[0]?.commands} with ${encodeHex(own.root())}.`,
      );
    return { size: own.size, root: encodeHex(own.root()) };
  }

  private commands = 0;

  private async take(client: PoolClient, batch: ReadBatch): Promise<void> {
    if (batch.turn !== this.turn + 1) throw new EngineUnusable(`Turn ${this.turn + 1} is missing on KurrentDB.`);
    const placed = place(this, batch);
    const texts = placed.commands.flatMap(({ command }) =>
      command.events.map((event) => stampEvent(event, placed.recordedAt)),
    );
    const own = await envelopesAfter(client, this.position, texts.length);
    const different = texts.findIndex((text, index) => text !== own[index]);
    if (different >= 0)
      throw new EngineUnusable(
        `Position ${placed.firstPosition + different} on KurrentDB is not what the database has there: it holds another ledger, ` +
          'or an attempt to copy one. Name a new ledger in the URL.',
      );
    for (const text of texts) this.tree.append(leafHash(Buffer.from(text)));
    this.commands += placed.commands.length;
    this.position = placed.position;
    this.recordedAt = placed.recordedAt;
    this.turn = batch.turn;
    this.batch = batch.id;
    this.place = { commit: batch.commit, prepare: batch.prepare };
  }
}

/** Appends the events that KurrentDB lacks, and reads them back. */
async function fill(
  client: PoolClient,
  log: KurrentLog,
  walk: Walk,
  progress: ProgressListener | undefined,
): Promise<void> {
  for (;;) {
    const { commands, isLast } = await commandsFrom(client, walk.position, log);
    for (const group of groupsOf(commands)) await append(log, group, walk.turn + group.index);
    await walk.toEnd(client, progress);
    if (isLast) return;
  }
}

async function append(log: KurrentLog, { commands, stamp }: Group, lastTurn: number): Promise<void> {
  const expected = new Map<string, number>();
  for (const { stream, revision } of commands.flatMap(({ events }) => events)) {
    const name = log.names.event(stream);
    if (!expected.has(name)) expected.set(name, revision - 1);
  }
  for (const { commandId } of commands) expected.set(log.names.command(commandId), -1);
  const batch: AppendBatch = { expected: new Map(), commands };
  for (let tries = 0; ; tries += 1) {
    const batchId = randomId();
    try {
      const records = recordsOf(log.names, batchId, batch, stamp);
      const verdict = await log.append({ records, expected, lastTurn });
      if (verdict.written) return;
      // An attempt of this program may have written it and lost the answer. A batch of another writer fails the comparison.
      if (await log.batchOf(commands[0]?.commandId ?? '')) return;
      throw new EngineUnusable(`Somebody else writes to the ledger "${log.ledger}" on KurrentDB.`);
    } catch (error) {
      if (error instanceof EngineUnusable || tries === TRIES_MAX) throw error;
      await sleep(TRY_PAUSE_MS);
    }
  }
}
