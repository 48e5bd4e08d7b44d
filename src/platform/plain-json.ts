import { invalid } from '../ledger/refusal.js';

/** Levels of nesting in a body. The deepest that a route takes has five; a thousand would overflow whoever recurses. */
export const JSON_DEPTH_MAX = 16;

/**
 * Names with a meaning that every object inherits. The mapping of bodies to classes drops them in silence, so that an unknown
 * field would pass; nothing here has one.
 */
const NAMES_REFUSED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Refuses JSON that could do harm before any field is looked at. Iterative, because its input may be nested without limit.
 * @throws Refusal `json-too-deep`, `field-name-refused` (422).
 */
export function requirePlainJson(body: unknown): void {
  const open: { readonly value: unknown; readonly pointer: string; readonly depth: number }[] = [
    { value: body, pointer: '', depth: 0 },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, pointer, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= JSON_DEPTH_MAX) {
      throw invalid('json-too-deep', pointer, `The body is nested deeper than ${JSON_DEPTH_MAX} levels. Flatten it.`, {
        limit: JSON_DEPTH_MAX,
      });
    }
    for (const [name, member] of Object.entries(value)) {
      const at = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      if (NAMES_REFUSED.has(name))
        throw invalid('field-name-refused', at, `No field may be named "${name}". Remove it.`);
      if (typeof member === 'object') open.push({ value: member, pointer: at, depth: depth + 1 });
    }
  }
}

/** True for what `{...}` in JSON becomes, and for nothing with a class of its own. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
