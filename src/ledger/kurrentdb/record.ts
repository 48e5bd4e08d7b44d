import { stampEvent, type DraftEvent } from '../event.js';
import { UnwritableBatch, type AppendBatch, type AppendCommand } from '../event-store.js';
import { derivedId } from '../identifiers.js';

/**
 * How a ledger is stored in KurrentDB. Its streams share a prefix:
 *
 * - `<ledger>.turns` has one record for each batch, its table of contents. The revision of this record is the number of the batch, without gaps.
 * - `<ledger>.event.<stream>` has the events of a stream, each as the text of its envelope with the stamp of its writer.
 * - `<ledger>.command.<id>` has the answer to a command: one record, and never a second one.
 *
 * All records of a batch are appended atomically, the record in `turns` first, so that they follow each other in `$all`.
 */
export interface StreamNames {
  readonly prefix: string;
  readonly turns: string;
  event(stream: string): string;
  command(commandId: string): string;
}

export const streamNames = (ledger: string): StreamNames => ({
  prefix: `${ledger}.`,
  turns: `${ledger}.turns`,
  event: (stream) => `${ledger}.event.${stream}`,
  command: (commandId) => `${ledger}.command.${commandId}`,
});

/** Type of the records in `turns`, so that other software recognises them. */
export const TURN_TYPE = 'ledger-turn';
const OUTCOME_TYPE = 'ledger-outcome';

/** A record as it is sent. Its text is JSON and is stored as bytes, unchanged. */
export interface DraftRecord {
  readonly stream: string;
  readonly id: string;
  readonly type: string;
  readonly text: string;
}

/** A record as it is read back from `$all`. */
export interface ReadRecord extends DraftRecord {
  /** Revision of the record in its stream. */
  readonly revision: number;
  readonly commit: bigint;
  readonly prepare: bigint;
}

/** Table of contents of a batch: `at` is where the stamp begins in the text of an event, in UTF-16 units. */
interface Turn {
  readonly v: 1;
  readonly batch: string;
  /** The clock of the writer. */
  readonly stamp: string;
  readonly commands: readonly { readonly id: string; readonly events: readonly { id: string; at: number }[] }[];
}

interface Outcome {
  readonly v: 1;
  readonly batch: string;
  readonly commandId: string;
  readonly fingerprint: string;
  readonly outcome: string;
}

/** All records of a batch. `batchId` is new for each attempt, so that a record shows which attempt was written. */
export function recordsOf(
  names: StreamNames,
  batchId: string,
  { commands }: AppendBatch,
  stamp: string,
): DraftRecord[] {
  const turn: Turn = {
    v: 1,
    batch: batchId,
    stamp,
    commands: commands.map((command) => ({
      id: command.commandId,
      events: command.events.map(({ id, beforeStamp }) => ({ id, at: beforeStamp.length })),
    })),
  };
  return [
    { stream: names.turns, id: batchId, type: TURN_TYPE, text: JSON.stringify(turn) },
    ...commands.flatMap(({ events }) => events.map((event) => eventRecord(names, event, stamp))),
    ...commands.map((command) => outcomeRecord(names, batchId, command)),
  ];
}

const eventRecord = (names: StreamNames, event: DraftEvent, stamp: string): DraftRecord => ({
  stream: names.event(event.stream),
  id: event.id,
  type: event.type,
  text: stampEvent(event, stamp),
});

function outcomeRecord(names: StreamNames, batchId: string, command: AppendCommand): DraftRecord {
  const { commandId, fingerprint, outcome } = command;
  const content: Outcome = { v: 1, batch: batchId, commandId, fingerprint, outcome };
  return {
    stream: names.command(commandId),
    // Not derived from the command alone: the server would take another attempt for a repetition of this record.
    id: outcomeRecordId(batchId, commandId),
    type: OUTCOME_TYPE,
    text: JSON.stringify(content),
  };
}

const outcomeRecordId = (batchId: string, commandId: string): string => derivedId('outcome', batchId, commandId);

/** The id of the batch that executed a command. */
export const batchOfOutcome = (text: string): string => readOutcome(text).batch;

/**
 * Bytes of a batch. Since 25.1 a server takes 256 MiB in one append (`MaxAppendSize`) and 16 MiB in one record (`MaxAppendEventSize`),
 * unless it is configured to take less. The limit before was 1 MiB: a server with that limit takes this batch too.
 */
const BATCH_BYTES_MAX = 1_000_000;
/** Estimate, too high, of the ids, positions, type and names of a record on the disk of the server. */
const RECORD_OVERHEAD_BYTES = 300;
/** Far below the limit of both stores for a name. */
const STREAM_LENGTH_MAX = 250;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Refuses batches that KurrentDB would take but the copy would not. They must be found before the write, which cannot be undone.
 * @throws UnwritableBatch
 */
export function checkWritable(batch: AppendBatch): void {
  const { commands } = batch;
  requireUnlike(commands.map(({ commandId }) => commandId));
  requireUnlike(commands.flatMap(({ events }) => events.map(({ id }) => id)));
  for (const { commandId, fingerprint, outcome, events } of commands) {
    requireUuid(commandId);
    requireText(fingerprint, outcome);
    for (const { id, stream, type, beforeStamp, afterStamp } of events) {
      requireUuid(id);
      requireText(stream, type, beforeStamp, afterStamp);
    }
  }
  for (const stream of batch.expected.keys()) {
    if (stream.length > STREAM_LENGTH_MAX) throw new UnwritableBatch(`The name ${stream} is too long.`);
  }
  // An append treats names that differ only in case as one stream; all other requests treat them as two.
  requireUnlike([...batch.expected.keys()].map((stream) => stream.toLowerCase()));
}

/** @throws UnwritableBatch if one append cannot take all of it; the caller tries with less. */
export function checkSize(records: readonly DraftRecord[]): void {
  let bytes = 0;
  for (const { stream, type, text } of records) {
    bytes += Buffer.byteLength(text) + 2 * (stream.length + type.length) + RECORD_OVERHEAD_BYTES;
  }
  if (bytes > BATCH_BYTES_MAX)
    throw new UnwritableBatch(`${bytes} bytes are more than one append takes (${BATCH_BYTES_MAX}).`);
}

function requireUnlike(values: readonly string[]): void {
  if (new Set(values).size < values.length) throw new UnwritableBatch('The same command, event or stream twice.');
}

function requireUuid(id: string): void {
  if (!UUID.test(id)) throw new UnwritableBatch(`"${id}" is no UUID in lower case.`);
}

function requireText(...texts: readonly string[]): void {
  if (texts.some((text) => text.includes('\0'))) throw new UnwritableBatch('A text has the character U+0000.');
}

/** A complete batch that was read back, in the order of its commands. */
export interface ReadBatch {
  readonly id: string;
  readonly turn: number;
  readonly stamp: string;
  readonly commands: readonly ReadCommand[];
  /** Commit position of its last record. */
  readonly commit: bigint;
  readonly prepare: bigint;
}

export interface ReadCommand {
  readonly commandId: string;
  readonly fingerprint: string;
  readonly outcome: string;
  readonly events: readonly DraftEvent[];
}

/** The log has a record that no version of this program writes: what follows cannot be understood. */
export class UnreadableLog extends Error {}

/** Assembles the batches from the records of `$all`. */
export class BatchReader {
  private turn: Turn | undefined;
  private turnRevision = -1;
  private readonly records = new Map<string, ReadRecord>();
  private missing = 0;

  constructor(private readonly names: StreamNames) {}

  /**
   * Adds the next record, and returns the batch that it completes.
   * @throws UnreadableLog for a record that cannot follow the records before it
   */
  add(record: ReadRecord): ReadBatch | undefined {
    if (!this.turn) this.begin(record);
    else this.take(record);
    if (!this.turn || this.missing > 0) return undefined;
    const batch = this.complete(this.turn, record);
    this.turn = undefined;
    this.records.clear();
    return batch;
  }

  private begin(record: ReadRecord): void {
    if (record.stream !== this.names.turns) throw new UnreadableLog(`${placeOf(record)} belongs to no batch.`);
    this.turn = readTurn(record);
    this.turnRevision = record.revision;
    this.missing = this.turn.commands.reduce((sum, { events }) => sum + 1 + events.length, 0);
  }

  private take(record: ReadRecord): void {
    if (this.records.has(record.id)) throw new UnreadableLog(`${placeOf(record)} is there twice.`);
    this.records.set(record.id, record);
    this.missing -= 1;
  }

  private complete(turn: Turn, { commit, prepare }: ReadRecord): ReadBatch {
    const { batch, stamp } = turn;
    const commands = turn.commands.map(({ id, events }) => {
      const outcome = this.outcome(batch, id);
      return { ...outcome, events: events.map((event) => this.event(event, stamp)) };
    });
    return { id: batch, turn: this.turnRevision, stamp, commands, commit, prepare };
  }

  private outcome(batch: string, commandId: string): Omit<ReadCommand, 'events'> {
    const record = this.record(outcomeRecordId(batch, commandId), this.names.command(commandId));
    const { fingerprint, outcome, ...written } = readOutcome(record.text);
    if (written.batch !== batch || written.commandId !== commandId || record.revision !== 0)
      throw new UnreadableLog(`${placeOf(record)} is about another command.`);
    return { commandId, fingerprint, outcome };
  }

  private event({ id, at }: { id: string; at: number }, stamp: string): DraftEvent {
    const { stream, revision, type, text } = this.record(id);
    const envelope = parseObject(text);
    const is = { id: envelope['id'], stream: this.names.event(String(envelope['stream'])), type: envelope['type'] };
    const isIt = is.id === id && is.stream === stream && is.type === type && envelope['revision'] === revision;
    if (!isIt || envelope['recordedAt'] !== stamp || text.slice(at, at + stamp.length) !== stamp)
      throw new UnreadableLog(`${stream}@${revision} is not the event that its batch announces.`);
    return {
      stream: String(envelope['stream']),
      revision,
      id,
      type,
      beforeStamp: text.slice(0, at),
      afterStamp: text.slice(at + stamp.length),
      bytes: Buffer.byteLength(text),
    };
  }

  private record(id: string, stream?: string): ReadRecord {
    const record = this.records.get(id);
    if (!record || (stream !== undefined && record.stream !== stream))
      throw new UnreadableLog(
        `Turn ${this.turnRevision} of ${this.names.turns} announces a record that does not follow.`,
      );
    return record;
  }
}

const placeOf = ({ stream, revision }: ReadRecord): string => `${stream}@${revision}`;

/** @throws UnreadableLog for a record of a later version */
export function readTurn(record: Pick<ReadRecord, 'stream' | 'revision' | 'id' | 'text'>): Turn {
  const { v, batch, stamp, commands } = parseObject(record.text);
  if (v !== 1 || batch !== record.id || typeof stamp !== 'string' || !Array.isArray(commands) || commands.length === 0)
    throw new UnreadableLog(`${record.stream}@${record.revision} is no table of contents of version 1.`);
  return { v, batch, stamp, commands: commands as Turn['commands'] };
}

function readOutcome(text: string): Outcome {
  const { v, batch, commandId, fingerprint, outcome } = parseObject(text);
  const isOne = [batch, commandId, fingerprint, outcome].every((value) => typeof value === 'string');
  if (v !== 1 || !isOne) throw new UnreadableLog('There is an outcome that is none of version 1.');
  return { v, batch, commandId, fingerprint, outcome } as Outcome;
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // The error below covers this case too.
  }
  throw new UnreadableLog(`There is a record that is no JSON object: ${text.slice(0, 100)}`);
}
