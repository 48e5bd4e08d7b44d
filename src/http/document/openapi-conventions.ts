import type { OpenAPIObject } from '@nestjs/swagger';
import { CURSOR_LENGTH_MAX, PAGE_LIMIT_MAX } from '../read-model.js';

/**
 * Conventions of this API, written out in its OpenAPI document so that no DTO has to repeat them: an `...Id` is a UUID, an `...At` an
 * instant, a `...Minor` an amount, and so on. The schema of a DTO always wins over a convention. A convention that does not fit the
 * example of a field is not applied: the linter then requires an explicit schema.
 */
export interface Schema {
  type?: string | string[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  enum?: readonly unknown[];
  example?: unknown;
  properties?: Record<string, Schema>;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  additionalProperties?: boolean | Schema;
  $ref?: string;
}

/** Sums of amounts of 18 digits, as `numeric(38, 0)` holds them, with a sign. */
const SUM_DIGITS_MAX = 38;

const UUID: Schema = {
  format: 'uuid',
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  maxLength: 36,
};

/** Schemas of texts by the name of the member. The first that matches is used. */
const TEXTS: readonly (readonly [RegExp, Schema])[] = [
  [/^(id|[a-z]\w*Id)$/, UUID],
  [/Minor$/, { pattern: `^(0|-?[1-9][0-9]{0,${SUM_DIGITS_MAX - 1}})$`, maxLength: SUM_DIGITS_MAX + 1 }],
  [/^asOf$|At$/, { format: 'date-time' }],
  [/On$/, { format: 'date' }],
  [/^country$/, { pattern: '^[A-Z]{2}$', maxLength: 2 }],
  [/^currency$/, { pattern: '^[A-Z]{3}$', maxLength: 3 }],
  [/^next$/, { pattern: '^[A-Za-z0-9_-]+$', maxLength: CURSOR_LENGTH_MAX }],
];

const LENGTHS: Readonly<Record<string, number>> = { uuid: 36, 'date-time': 24, date: 10, uri: 2_048 };

/** Names of whole numbers. JSON carries them exactly up to 2^53 - 1. They are counts, so none is negative. */
const WHOLE = /^(v|schema|rank|revision|version|position)$|(Rank|Position)$|^chips$|chipHours|ChipHours/;

/** Members of request bodies, by name. */
type Taken = ReadonlyMap<string, Schema>;

export function applyConventions(document: OpenAPIObject): void {
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
  const bodies = bodySchemas(document, schemas);
  for (const name of bodies) closeObject(schemas[name]);
  const taken = takenBy(bodies, schemas);
  for (const [name, schema] of Object.entries(schemas)) {
    constrain(name, schema, taken);
    if (name.endsWith('PageDto') && schema.properties?.['data']) schema.properties['data'].maxItems ??= PAGE_LIMIT_MAX;
  }
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.post]) {
      for (const parameter of operation?.parameters ?? []) {
        if ('schema' in parameter) constrain(parameter.name, parameter.schema as Schema, taken);
      }
    }
  }
}

/** Names of all schemas that request bodies use. */
function bodySchemas(document: OpenAPIObject, schemas: Record<string, Schema>): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { $ref } = node as Schema;
    const name = $ref?.split('/').at(-1);
    if (name !== undefined && !found.has(name)) {
      found.add(name);
      visit(schemas[name]);
    }
    for (const value of Object.values(node)) visit(value);
  };
  for (const { post } of Object.values(document.paths)) visit(post?.requestBody);
  return found;
}

/** Marks an object as closed, because the edge refuses unknown fields. */
function closeObject(schema: Schema | undefined): void {
  if (schema?.type === 'object') schema.additionalProperties ??= false;
}

/** For each name the widest schema of any command: answers return values that commands took. */
function takenBy(bodies: ReadonlySet<string>, schemas: Record<string, Schema>): Taken {
  const taken = new Map<string, Schema>();
  for (const body of bodies) {
    for (const [name, schema] of Object.entries(schemas[body]?.properties ?? {})) {
      if (schema.maxLength === undefined && schema.maxItems === undefined) continue;
      const known = taken.get(name);
      taken.set(name, known === undefined ? schema : wider(known, schema));
    }
  }
  return taken;
}

function wider(one: Schema, other: Schema): Schema {
  const [wide, narrow] = (one.maxLength ?? 0) < (other.maxLength ?? 0) ? [other, one] : [one, other];
  const { pattern, ...rest } = wide;
  return pattern !== undefined && pattern === narrow.pattern ? wide : rest;
}

function constrain(name: string, schema: Schema, taken: Taken): void {
  if (isAnything(schema)) delete schema.type;
  const types = [schema.type ?? []].flat();
  if (types.includes('string')) constrainText(name, schema, taken);
  else dropTextLimits(schema);
  if (types.includes('integer') || (types.includes('number') && schema.format === undefined && WHOLE.test(name))) {
    constrainWhole(schema, types);
  }
  if (types.includes('array') && schema.maxItems === undefined) constrainList(schema, takenAs(name, taken));
  for (const [member, child] of Object.entries(schema.properties ?? {})) constrain(member, child, taken);
  for (const child of [schema.items, schema.additionalProperties, ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]) {
    if (typeof child === 'object') constrain(name, child, taken);
  }
}

/** The plugin writes a member of type `unknown` as an object. An example that is not an object shows that it may be any JSON. */
const isAnything = ({ type, properties, additionalProperties, example }: Schema): boolean =>
  type === 'object' && !properties && !additionalProperties && example !== undefined && typeof example !== 'object';

function constrainText(name: string, schema: Schema, taken: Taken): void {
  if (schema.enum) return;
  const isBare = schema.format === undefined && schema.pattern === undefined && schema.maxLength === undefined;
  if (isBare) {
    const { format, pattern, maxLength } = TEXTS.find(([names]) => names.test(name))?.[1] ?? takenAs(name, taken) ?? {};
    const fits = pattern === undefined || typeof schema.example !== 'string' || RegExp(pattern).test(schema.example);
    if (fits)
      Object.assign(schema, {
        ...(format && { format }),
        ...(pattern && { pattern }),
        ...(maxLength && { maxLength }),
      });
  }
  const length = LENGTHS[schema.format ?? ''];
  if (length !== undefined) schema.maxLength ??= length;
}

/** An answer may repeat a value of a command under a longer name: `reason` as `releaseReason`, `name` as `fundName`. */
function takenAs(name: string, taken: Taken): Schema | undefined {
  const lastWords = [...name.matchAll(/[A-Z]/g)].map(
    ({ index }) => name.charAt(index).toLowerCase() + name.slice(index + 1),
  );
  return [name, ...lastWords].map((words) => taken.get(words)).find((schema) => schema !== undefined);
}

/** The validator of a query checks the text of a number by a pattern. In the document it is a number, which has no pattern. */
function dropTextLimits(schema: Schema): void {
  delete schema.pattern;
  delete schema.maxLength;
  delete schema.minLength;
}

function constrainWhole(schema: Schema, types: readonly string[]): void {
  const whole = types.map((type) => (type === 'number' ? 'integer' : type));
  schema.type = whole.length === 1 ? 'integer' : whole;
  schema.format ??= 'int64';
  schema.minimum ??= 0;
  schema.maximum ??= Number.MAX_SAFE_INTEGER;
}

function constrainList(schema: Schema, taken: Schema | undefined): void {
  if (taken?.maxItems === undefined || !taken.items) return;
  schema.maxItems = taken.maxItems;
  schema.items = { ...taken.items, ...schema.items };
}
