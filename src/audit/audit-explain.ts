import type { ProgressListener } from '../ledger/progress-listener.js';
import { EventReader } from '../ledger/event-reader.js';
import type { RecordedEvent } from '../ledger/event.js';
import type { DomainEvent, Aggregate } from '../ledger/aggregate.js';
import { entriesOf, readEntry, type ProvenEntry } from './audit-entry.js';
import { NotCheckable } from './audit-finding.js';
import { readBundle, type OpenedLog } from './audit-log.js';
import { Names, type Named } from './explain-names.js';
import { changesBetween } from './explain-states.js';
import { encodeHex } from '../tlog/strict-text.js';
import { bundlesOfGrowth, TILE_WIDTH } from '../tlog/tile.js';
import { isTooDeep } from './verify-canonical.js';
import { LogWalk } from './verify-walk.js';

export type ExplainTarget = { readonly position: number } | { readonly eventId: string };

/** An aggregate of any state: states are only printed here. */
export type AnyAggregate = Aggregate<unknown, DomainEvent>;

export interface PathStep {
  /** The side of the hash, seen from the node below. */
  readonly side: 'left' | 'right';
  /** Hex. */
  readonly hash: string;
}

/** One event, its proof, and its effect. */
export interface Explanation {
  readonly position: number;
  /** The entry, byte for byte as signed. */
  readonly envelope: string;
  readonly event: RecordedEvent;
  /** The sentence that the aggregate declares for the event, or why there is none. */
  readonly meaning: string;
  /** The one who acted, in the words of the domain. */
  readonly actor: string;
  /** What the ledger calls the partners, funds, facilities, calls and keys that the event mentions, by id. */
  readonly names: Readonly<Record<string, Named>>;
  readonly leaf: string;
  readonly path: readonly PathStep[];
  readonly root: string;
  readonly size: number;
  /** The last events before it on its stream. */
  readonly before: readonly { readonly position: number; readonly revision: number; readonly type: string }[];
  /** The changes that it made to the facts about its stream, in the words of the domain. */
  readonly changes: readonly { readonly what: string; readonly before: string; readonly after: string }[];
  /** Why the changes are unknown. */
  readonly effectUnknown?: string;
}

const BEFORE_MAX = 20;

/**
 * Explains one event. It reads the history before the event as well, because the effect depends on the state of the stream.
 * `audit verify` sends auditors here with events whose data is malformed: their envelope and proof are returned all the same.
 * @throws ProvenWrong, NotCheckable
 */
export async function explain(
  log: OpenedLog,
  target: ExplainTarget,
  aggregates: readonly AnyAggregate[],
  progress?: ProgressListener,
): Promise<Explanation> {
  const position = 'position' in target ? target.position : await findEvent(log, target.eventId);
  const proven = await readEntry(log, position);
  const reader = new EventReader(aggregates);
  const envelope = Buffer.from(proven.entry).toString('utf8');
  const event = readEvent(reader, position, envelope);
  const aggregate = aggregates.find(
    ({ name, events }) => Object.hasOwn(events, event.type) && event.stream.startsWith(`${name}-`),
  );
  const names = new Names(envelope);
  const history = await streamUpTo(log, position, event.stream, { reader, names, progress });
  return {
    position,
    envelope,
    event,
    meaning: meaningOf(reader, event, history),
    actor: names.actorOf(event),
    names: names.all,
    leaf: encodeHex(proven.leaf),
    path: stepsOf(proven, log.checkpoint.size),
    root: encodeHex(log.checkpoint.root),
    size: log.checkpoint.size,
    before: history.events
      .slice(0, -1)
      .slice(-BEFORE_MAX)
      .map(({ position: at, revision, type }) => ({ position: at, revision, type })),
    ...(aggregate ? effectOf(aggregate, history) : { changes: [] }),
  };
}

/** @throws NotCheckable for an entry that is no event of a type and schema that this program knows. */
function readEvent(reader: EventReader, position: number, envelope: string): RecordedEvent {
  let why: string;
  try {
    const event = reader.read({ position, envelope });
    if (isTooDeep(event)) why = 'it is nested too deep';
    else if (typeof event.stream !== 'string' || !Number.isSafeInteger(event.revision))
      why = 'it names no place in a stream';
    else return event;
  } catch (error) {
    why = String(error);
  }
  throw new NotCheckable(
    `The event at position ${position} cannot be read: ${why}.`,
    'Run "audit verify": it shows whether something is wrong with the history. If a newer program wrote it, use that one.',
  );
}

/** Sentences trust the type of the data, which nobody validated in a log of others. */
function meaningOf(reader: EventReader, event: RecordedEvent, { events }: StreamHistory): string {
  try {
    // Not every event repeats the currency of its stream.
    const currency = events.map(({ data }) => (data as { currency?: unknown }).currency).findLast(isText);
    return reader.sentenceOf({ ...event, data: { ...(currency !== undefined && { currency }), ...event.data } });
  } catch (error) {
    return `The data has not the form of its type, so that no sentence can be made of it: ${String(error)}.`;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** The position of an event. The search compares text alone; the entry that it finds is proven afterwards. */
async function findEvent(log: OpenedLog, eventId: string): Promise<number> {
  const wanted = Buffer.from(`"id":"${eventId}"`);
  for (const address of bundlesOfGrowth(0, log.checkpoint.size)) {
    const { path, bytes, isWhole } = await readBundle(log.source, address);
    if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(wanted)) continue;
    const entries = entriesOf(bytes, isWhole ? TILE_WIDTH : address.width, path).slice(0, address.width);
    const at = entries.findIndex((entry) => idOf(entry, wanted) === eventId);
    if (at >= 0) return address.index * TILE_WIDTH + at + 1;
  }
  throw new NotCheckable(`The log has no event ${eventId}.`, 'Give the id of an event that the checkpoint covers.');
}

/** The id of the envelope: `data` may contain the id of another event. */
function idOf(entry: Uint8Array, wanted: Buffer): unknown {
  const text = Buffer.from(entry);
  if (!text.includes(wanted)) return undefined;
  try {
    return (JSON.parse(text.toString('utf8')) as { id?: unknown } | null)?.id;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

interface StreamHistory {
  readonly events: RecordedEvent[];
  /** Why an event of the stream is missing. */
  unreadable?: string;
}

/** The events of a stream up to a position, in order. All hashes up to the position are checked on the way. */
async function streamUpTo(
  log: OpenedLog,
  position: number,
  stream: string,
  { reader, names, progress }: { reader: EventReader; names: Names; progress: ProgressListener | undefined },
): Promise<StreamHistory> {
  const wanted = Buffer.from(`"stream":"${stream}"`);
  const history: StreamHistory = { events: [] };
  progress?.begin(position);
  try {
    for await (const { first, entries } of new LogWalk(log, { size: position }).stretches()) {
      for (const [at, bytes] of entries.entries()) {
        const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
        names.accept(text);
        if (!text.includes(wanted)) continue;
        addTo(history, stream, () => readEvent(reader, first + at, text.toString('utf8')));
      }
      progress?.reached(first + entries.length - 1);
    }
  } finally {
    progress?.end();
  }
  return history;
}

function addTo(history: StreamHistory, stream: string, read: () => RecordedEvent): void {
  try {
    const event = read();
    if (event.stream === stream) history.events.push(event);
  } catch (error) {
    if (!(error instanceof NotCheckable)) throw error;
    history.unreadable ??= error.message;
  }
}

/** RFC 9162 section 2.1.3.2: the side of every hash of the path. */
function stepsOf({ position, path }: ProvenEntry, size: number): PathStep[] {
  let index = position - 1;
  let last = size - 1;
  return path.map((hash) => {
    const isLeft = index % 2 === 1 || index === last;
    if (isLeft) {
      while (index % 2 === 0 && index !== 0) {
        index /= 2;
        last = Math.floor(last / 2);
      }
    }
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
    return { side: isLeft ? 'left' : 'right', hash: encodeHex(hash) };
  });
}

/** The changes that the last event made. */
function effectOf(
  aggregate: AnyAggregate,
  { events, unreadable }: StreamHistory,
): Pick<Explanation, 'changes' | 'effectUnknown'> {
  if (unreadable !== undefined) return { changes: [], effectUnknown: unreadable };
  let state = aggregate.initial;
  let before = state;
  let at = 0;
  try {
    for (const event of events) {
      before = state;
      at = event.position;
      state = aggregate.evolve(state, event);
    }
    return { changes: changesBetween(aggregate.name, before, state) };
  } catch (error) {
    const where = `The state of ${events[0]?.stream} cannot be computed beyond position ${at}`;
    return { changes: [], effectUnknown: `${where}: ${String(error)}.` };
  }
}
