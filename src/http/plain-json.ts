import { Refusal, invalid } from '../ledger/refusal.js';

/** Levels of nesting in a body. The deepest body of a route has five; a thousand would overflow the stack of a recursive function. */
export const JSON_DEPTH_MAX = 16;

/**
 * Names that every object inherits. `plainToInstance` leaves them out, so an unknown field with such a name would pass without a
 * refusal. No body has a field with such a name.
 */
const NAMES_REFUSED: ReadonlySet<string> = new Set(['prototype', ...Object.getOwnPropertyNames(Object.prototype)]);

/** The refusal of a text that is not JSON, or that names a prototype. */
export const MALFORMED_JSON = new Refusal(
  'malformed',
  'malformed-json',
  'The body is not valid JSON. Check quotes, commas and brackets.',
);

export const tooDeep = (pointer: string): Refusal =>
  invalid('json-too-deep', pointer, `The body is nested deeper than ${JSON_DEPTH_MAX} levels. Flatten it.`, {
    limit: JSON_DEPTH_MAX,
  });

/**
 * Refuses JSON that could do harm, before any field is checked. Iterative, because the nesting of the input has no limit yet.
 * @param pointerOfBody place of `body` in the request, if it is only a part of the request's body
 * @throws Refusal `json-too-deep`, `field-name-refused` (422).
 */
export function requirePlainJson(body: unknown, pointerOfBody = ''): void {
  const open: { readonly value: unknown; readonly pointer: string; readonly depth: number }[] = [
    { value: body, pointer: pointerOfBody, depth: 0 },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, pointer, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= JSON_DEPTH_MAX) throw tooDeep(pointer);
    for (const [name, member] of Object.entries(value)) {
      const at = `${pointer}/${inPointer(name)}`;
      if (NAMES_REFUSED.has(name))
        throw invalid('field-name-refused', at, `No field may be named "${name}". Remove it.`);
      if (typeof member === 'object') open.push({ value: member, pointer: at, depth: depth + 1 });
    }
  }
}

/** A name as part of a JSON pointer (RFC 6901). */
export const inPointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * True for JSON that names a prototype: `__proto__`, or a `constructor` with a `prototype`. Fastify's parser refuses such JSON as
 * malformed. It reads all bodies except the streamed ones, so these must be refused alike.
 */
export function hasPrototype(body: unknown): boolean {
  const open = [body];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    if (Object.hasOwn(value, '__proto__')) return true;
    const members = new Map<string, unknown>(Object.entries(value));
    const ofConstructor = members.get('constructor');
    if (typeof ofConstructor === 'object' && ofConstructor !== null && Object.hasOwn(ofConstructor, 'prototype'))
      return true;
    for (const member of members.values()) open.push(member);
  }
  return false;
}

/** True for an object as `{...}` in JSON makes it, false for an instance of a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
