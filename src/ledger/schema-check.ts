import type { JsonSchema } from './schema.js';

/** The first member of a value that does not fit its schema. */
export interface Misfit {
  /** RFC 6901 pointer into the value; empty for the value itself. */
  readonly pointer: string;
  /** What the schema asks for there, to follow "must". */
  readonly demand: string;
}

/**
 * Checks a JSON value against a schema of `schema.ts`. Pure and without dependencies: the write side uses it, and so does an
 * auditor on a machine of their own. A member that is `undefined` is not there, as in JSON.
 * @returns undefined if the value fits.
 */
export function misfitOf(schema: JsonSchema, value: unknown, pointer = ''): Misfit | undefined {
  if (schema.oneOf) return misfitOfAll(schema.oneOf, value, pointer);
  const demand = demandOf(schema, value);
  if (demand !== undefined) return { pointer, demand };
  if (schema.properties) return misfitOfMember(schema, value as Readonly<Record<string, unknown>>, pointer);
  const { items } = schema;
  if (!items) return undefined;
  for (const [index, item] of (value as readonly unknown[]).entries()) {
    const misfit = misfitOf(items, item, `${pointer}/${index}`);
    if (misfit) return misfit;
  }
  return undefined;
}

function misfitOfAll(forms: readonly JsonSchema[], value: unknown, pointer: string): Misfit | undefined {
  const misfits = forms.map((form) => misfitOf(form, value, pointer));
  const fitting = misfits.filter((misfit) => misfit === undefined).length;
  if (fitting === 1) return undefined;
  // The form that the value is nearest to fails the deepest.
  const deepest = misfits.flatMap((misfit) => misfit ?? []).sort((a, b) => b.pointer.length - a.pointer.length)[0];
  const isInside = fitting === 0 && deepest !== undefined && deepest.pointer.length > pointer.length;
  return isInside ? deepest : { pointer, demand: `fit exactly one of ${forms.length} forms` };
}

/** What the value itself lacks, without its members; undefined if nothing. */
function demandOf({ type, ...schema }: JsonSchema, value: unknown): string | undefined {
  if (type !== undefined && !IS[type](value)) return `be of the type ${type}`;
  if (schema.enum && !schema.enum.some((each) => each === value)) return `be one of ${schema.enum.join(', ')}`;
  switch (typeof value) {
    case 'string':
      return demandOfText(schema, value);
    case 'number':
      return demandOfNumber(schema, value);
    case 'object':
      if (!Array.isArray(value)) return undefined;
      if (value.length > (schema.maxItems ?? Infinity)) return `hold at most ${schema.maxItems} items`;
      return value.length < (schema.minItems ?? 0) ? `hold at least ${schema.minItems} items` : undefined;
    default:
      return undefined;
  }
}

const IS: Readonly<Record<NonNullable<JsonSchema['type']>, (value: unknown) => boolean>> = {
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
};

function demandOfText({ pattern, minLength = 0, maxLength = Infinity }: JsonSchema, value: string): string | undefined {
  // A text has at least as many UTF-16 units as code points, so that most texts need not be counted.
  const isLonger = value.length > maxLength && [...value].length > maxLength;
  if (isLonger) return `have at most ${maxLength} characters`;
  if (value.length < minLength) return `have at least ${minLength} characters`;
  return pattern !== undefined && !compiled(pattern).test(value) ? `match ${pattern}` : undefined;
}

function demandOfNumber({ minimum, maximum, exclusiveMinimum }: JsonSchema, value: number): string | undefined {
  if (minimum !== undefined && value < minimum) return `be at least ${minimum}`;
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return `be above ${exclusiveMinimum}`;
  return maximum !== undefined && value > maximum ? `be at most ${maximum}` : undefined;
}

function misfitOfMember(
  { properties = {}, required = [] }: JsonSchema,
  value: Readonly<Record<string, unknown>>,
  pointer: string,
): Misfit | undefined {
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const names = new Set(members.map(([name]) => name));
  for (const name of required) {
    if (!names.has(name)) return { pointer: below(pointer, name), demand: 'be there' };
  }
  for (const [name, member] of members) {
    if (!Object.hasOwn(properties, name)) return { pointer: below(pointer, name), demand: 'not be there' };
    const misfit = misfitOf(properties[name] ?? {}, member, below(pointer, name));
    if (misfit) return misfit;
  }
  return undefined;
}

const below = (pointer: string, name: string): string =>
  `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** Patterns come from declarations only, so that there are few. */
const patterns = new Map<string, RegExp>();

function compiled(pattern: string): RegExp {
  let known = patterns.get(pattern);
  if (!known) patterns.set(pattern, (known = new RegExp(pattern, 'u')));
  return known;
}
