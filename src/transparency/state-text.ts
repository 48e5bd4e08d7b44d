import { canonicalize } from '../ledger/canonical.js';

// States hold no objects with these members.
const INTEGER = '$integer';
const MAP = '$map';

/**
 * A state of maps and big integers as canonical JSON. The same state gives the same bytes however it came about: members of objects and
 * entries of maps are sorted, so that the order in which events arrived leaves no trace. In one pass, because nothing else runs meanwhile.
 */
export function stateText(value: unknown): string {
  if (typeof value === 'bigint') return `{"${INTEGER}":"${value}"}`;
  if (value instanceof Map) return `{"${MAP}":[${entriesText(value)}]}`;
  if (Array.isArray(value)) return `[${value.map(stateText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return canonicalize(value);
  return `{${membersText(value as Readonly<Record<string, unknown>>)}}`;
}

/**
 * In two passes: one that calls back for every value of the text takes four times as long (measured).
 * @throws SyntaxError if the text is no JSON.
 */
export const parseStateText = (text: string): unknown => decoded(JSON.parse(text));

/** Of a thousand objects of a few members each, which is most of a state: built without arrays between. */
function membersText(object: Readonly<Record<string, unknown>>): string {
  let text = '';
  for (const name of Object.keys(object).sort()) {
    const member = object[name];
    if (member !== undefined) text += `${text === '' ? '' : ','}${canonicalize(name)}:${stateText(member)}`;
  }
  return text;
}

function entriesText(map: ReadonlyMap<string | number, unknown>): string {
  return [...map]
    .sort(byKey)
    .map(([key, entry]) => `[${canonicalize(key)},${stateText(entry)}]`)
    .join(',');
}

/** Numbers by size, strings by code unit; a map has keys of one kind. */
function byKey([one]: readonly [string | number, unknown], [other]: readonly [string | number, unknown]): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** What was parsed belongs to nobody else, and is changed in place. */
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
