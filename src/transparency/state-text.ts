import { canonicalize } from '../ledger/canonical.js';

/**
 * A state of maps and big integers as canonical JSON, and back. The same state gives the same bytes however it came about: object
 * members and map entries are sorted, so that the order in which events arrived in a map leaves no trace.
 */
export const stateText = (state: object): string => canonicalize(encoded(state));

/** @throws SyntaxError if the text is no JSON. */
export const parseStateText = (text: string): unknown => JSON.parse(text, (_key, value: unknown) => decoded(value));

// States hold no objects with these members, and free JSON (the value of a policy) only as text.
const INTEGER = '$integer';
const MAP = '$map';

function encoded(value: unknown): unknown {
  if (typeof value === 'bigint') return { [INTEGER]: value.toString() };
  if (value instanceof Map) return { [MAP]: [...value].sort(byKey).map(([key, entry]) => [key, encoded(entry)]) };
  if (Array.isArray(value)) return value.map(encoded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, encoded(member)]));
}

function decoded(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (INTEGER in value) return BigInt(String(value[INTEGER]));
  if (MAP in value) return new Map(value[MAP] as [string | number, unknown][]);
  return value;
}

/** Numbers by size, strings by code unit; a map has keys of one kind. */
function byKey([one]: readonly [string | number, unknown], [other]: readonly [string | number, unknown]): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
