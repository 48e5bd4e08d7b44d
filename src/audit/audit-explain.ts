import type { ProgressListener } from '../ledger/progress-listener.js';
import { EventReader } from '../ledger/event-reader.js';
import type { RecordedEvent } from '../ledger/event.js';
import type { DomainEvent, Aggregate } from '../ledger/aggregate.js';
import { readEntry, type ProvenEntry } from './audit-entry.js';
import { NotCheckable } from './audit-finding.js';
import { readBundle, type OpenedLog } from './audit-log.js';
import { decodeBundle } from '../tlog/entry-bundle.js';
import { encodeHex } from '../tlog/strict-text.js';
import { bundlesOfGrowth, TILE_WIDTH } from '../tlog/tile.js';

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
  readonly meaning: string;
  readonly leaf: string;
  readonly path: readonly PathStep[];
  readonly root: string;
  readonly size: number;
  /** The last events before it on its stream. */
  readonly before: readonly { readonly position: number; readonly revision: number; readonly type: string }[];
  /** The changes that it made to the state of its stream. */
  readonly changes: readonly { readonly what: string; readonly before: string; readonly after: string }[];
}

const BEFORE_MAX = 20;

/**
 * Explains one event. It reads the history before the event as well, because the effect depends on the state of the stream.
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
  const event = reader.read({ position, envelope });
  const aggregate = aggregates.find(
    ({ name, events }) => Object.hasOwn(events, event.type) && event.stream.startsWith(`${name}-`),
  );
  const stream = await streamUpTo(log, position, event.stream, reader, progress);
  return {
    position,
    envelope,
    event,
    meaning: reader.sentenceOf(event),
    leaf: encodeHex(proven.leaf),
    path: stepsOf(proven, log.checkpoint.size),
    root: encodeHex(log.checkpoint.root),
    size: log.checkpoint.size,
    before: stream
      .slice(0, -1)
      .slice(-BEFORE_MAX)
      .map(({ position: at, revision, type }) => ({ position: at, revision, type })),
    changes: aggregate ? changesBy(aggregate, stream) : [],
  };
}

/** The position of an event. The search compares text alone; the entry that it finds is proven afterwards. */
async function findEvent(log: OpenedLog, eventId: string): Promise<number> {
  const wanted = Buffer.from(`"id":"${eventId}"`);
  for (const address of bundlesOfGrowth(0, log.checkpoint.size)) {
    const { bytes, isWhole } = await readBundle(log.source, address);
    if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(wanted)) continue;
    const entries = decodeBundle(bytes, isWhole ? TILE_WIDTH : address.width).slice(0, address.width);
    const at = entries.findIndex((entry) => idOf(entry, wanted) === eventId);
    if (at >= 0) return address.index * TILE_WIDTH + at + 1;
  }
  throw new NotCheckable(`The log has no event ${eventId}.`, 'Give the id of an event that the checkpoint covers.');
}

/** The id of the envelope: `data` may contain the id of another event. */
function idOf(entry: Uint8Array, wanted: Buffer): unknown {
  const text = Buffer.from(entry);
  return text.includes(wanted) ? (JSON.parse(text.toString('utf8')) as { id?: unknown }).id : undefined;
}

/** The events of a stream up to a position, in order. All hashes up to the position are checked on the way. */
async function streamUpTo(
  log: OpenedLog,
  position: number,
  stream: string,
  reader: EventReader,
  progress: ProgressListener | undefined,
): Promise<RecordedEvent[]> {
  const wanted = Buffer.from(`"stream":"${stream}"`);
  const events: RecordedEvent[] = [];
  progress?.begin(position);
  try {
    for await (const { first, entries } of new LogWalk(log, { size: position }).stretches()) {
      for (const [at, bytes] of entries.entries()) {
        const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
        if (!text.includes(wanted)) continue;
        const event = reader.read({ position: first + at, envelope: text.toString('utf8') });
        if (event.stream === stream) events.push(event);
      }
      progress?.reached(first + entries.length - 1);
    }
  } finally {
    progress?.end();
  }
  return events;
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

function changesBy(aggregate: AnyAggregate, stream: readonly RecordedEvent[]): Explanation['changes'] {
  let state = aggregate.initial;
  let before = state;
  for (const event of stream) {
    before = state;
    state = evolved(aggregate, state, event);
  }
  const [old, now] = [new Map(flat(before, '')), new Map(flat(state, ''))];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((what) => old.get(what) !== now.get(what))
    .map((what) => ({ what, before: old.get(what) ?? 'nothing', after: now.get(what) ?? 'nothing' }));
}

function evolved(aggregate: AnyAggregate, state: unknown, event: RecordedEvent): unknown {
  try {
    return aggregate.evolve(state, event);
  } catch (error) {
    throw new NotCheckable(
      `The state of ${event.stream} cannot be computed beyond position ${event.position}: ${String(error)}`,
      'Run "audit verify": it says what is wrong with the history.',
      { cause: error },
    );
  }
}

/** A state as lines. Of a collection only the number of members is shown. */
function* flat(value: unknown, name: string): Generator<[string, string]> {
  if (typeof value !== 'object' || value === null) {
    if (value !== undefined) yield [name, String(value)];
  } else if (Array.isArray(value)) {
    yield [name, `${value.length} of them`];
  } else if ('size' in value && typeof value.size === 'number') {
    yield [name, `${value.size} of them`];
  } else {
    for (const [member, inner] of Object.entries(value)) yield* flat(inner, name === '' ? member : `${name}.${member}`);
  }
}
