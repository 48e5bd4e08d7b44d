import { KNOWN, type JsonSchema } from './schema.js';

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
export function misfitOf(schema: JsonSchema, value: unknown): Misfit | undefined {
  if (schema.oneOf) return misfitOfAll(schema.oneOf, value);
  const demand = demandOf(schema, value);
  if (demand !== undefined) return { pointer: '', demand };
  if (schema.properties) return misfitOfMember(schema, value as Readonly<Record<string, unknown>>);
  const { items } = schema;
  if (!items) return undefined;
  const list = value as readonly unknown[];
  for (let at = 0; at < list.length; at += 1) {
    const misfit = misfitOf(items, list[at]);
    if (misfit) return below(String(at), misfit);
  }
  return undefined;
}

function misfitOfAll(forms: readonly JsonSchema[], value: unknown): Misfit | undefined {
  const misfits = forms.map((form) => misfitOf(form, value));
  const fitting = misfits.filter((misfit) => misfit === undefined).length;
  if (fitting === 1) return undefined;
  // The form that the value is nearest to fails the deepest.
  const deepest = misfits.flatMap((misfit) => misfit ?? []).sort((a, b) => b.pointer.length - a.pointer.length)[0];
  const isInside = fitting === 0 && deepest !== undefined && deepest.pointer !== '';
  return isInside ? deepest : { pointer: '', demand: `fit exactly one of ${forms.length} forms` };
}

/** What the value itself lacks, without its members; undefined if nothing. */
function demandOf(schema: JsonSchema, value: unknown): string | undefined {
  const { type } = schema;
  if (type !== undefined && !IS[type](value)) return `be of the type ${type}`;
  if (schema.enum && !schema.enum.some((each) => each === value)) return `be one of ${schema.enum.join(', ')}`;
  if (typeof value === 'string') return demandOfText(schema, value);
  if (typeof value === 'number') return demandOfNumber(schema, value);
  return Array.isArray(value) ? demandOfList(schema, value.length) : undefined;
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

function demandOfText(schema: JsonSchema, value: string): string | undefined {
  const { pattern, minLength = 0, maxLength = Infinity } = schema;
  // A text has at least as many UTF-16 units as code points, so that most texts need not be counted.
  const isLonger = value.length > maxLength && [...value].length > maxLength;
  if (isLonger) return `have at most ${maxLength} characters`;
  if (value.length < minLength) return `have at least ${minLength} characters`;
  if (pattern !== undefined && !compiled(pattern).test(value)) return `match ${pattern}`;
  const known = schema[KNOWN];
  return known === undefined || known.has(value) ? undefined : known.demand;
}

function demandOfNumber({ minimum, maximum, exclusiveMinimum }: JsonSchema, value: number): string | undefined {
  if (minimum !== undefined && value < minimum) return `be at least ${minimum}`;
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return `be above ${exclusiveMinimum}`;
  return maximum !== undefined && value > maximum ? `be at most ${maximum}` : undefined;
}

function demandOfList({ minItems = 0, maxItems = Infinity }: JsonSchema, length: number): string | undefined {
  if (length > maxItems) return `hold at most ${maxItems} items`;
  return length < minItems ? `hold at least ${minItems} items` : undefined;
}

/** An event of usage has thousands of members, so that this makes nothing for a member that fits. */
function misfitOfMember(
  { properties = {}, required = [], additionalProperties = false }: JsonSchema,
  value: Readonly<Record<string, unknown>>,
): Misfit | undefined {
  for (const name of required) {
    if (value[name] === undefined || !Object.hasOwn(value, name))
      return below(name, { pointer: '', demand: 'be there' });
  }
  for (const name of Object.keys(value)) {
    const member = value[name];
    if (member === undefined) continue;
    const schema = Object.hasOwn(properties, name) ? properties[name] : additionalProperties || undefined;
    const misfit = schema ? misfitOf(schema, member) : { pointer: '', demand: 'not be there' };
    if (misfit) return below(name, misfit);
  }
  return undefined;
}

const below = (name: string, { pointer, demand }: Misfit): Misfit => ({
  pointer: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}${pointer}`,
  demand,
});

/** Patterns come from declarations only, so that there are few. */
const patterns = new Map<string, RegExp>();

function compiled(pattern: string): RegExp {
  let known = patterns.get(pattern);
  if (!known) patterns.set(pattern, (known = new RegExp(pattern, 'u')));
  return known;
}
