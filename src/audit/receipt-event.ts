import { canonicalText } from './verify-canonical.js';
import { NotCheckable } from './audit-finding.js';
import { decodeUtf8 } from '../tlog/strict-text.js';

/** Members that an answer of the API adds to the envelope of an event. A receipt covers only one of them, the position. */
const ADDED_BY_API = ['position', 'log', 'content', 'erasedAt'] as const;
/** Members that every envelope has: a JSON document without them is something else. */
const IN_EVERY_ENVELOPE = ['v', 'id', 'stream', 'revision', 'type', 'data'] as const;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = '\ufeff';

/** Bytes that the log may have as its entry, if a kept event is the event of a receipt. */
export interface EntryCandidate {
  readonly entry: Uint8Array;
  /** Members of the kept event that are not part of the entry. */
  readonly left: readonly string[];
}

/** An event in the form in which it was kept. */
export interface KeptEvent {
  readonly candidates: readonly EntryCandidate[];
  /** The position that an answer of the API states. */
  readonly position?: number;
  /** Why the bytes are no event in JSON. They may still be the entry of a log, exactly as they are. */
  readonly notJson?: NotCheckable;
}

/**
 * Reads an event in any form in which the ledger hands it out: the entry of the log, with or without a newline behind it, or
 * the JSON of an answer, in any notation.
 * @throws NotCheckable when there is nothing
 */
export function readKeptEvent(bytes: Uint8Array): KeptEvent {
  const line = withoutNewline(bytes);
  if (line.length === 0) throw new NotCheckable('The event is empty.', 'Give the event as you kept it.');
  const plain = [bytes, ...(line.length < bytes.length ? [line] : [])].map((entry) => ({ entry, left: [] }));
  try {
    const event = parseEvent(bytes);
    const left = ADDED_BY_API.filter((name) => name in event);
    const rest = Object.fromEntries(Object.entries(event).filter(([name]) => !left.some((added) => added === name)));
    const canonical = canonicalText(rest);
    if (canonical === undefined) throw noEvent('it has a value without a canonical form');
    const { position } = event as { position?: unknown };
    return {
      candidates: [...plain, { entry: Buffer.from(canonical), left }],
      ...(typeof position === 'number' && { position }),
    };
  } catch (error) {
    if (error instanceof NotCheckable) return { candidates: plain, notJson: error };
    throw error;
  }
}

function parseEvent(bytes: Uint8Array): object {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw noEvent('it is not UTF-8');
  const event = parseJson(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  if (typeof event !== 'object' || event === null) throw noEvent('it is no JSON object');
  if ('data' in event && Array.isArray(event.data))
    throw noEvent('it is a page of events: give one element of its "data"');
  const missing = IN_EVERY_ENVELOPE.find((name) => !(name in event));
  if (missing !== undefined) throw noEvent(`it has no "${missing}"`);
  return event;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw noEvent('it is no JSON');
  }
}

const noEvent = (why: string): NotCheckable =>
  new NotCheckable(
    `The event cannot be read: ${why}.`,
    'Give the event as you kept it, or fetch it again: GET /v1/events/{id}.',
  );

function withoutNewline(bytes: Uint8Array): Uint8Array {
  let { length } = bytes;
  if (bytes[length - 1] === NEWLINE) length -= 1;
  if (length < bytes.length && bytes[length - 1] === CARRIAGE_RETURN) length -= 1;
  return bytes.subarray(0, length);
}
