import { canonicalize } from '../ledger/canonical.js';

// No object of a state has a member of these names.
const INTEGER = '$integer';
const MAP = '$map';

/**
 * A state of maps and big integers as canonical JSON, in pieces that follow each other: a state may hold tens of thousands of entries, and
 * other work can run between two pieces. Equal states have equal bytes: members of objects and entries of maps are sorted, so that the
 * order of insertion does not show.
 */
export function* stateParts(value: unknown): Generator<string> {
  if (value instanceof Map) {
    yield* enclosed(`{"${MAP}":[`, entriesOf(value), ']}');
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    yield* enclosed('{', membersOf(value), '}');
  } else yield stateText(value);
}

function* enclosed(before: string, items: Iterable<Iterable<string>>, after: string): Generator<string> {
  yield before;
  let isFirst = true;
  for (const item of items) {
    if (!isFirst) yield ',';
    isFirst = false;
    yield* item;
  }
  yield after;
}

function* membersOf(object: object): Generator<Iterable<string>> {
  for (const [name, member] of Object.entries(object).sort(byKey)) {
    if (member !== undefined) yield memberParts(name, member);
  }
}

function* memberParts(name: string, member: unknown): Generator<string> {
  yield `${canonicalize(name)}:`;
  yield* stateParts(member);
}

function* entriesOf(map: ReadonlyMap<string | number, unknown>): Generator<Iterable<string>> {
  for (const entry of [...map].sort(byKey)) yield [entryText(entry)];
}

/** A value inside an entry of a map is small: its text is one piece. */
function stateText(value: unknown): string {
  if (typeof value === 'bigint') return `{"${INTEGER}":"${value}"}`;
  if (value instanceof Map) return `{"${MAP}":[${[...value].sort(byKey).map(entryText).join(',')}]}`;
  if (Array.isArray(value)) return `[${value.map(stateText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return canonicalize(value);
  return `{${membersText(value as Readonly<Record<string, unknown>>)}}`;
}

/**
 * In two passes. A single pass with a reviver for `JSON.parse` takes four times as long (measured).
 * @throws SyntaxError if the text is no JSON.
 */
export const parseStateText = (text: string): unknown => decoded(JSON.parse(text));

/** Most of a state are thousands of objects with a few members: their text is built without intermediate arrays. */
function membersText(object: Readonly<Record<string, unknown>>): string {
  let text = '';
  for (const name of Object.keys(object).sort()) {
    const member = object[name];
    if (member !== undefined) text += `${text === '' ? '' : ','}${canonicalize(name)}:${stateText(member)}`;
  }
  return text;
}

const entryText = ([key, entry]: readonly [string | number, unknown]): string =>
  `[${canonicalize(key)},${stateText(entry)}]`;

/** Numbers by size, strings by code unit; a map has keys of one kind. */
function byKey([one]: readonly [string | number, unknown], [other]: readonly [string | number, unknown]): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Changes the parsed value in place: nothing else refers to it. */
function decoded(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (INTEGER in value) return BigInt(String(value[INTEGER]));
  if (MAP in value) return new Map(decoded(value[MAP]) as [string | number, unknown][]);
  const members = value as Record<string, unknown>;
  for (const name of Object.keys(members)) {
    const member = members[name];
    if (typeof member === 'object') members[name] = decoded(member);
  }
  return value;
}
