/**
 * Canonical JSON text of a value (RFC 8785, JSON Canonicalization Scheme): members sorted by UTF-16 code units, no white
 * space, numbers as ECMAScript prints them. Members that are `undefined` are left out, as JSON.stringify does.
 * @throws TypeError for what JSON cannot carry: non-finite numbers, lone surrogates, functions, bigints, dates, maps, sets.
 */
export function canonicalize(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return canonicalNumber(value);
  if (typeof value === 'string') return canonicalString(value);
  if (Array.isArray(value)) return `[${Array.from(value, canonicalize).join(',')}]`;
  if (typeof value === 'object') return canonicalObject(value);
  throw new TypeError(`A ${typeof value} has no JSON form.`);
}

function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form.`);
  // Negative zero prints as 0, as RFC 8785 demands.
  return JSON.stringify(value);
}

function canonicalString(value: string): string {
  if (!value.isWellFormed()) throw new TypeError('A string with a lone surrogate has no UTF-8 form.');
  return JSON.stringify(value);
}

function canonicalObject(value: object): string {
  // The content of maps, sets and dates is not in their members: they would be written as empty objects.
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function' || Symbol.iterator in value) {
    throw new TypeError(`A ${value.constructor.name} has no canonical JSON form.`);
  }
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) members.push(`${canonicalString(key)}:${canonicalize(member)}`);
  }
  return `{${members.join(',')}}`;
}
