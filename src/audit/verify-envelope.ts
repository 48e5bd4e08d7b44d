import { isUtf8 } from 'node:buffer';
import { EVENT_BYTES_MAX, type RecordedEvent } from '../ledger/event.js';
import { EventReader } from '../ledger/event-reader.js';
import { idOf, type AggregateOutline } from '../ledger/aggregate.js';
import { formatInstant } from '../ledger/time.js';
import { ProvenWrong, textOf } from './audit-finding.js';
import { labelOf } from './verify-blame.js';
import { canonicalText, ENTRY_DEPTH_MAX, isCanonical, isTooDeep } from './verify-canonical.js';

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** HMAC-SHA256, base64: 32 bytes in one canonical form. */
const COMMITMENT = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const STREAM_ID = /^[a-z0-9-]{1,64}$/;
const CORRELATION_LENGTH_MAX = 200;

type Members = Readonly<Record<string, unknown>>;
type Test = (value: unknown) => boolean;

const isText: Test = (value) => typeof value === 'string' && value !== '';
const isId: Test = (value) => typeof value === 'string' && ID.test(value);
const isCommitment: Test = (value) => typeof value === 'string' && COMMITMENT.test(value);
const isCount: Test = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isRecord = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const hasOnly = (value: Members, tests: Readonly<Record<string, Test>>): boolean =>
  Object.keys(value).length === Object.keys(tests).length &&
  Object.entries(tests).every(([name, test]) => test(value[name]));

const REQUIRED: Readonly<Record<string, Test>> = {
  v: (value) => value === 1,
  id: isId,
  stream: isText,
  revision: isCount,
  type: isText,
  schema: (value) => isCount(value) && value !== 0,
  recordedAt: isInstant,
  actor: (value) => isRecord(value) && hasOnly(value, { id: isText, role: isText }),
  commandId: isId,
  correlationId: (value) => isText(value) && String(value).length <= CORRELATION_LENGTH_MAX,
  data: isRecord,
};
const OPTIONAL: Readonly<Record<string, Test>> = {
  effectiveAt: isInstant,
  causationId: isId,
  legalBasis: isText,
  sealed: (value) => isRecord(value) && hasOnly(value, { subject: isId, commitment: isCommitment }),
};

/** The part of a canonical instant after its date. */
const TIME_OF_DAY = /^T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(?!000)\d{3})?Z$/;
const DATE_LENGTH = 10;
const INSTANT_LENGTH_MAX = '2026-11-24T05:38:00.250Z'.length;
/** The last date that was checked. Thousands of consecutive events share it. */
let lastDate = '';

/** True for an instant in its one canonical text, so that equal instants are equal texts. */
function isInstant(value: unknown): boolean {
  // Years of four digits only: RFC 3339 knows no others.
  if (typeof value !== 'string' || value.length > INSTANT_LENGTH_MAX) return false;
  const date = value.slice(0, DATE_LENGTH);
  if (date === lastDate && TIME_OF_DAY.test(value.slice(DATE_LENGTH))) return true;
  const at = Date.parse(value);
  if (Number.isNaN(at) || formatInstant(at) !== value) return false;
  lastDate = date;
  return true;
}

/**
 * Reads entries one by one as events and checks each alone and against the event before it: canonical text, a known form, a
 * known type, members that its type declares, and a time of recording that never goes back.
 */
export class EnvelopeCheck {
  /** What the check states of a history in which it finds nothing. */
  readonly statement =
    'Every event is canonical JSON of a known form, type and version, on a stream of its kind, with the members that its type declares and ' +
    'no others; none was recorded before the one that precedes it.';
  private recordedAtMs = -Infinity;
  private recordedAt = '';
  private readonly aggregates = new Map<
    string,
    { readonly aggregate: AggregateOutline; readonly prefix: string; readonly schema: number }
  >();
  private readonly lifting: EventReader;

  private readonly shapes: boolean;

  /**
   * @param aggregates every aggregate of the domain: they declare the event types and name the streams.
   * @param options `shapes`: checks also that the members are those that the type declares. Only `audit verify` judges this; the other
   * commands read every event that they can make their result of.
   */
  constructor(aggregates: readonly AggregateOutline[], { shapes }: { readonly shapes: boolean } = { shapes: false }) {
    this.shapes = shapes;
    this.lifting = new EventReader(aggregates);
    for (const aggregate of aggregates) {
      const prefix = `${aggregate.name}-`;
      for (const [type, { schema }] of Object.entries(aggregate.events))
        this.aggregates.set(type, { aggregate, prefix, schema });
    }
  }

  /**
   * @returns the event in its current schema
   * @throws ProvenWrong
   */
  read(position: number, entry: Uint8Array): RecordedEvent {
    const wrong = (message: string, facts: { expected?: string; found?: string } = {}): ProvenWrong =>
      new ProvenWrong({
        check: 'envelopes',
        position,
        ...labelOf(entry),
        message,
        ...facts,
        nextStep: CONTRACT_BROKEN,
      });
    if (entry.length > EVENT_BYTES_MAX)
      throw wrong(`The event has ${entry.length} bytes; ${EVENT_BYTES_MAX} are allowed.`);
    const text = isUtf8(entry) ? Buffer.from(entry.buffer, entry.byteOffset, entry.length).toString('utf8') : undefined;
    const value = text === undefined ? undefined : parse(text);
    if (text === undefined || !isRecord(value)) throw wrong('The entry is no JSON object in UTF-8.');
    if (!isCanonical(entry, text, value)) {
      if (isTooDeep(value)) throw wrong(`The entry is nested deeper than ${ENTRY_DEPTH_MAX} levels.`);
      throw wrong('The entry is not canonical JSON (RFC 8785).', canonicalFacts(value, text));
    }
    const problem = problemOf(value);
    if (problem !== undefined) throw wrong(problem);
    const event = Object.assign(value, { position }) as unknown as RecordedEvent;
    const { type, stream, schema, recordedAt } = event;
    const known = this.aggregates.get(type);
    if (known === undefined) throw wrong(`Nobody knows events of the type "${type}".`);
    if (!stream.startsWith(known.prefix) || !this.isIdOf(known.aggregate, stream)) {
      throw wrong(`"${type}" does not belong on this stream.`, { expected: `${known.prefix}<id>`, found: stream });
    }
    if (schema > known.schema)
      throw wrong(`Version ${schema} of "${type}" is newer than version ${known.schema}, the last one known.`);
    this.checkTime(recordedAt, wrong);
    const misfit = this.shapes ? this.lifting.misfitOf(event) : undefined;
    if (misfit) throw wrong(`${misfit.pointer} must ${misfit.demand}.`, foundAt(event, misfit.pointer));
    return schema === known.schema ? event : this.lifting.read({ position, envelope: text });
  }

  private isIdOf({ name, ids }: AggregateOutline, stream: string): boolean {
    const id = idOf(stream, name);
    if (!this.shapes) return STREAM_ID.test(id);
    return ids === undefined ? ID.test(id) : ids.includes(id);
  }

  private checkTime(recordedAt: string, wrong: (message: string, facts: object) => ProvenWrong): void {
    if (recordedAt === this.recordedAt) return;
    const ms = Date.parse(recordedAt);
    if (ms < this.recordedAtMs) {
      throw wrong('The event was recorded before the one that precedes it.', {
        expected: `${this.recordedAt} or later`,
        found: recordedAt,
      });
    }
    this.recordedAtMs = ms;
    this.recordedAt = recordedAt;
  }
}

/** The longest text of a value in a finding. */
const FOUND_LENGTH_MAX = 200;

/** The value at a pointer that was made from the event itself. */
function foundAt(event: object, pointer: string): { found?: string } {
  let value: unknown = event;
  for (const name of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return {};
    value = (value as Members)[name.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return value === undefined ? {} : { found: textOf(value).slice(0, FOUND_LENGTH_MAX) };
}

const CONTRACT_BROKEN =
  'The log signed it like this, so that every copy is the same. Keep the checkpoint and the entry, and ask the operator to explain it; ' +
  'if the program that wrote it is newer than this one, verify with that.';

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Both texts from their first difference on. */
function canonicalFacts(value: unknown, text: string): { expected?: string; found?: string } {
  const canonical = canonicalText(value);
  if (canonical === undefined) return {};
  let at = 0;
  while (canonical[at] === text[at]) at += 1;
  const from = Math.max(0, at - 20);
  return { expected: canonical.slice(from, at + 40), found: text.slice(from, at + 40) };
}

function problemOf(envelope: Members): string | undefined {
  let members = 0;
  for (const name in REQUIRED) {
    if (!(REQUIRED[name]?.(envelope[name]) ?? false)) return `"${name}" is missing or not what an envelope has there.`;
    members += 1;
  }
  for (const name in OPTIONAL) {
    if (envelope[name] === undefined) continue;
    if (!(OPTIONAL[name]?.(envelope[name]) ?? false)) return `"${name}" is not what an envelope has there.`;
    members += 1;
  }
  const names = Object.keys(envelope);
  if (names.length === members) return undefined;
  const other = names.find((name) => !Object.hasOwn(REQUIRED, name) && !Object.hasOwn(OPTIONAL, name));
  return `Version 1 of the envelope has no member "${other ?? ''}".`;
}
