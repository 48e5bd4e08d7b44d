import { AGGREGATES } from '../../src/aggregates.js';
import type { AggregateOutline } from '../../src/ledger/aggregate.js';
import type { Verification } from '../../src/audit/verification.js';
import { verify } from '../../src/audit/verify.js';
import { canonicalize } from '../../src/ledger/canonical.js';
import type { Envelope } from '../../src/ledger/event.js';
import { derivedId } from '../../src/ledger/identifiers.js';
import { formatInstant } from '../../src/ledger/time.js';
import { noteKeyOf } from '../../src/tlog/note-key.js';
import { LOG_KEY, signedLog } from '../audit/written-log.js';

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type Members = Record<string, Json>;

/** A history in which one thing is false, and all hashes and signatures are right. */
export interface Forgery {
  /** Type of the event and path in it, e.g. `access-granted data.chipHours`; for the history as a whole, `(history) order`. */
  readonly field: string;
  /** What was done, e.g. `later`. */
  readonly change: string;
  /** Position of the forged event. */
  readonly position: number;
  /** Made when it is needed: a long history has tens of thousands of forgeries. */
  readonly history: () => readonly Envelope[];
}

/** What an auditor says of a history that its operator signed. */
export function verified(history: readonly Envelope[]): Promise<Verification> {
  const source = signedLog(history.map((envelope) => Buffer.from(canonicalize(envelope))));
  return verify(source, { trust: { key: noteKeyOf(LOG_KEY) }, aggregates: AGGREGATES });
}

export const isFound = async (history: readonly Envelope[]): Promise<boolean> =>
  (await verified(history)).verdict !== 'verified';

/** @throws Error when a verification finds something in a history in which nothing is forged */
export async function requireVerified(history: readonly Envelope[], name: string): Promise<void> {
  const { verdict, finding } = await verified(history);
  if (verdict !== 'verified') throw new Error(`${name} is not verified: ${JSON.stringify(finding)}`);
}

/**
 * Every forgery of every event of a history. The same history gives the same forgeries in the same order.
 * @param perField most events in which one field is forged
 */
export function* forgeriesOf(history: readonly Envelope[], perField = Infinity): Generator<Forgery> {
  const others = new OtherValues(history);
  const enums = enumsByType();
  const forged = new Map<string, number>();
  for (const [at, envelope] of history.entries()) {
    const { type } = envelope;
    // The last event is there so that no other one is the last.
    if (at === history.length - 1) break;
    for (const [path, changed] of changesOf(envelope as unknown as Json, others.with(enums.get(type)))) {
      const field = `${type} ${path}`;
      const count = (forged.get(field) ?? 0) + 1;
      if (count > perField) continue;
      forged.set(field, count);
      for (const [change, next] of changed) {
        yield { field, change, position: at + 1, history: () => history.with(at, next as unknown as Envelope) };
      }
    }
    for (const [what, next] of wholeEvent(history, at)) {
      const field = `${type} (event)`;
      const count = (forged.get(`${field} ${what}`) ?? 0) + 1;
      if (count > perField) continue;
      forged.set(`${field} ${what}`, count);
      yield { field, change: what, position: at + 1, history: next };
    }
  }
}

/** The event left out, recorded twice, or recorded after the next one. Revisions and times are made to fit. */
function* wholeEvent(history: readonly Envelope[], at: number): Generator<readonly [string, Forgery['history']]> {
  const event = history[at];
  const next = history[at + 1];
  if (!event || !next) return;
  yield ['left-out', () => renumbered(history.toSpliced(at, 1))];
  const commandId = derivedId('forged command', event.id);
  const again = { ...event, id: derivedId(commandId, 'event', '0'), commandId, recordedAt: next.recordedAt };
  yield ['twice', () => renumbered(history.toSpliced(at + 1, 0, again))];
  if (next.stream === event.stream || next.commandId === event.commandId) return;
  yield [
    'swapped',
    () =>
      history
        .with(at, { ...next, recordedAt: event.recordedAt })
        .with(at + 1, { ...event, recordedAt: next.recordedAt }),
  ];
}

function renumbered(history: readonly Envelope[]): readonly Envelope[] {
  const revisions = new Map<string, number>();
  return history.map((envelope) => {
    const revision = (revisions.get(envelope.stream) ?? -1) + 1;
    revisions.set(envelope.stream, revision);
    return { ...envelope, revision };
  });
}

/** The values that stand in a history under each name: forged ones that nobody sees at once. */
class OtherValues {
  private values = new Map<string, Set<Json>>();

  constructor(
    history: readonly Envelope[],
    /** The values that the schema of the type allows, by the path. */
    private readonly allowed: ReadonlyMap<string, readonly Json[]> = new Map(),
  ) {
    for (const envelope of history) this.collect('', envelope as unknown as Json);
  }

  /** The same values, and those that a schema allows. */
  with(allowed: ReadonlyMap<string, readonly Json[]> = new Map()): OtherValues {
    return Object.assign(new OtherValues([], allowed), { values: this.values });
  }

  /** All other values that the schema allows at the path, where it lists them; the first other value and the last elsewhere. */
  of(path: string, name: string, own: Json): readonly Json[] {
    const listed = this.allowed.get(path);
    if (listed) return listed.filter((value) => value !== own);
    const all = [...(this.values.get(name) ?? [])].filter((value) => value !== own);
    return [...new Set([...all.slice(0, 1), ...all.slice(-1)])];
  }

  private collect(name: string, value: Json): void {
    if (isList(value)) for (const each of value) this.collect(name, each);
    else if (isObject(value)) for (const [key, each] of Object.entries(value)) this.collect(key, each);
    else this.values.set(name, (this.values.get(name) ?? new Set()).add(value));
  }
}

interface SchemaText {
  readonly enum?: readonly Json[];
  readonly items?: SchemaText;
  readonly properties?: Readonly<Record<string, SchemaText>>;
  readonly oneOf?: readonly SchemaText[];
}

/** The values that the schemas list, by the type of event and the path in it. */
function enumsByType(): ReadonlyMap<string, ReadonlyMap<string, readonly Json[]>> {
  const outlines: readonly AggregateOutline[] = AGGREGATES;
  return new Map(
    outlines.flatMap(({ events }) =>
      Object.entries(events).map(([type, { data }]) => {
        const found = new Map<string, readonly Json[]>();
        listEnums('data', data as unknown as SchemaText, found);
        return [type, found] as const;
      }),
    ),
  );
}

function listEnums(path: string, schema: SchemaText, found: Map<string, readonly Json[]>): void {
  if (schema.enum) found.set(path, [...new Set([...(found.get(path) ?? []), ...schema.enum])]);
  for (const one of schema.oneOf ?? []) listEnums(path, one, found);
  if (schema.items) listEnums(`${path}[]`, schema.items, found);
  for (const [name, member] of Object.entries(schema.properties ?? {})) listEnums(`${path}.${name}`, member, found);
}

type Changes = readonly (readonly [change: string, next: Json])[];
const REMOVED = Symbol('removed');

/** Every path of a value, with the changed values. The elements of a list have one path, of which the first is changed. */
function* changesOf(value: Json, others: OtherValues): Generator<readonly [path: string, Changes]> {
  for (const [path, changes] of within('', '', value, others)) {
    const kept = changes.filter((change): change is readonly [string, Json] => change[1] !== REMOVED);
    if (kept.length > 0) yield [path === '' ? '(envelope)' : path, kept];
  }
}

type Raw = readonly (readonly [change: string, next: Json | typeof REMOVED])[];

function* within(path: string, name: string, value: Json, others: OtherValues): Generator<readonly [string, Raw]> {
  if (isObject(value)) {
    yield [path, [...added(value), ...(path === '' ? [] : [['removed', REMOVED] as const])]];
    for (const [key, member] of Object.entries(value)) {
      const inner = path === '' ? key : `${path}.${key}`;
      for (const [innerPath, changes] of within(inner, key, member, others)) {
        yield [innerPath, changes.map(([change, next]) => [change, withMember(value, key, next)] as const)];
      }
    }
    return;
  }
  if (isList(value)) {
    yield [path, [...reordered(value), ['removed', REMOVED]]];
    const [first] = value;
    if (first === undefined) return;
    for (const [innerPath, changes] of within(`${path}[]`, name, first, others)) {
      const kept = changes.filter((change): change is readonly [string, Json] => change[1] !== REMOVED);
      yield [innerPath, kept.map(([change, next]) => [change, value.with(0, next)] as const)];
    }
    return;
  }
  const same = others.of(path, name, value).map((other) => ['another', other] as const);
  yield [path, [...unique([...same, ...variants(value)]), ['removed', REMOVED]]];
}

function withMember(value: Members, key: string, next: Json | typeof REMOVED): Json {
  if (next !== REMOVED) return { ...value, [key]: next };
  const { [key]: _removed, ...rest } = value;
  return rest;
}

const unique = (changes: Changes): Changes =>
  changes.filter(([, next], at) => changes.findIndex(([, other]) => other === next) === at);

const OPTIONAL: Members = {
  effectiveAt: '2026-03-01T00:00:00Z',
  legalBasis: 'Art. 1',
  causationId: derivedId('forged', 'cause'),
  sealed: { subject: derivedId('forged', 'subject'), commitment: Buffer.alloc(32).toString('base64') },
};

/** A member that nobody knows; in an envelope also the members that it may have. */
function added(value: Members): Changes {
  const extra = [['extra-member', { ...value, bribeMinor: '1000000' }] as const];
  if (!('commandId' in value)) return extra;
  const missing = Object.entries(OPTIONAL).filter(([name]) => !(name in value));
  return [...extra, ...missing.map(([name, given]) => [`extra-${name}`, { ...value, [name]: given }] as const)];
}

function reordered(list: readonly Json[]): Changes {
  const [first, second] = list;
  return [
    ...(first === undefined ? [] : [['shorter', list.slice(0, -1)] as const, ['repeated', [first, ...list]] as const]),
    ...(second === undefined ? [] : [['reversed', list.toReversed()] as const]),
  ];
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const DIGITS = /^-?\d+$/;

/** Other values of the same kind, and one of another kind. */
function variants(value: Json): Changes {
  if (typeof value === 'boolean') return [['negated', !value]];
  if (typeof value === 'number') {
    return [
      ['more', value + 1],
      ['less', value - 1],
      ['huge', 1e15],
      ['as-text', String(value)],
    ];
  }
  if (typeof value !== 'string') return [['text', 'x']];
  if (INSTANT.test(value)) {
    return [1, -1, 10 * 31_556_952, -10 * 31_556_952].map((seconds) => [
      seconds > 0 ? 'later' : 'earlier',
      formatInstant(Date.parse(value) + seconds * 1_000),
    ]);
  }
  if (DATE.test(value)) {
    const day = (days: number): string => new Date(Date.parse(value) + days * 86_400_000).toISOString().slice(0, 10);
    return [
      ['later', day(1)],
      ['later', day(3_653)],
      ['earlier', day(-1)],
      ['earlier', day(-3_653)],
      ['no-day', `${value.slice(0, 5)}02-30`],
    ];
  }
  if (DIGITS.test(value)) {
    return [
      ['more', String(BigInt(value) + 1n)],
      ['less', String(BigInt(value) - 1n)],
      ['leading-zero', value.replace(/\d/, '0$&')],
      ['as-number', Number(value)],
    ];
  }
  if (UUID.test(value)) return [['unknown-id', derivedId('forged', value)]];
  return [
    ['longer', `${value}x`],
    ['empty', ''],
    ['as-number', 7],
  ];
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
const isObject = (value: Json): value is Members => typeof value === 'object' && value !== null && !isList(value);
