import { EVENT_BYTES_MAX } from './event.js';

/**
 * The part of JSON Schema 2020-12 (the dialect of OpenAPI 3.1) that events use. `misfitOf` in `schema-check.ts` checks a value
 * against it.
 */
export interface JsonSchema {
  readonly description?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null';
  readonly enum?: readonly (string | boolean)[];
  readonly pattern?: string;
  /** For readers and generators; `pattern` decides. */
  readonly format?: string;
  readonly minLength?: number;
  /** In code points. */
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  /** Of the members that `properties` does not name; false for none. */
  readonly additionalProperties?: false | JsonSchema;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  /** Exactly one of them fits. */
  readonly oneOf?: readonly JsonSchema[];
  /** A test of texts that no keyword of JSON Schema can make. The API document does not show it. */
  readonly [KNOWN]?: KnownTexts;
}

export const KNOWN = Symbol('known texts');

/** Texts that are known beyond their pattern: days of the calendar, codes of a list. */
export interface KnownTexts {
  readonly has: (text: string) => boolean;
  /** What the schema asks for, to follow "must". */
  readonly demand: string;
}

declare const VALUE: unique symbol;

/** A schema with the type of its values: one declaration for the compiler, for the check at run time and for the API document. */
export interface Schema<Value> extends JsonSchema {
  /** Exists for the compiler only. */
  readonly [VALUE]: Value;
}

/** The type of the values of a schema. */
export type ValueOf<S extends Schema<unknown>> = S extends Schema<infer Value> ? Value : never;

/** A member that may be missing. It is never null instead. */
export interface Optional<Value> {
  readonly optional: Schema<Value>;
}

type Members = Readonly<Record<string, Schema<unknown> | Optional<unknown>>>;

type OptionalNames<M extends Members> = {
  [Name in keyof M]: M[Name] extends Optional<unknown> ? Name : never;
}[keyof M];

/** The type of an object with these members. */
export type ObjectOf<M extends Members> = Flat<
  {
    readonly [Name in keyof M as Exclude<Name, OptionalNames<M>>]: M[Name] extends Schema<infer Value> ? Value : never;
  } & {
    readonly [Name in keyof M as Extract<Name, OptionalNames<M>>]?: M[Name] extends Optional<infer Value>
      ? Value
      : never;
  }
>;
type Flat<T> = { [Name in keyof T]: T[Name] };

function schema<Value>(json: JsonSchema, description?: string): Schema<Value> {
  return { ...json, ...(description !== undefined && { description }) } as Schema<Value>;
}

export const optional = <Value>(member: Schema<Value>): Optional<Value> => ({ optional: member });

/** An object with exactly these members. */
export function object<M extends Members>(members: M, description?: string): Schema<ObjectOf<M>> {
  const entries = Object.entries(members);
  const properties = entries.map(([name, member]) => [name, 'optional' in member ? member.optional : member] as const);
  const required = entries.flatMap(([name, member]) => ('optional' in member ? [] : [name]));
  return schema(
    { type: 'object', properties: Object.fromEntries(properties), required, additionalProperties: false },
    description,
  );
}

/** An object with some of these keys, and the same kind of value at each. */
export function some<const Key extends string, Value>(
  keys: readonly Key[],
  value: Schema<Value>,
  description?: string,
): Schema<Readonly<Partial<Record<Key, Value>>>> {
  const properties = Object.fromEntries(keys.map((key) => [key, value]));
  return schema({ type: 'object', properties, required: [], additionalProperties: false }, description);
}

/** An object with keys that the program does not know beforehand, and the same kind of value at each. */
export const mapOf = <Value>(value: Schema<Value>, description?: string): Schema<Readonly<Record<string, Value>>> =>
  schema({ type: 'object', properties: {}, required: [], additionalProperties: value }, description);

/** An event holds a few bytes at least for each item of its lists. */
const ITEMS_MAX = EVENT_BYTES_MAX;

export const list = <Value>(items: Schema<Value>, description?: string): Schema<readonly Value[]> =>
  schema({ type: 'array', items, maxItems: ITEMS_MAX }, description);

export const either = <const Schemas extends readonly Schema<unknown>[]>(
  schemas: Schemas,
  description?: string,
): Schema<ValueOf<Schemas[number]>> => schema({ oneOf: schemas }, description);

export const nullable = <Value>(of: Schema<Value>): Schema<Value | null> =>
  schema({ oneOf: [of, { type: 'null' }], ...(of.description !== undefined && { description: of.description }) });

export const oneOf = <const Value extends string>(values: readonly Value[], description?: string): Schema<Value> =>
  schema({ type: 'string', enum: values }, description);

export const flag = (description?: string): Schema<boolean> => schema({ type: 'boolean' }, description);

/** A flag that is left out instead of being false. */
export const mark = (description?: string): Schema<true> => schema({ type: 'boolean', enum: [true] }, description);

/** A count: a whole number from `min` on. */
export const whole = (description?: string, min: 0 | 1 = 0): Schema<number> =>
  schema({ type: 'integer', format: 'int64', minimum: min, maximum: Number.MAX_SAFE_INTEGER }, description);

/** A number above 0 and up to `max`. */
export const above0 = (max: number, description?: string): Schema<number> =>
  schema({ type: 'number', format: 'double', exclusiveMinimum: 0, maximum: max }, description);

const UUID = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
const DATE = '\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])';
const INSTANT = `${DATE}T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,3})?Z`;
/** As many digits as a `numeric(38, 0)` column holds. */
const AMOUNT_DIGITS_MAX = 38;

/** A text that is not blank. The event itself bounds its length; the edge has narrower limits, which may change. */
export const text = (description?: string): Schema<string> =>
  schema({ type: 'string', pattern: String.raw`\S`, maxLength: EVENT_BYTES_MAX }, description);

const matching = (pattern: string, maxLength: number, description?: string, format?: string): Schema<string> =>
  schema({ type: 'string', ...(format !== undefined && { format }), pattern, maxLength }, description);

export const id = (description?: string): Schema<string> => matching(UUID, 36, description, 'uuid');

/** The same schema, for the known texts only. */
export const knownTo = <Value extends string>(of: Schema<Value>, known: KnownTexts): Schema<Value> => ({
  ...of,
  [KNOWN]: known,
});

/** The day of a text that a pattern found to be a date or an instant is in the calendar: the pattern allows 30 February. */
const inCalendar: KnownTexts = { has: isDayOfCalendar, demand: 'be a day of the calendar' };

/** RFC 3339, UTC, `Z`, at most milliseconds. */
export const instant = (description?: string): Schema<string> =>
  knownTo(matching(`^${INSTANT}$`, 24, description, 'date-time'), inCalendar);

export const date = (description?: string): Schema<string> =>
  knownTo(matching(`^${DATE}$`, 10, description, 'date'), inCalendar);

/** An instant, or a date that stands for the whole day in UTC. */
export const instantOrDate = (description?: string): Schema<string> =>
  knownTo(matching(`^(${DATE}|${INSTANT})$`, 24, description), inCalendar);

/** Every month has the first 28 days. */
function isDayOfCalendar(text: string): boolean {
  const day = Number(text.slice(8, 10));
  if (day <= 28) return true;
  const [year, month] = [Number(text.slice(0, 4)), Number(text.slice(5, 7))];
  const last = new Date(0);
  last.setUTCFullYear(year, month, 0);
  return day <= last.getUTCDate();
}

/** Money in minor units (cents), as a decimal string; negative for a decrease. */
export const amountMinor = (description?: string): Schema<string> =>
  matching(`^(0|-?[1-9][0-9]{0,${AMOUNT_DIGITS_MAX - 1}})$`, AMOUNT_DIGITS_MAX + 1, description);

/** A code of so many capital letters. */
export const code = (letters: number, description?: string): Schema<string> =>
  matching(`^[A-Z]{${letters}}$`, letters, description);

/** Why something was decided, in kebab-case. */
export const reasonCode = (): Schema<string> => matching('^[a-z0-9]+(-[a-z0-9]+)*$', 64);

/** SHA-256, hex. */
export const sha256 = (description?: string): Schema<string> => matching('^[0-9a-f]{64}$', 64, description);

/** 32 bytes, base64. */
export const hash = (description?: string): Schema<string> => matching('^[A-Za-z0-9+/]{43}=$', 44, description);
