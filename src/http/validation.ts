import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { ValidateBy, ValidateIf, ValidateNested } from 'class-validator';
import { isPlainObject } from './body/plain-json.js';
import { Nested, type DtoClass } from './plain-to-instance.js';
import { AMOUNT_DIGITS_MAX } from '../domain/amounts.js';
import { COUNTRY_CODES, isCountry } from '../domain/countries.js';
import { POINT_IN_TIME_LENGTH_MAX, POINT_IN_TIME_PATTERN, spanOf } from '../domain/points-in-time.js';
import { CURRENCY_CODES, isCurrency } from '../domain/currencies.js';

/**
 * One decorator for each kind of value at the edge. It holds the check, its sentence and its OpenAPI schema, so that the document and
 * the behaviour cannot drift apart. Every check takes any JSON value and never throws. Examples and descriptions stay at the field, in
 * its doc comment.
 */

/** Ten gigafactories of 100,000 chips. */
export const CHIPS_MAX = 1_000_000;
/** A million chips for eleven years. 90,000 such numbers add up exactly in a double (2^53). */
export const CHIP_HOURS_MAX = 100_000_000_000;
/** The first and last year of an instant or a date. A year outside is a typing error, not a plan. */
const YEAR_MIN = 1970;
/** The oldest university was founded in 1088. */
export const REGISTRATION_YEAR_MIN = 1000;
const YEAR_MAX = 2200;
/** A name in a register or on a door; long enough for every name in the registers of the Member States. */
export const NAME_LENGTH_MAX = 300;
/** A page. A longer reason belongs into a document that the reason names. */
export const REASON_LENGTH_MAX = 2_000;
/** A citation or an address, with room to spare. */
export const SOURCE_LENGTH_MAX = 500;
/** A decision with more reasons than this names none of them. */
const REASON_CODES_MAX = 20;
const REASON_CODE_LENGTH_MAX = 64;
/** Holdings are registered with four digits after the point: 0.0001 %. */
const PERCENT_DECIMALS_MAX = 4;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const INSTANT = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?Z$/;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const UNSIGNED_AMOUNT = /^(0|[1-9][0-9]{0,17})$/;
const POSITIVE_AMOUNT = /^[1-9][0-9]{0,17}$/;
const SIGNED_AMOUNT = /^-?[1-9][0-9]{0,17}$/;
/** Trimmed and on one line, as far as a pattern can express it. `isText` checks the rest. */
const ONE_LINE = /^\S(.*\S)?$/;

/**
 * Characters that no text may hold. Control characters: PostgreSQL cannot store U+0000, and the others break CSV files and terminals.
 * Lone surrogates: RFC 8785 has no canonical form for them. Separators of lines and paragraphs, format characters and all that Unicode
 * calls default ignorable (zero-width characters, tags, marks and overrides of direction, variation selectors, the soft hyphen): nobody
 * sees them, so that two names look like one, or a public table shows another name than the stored one. The joiners U+200C and U+200D
 * are among them: Persian and Indic scripts need them, the 24 languages of the Union do not. Emoji that need one are refused as well.
 */
const NEVER_IN_A_LINE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const NEVER_IN_PROSE = /[\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?![\n\t])\p{Cc}/u;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** True for a real calendar date `YYYY-MM-DD` between 1970 and 2200. */
const isDate = (value: unknown, yearMin = YEAR_MIN): value is string =>
  typeof value === 'string' && DATE.test(value) && isOnTheCalendar(value, yearMin);

/** True for an RFC 3339 instant in UTC with `Z`, at most milliseconds, no leap second, on a real date between 1970 and 2200. */
const isInstant = (value: unknown): value is string =>
  typeof value === 'string' && INSTANT.test(value) && isOnTheCalendar(value.slice(0, 10));

const isId = (value: unknown): value is string => typeof value === 'string' && UUID.test(value);

/** True for a text of one line that may be stored, published and hashed: see `NEVER_IN_A_LINE`. Length in code points. */
const isText = (value: unknown, lengthMax: number): value is string =>
  isTrimmed(value, lengthMax) && !NEVER_IN_A_LINE.test(value);

function isOnTheCalendar(date: string, yearMin = YEAR_MIN): boolean {
  const at = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(at)) return false;
  const year = Number(date.slice(0, 4));
  // JavaScript reads 30 February as 2 March: a date exists only if it is the same after parsing and formatting.
  return year >= yearMin && year <= YEAR_MAX && new Date(at).toISOString().startsWith(date);
}

function isTrimmed(value: unknown, lengthMax: number): value is string {
  // UTF-16 has at most two units for a code point: a longer text is refused without counting it.
  if (typeof value !== 'string' || value.length > 2 * lengthMax) return false;
  return value === value.trim() && VISIBLE.test(value) && [...value].length <= lengthMax;
}

const isWhole = (value: unknown, min: number, max: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;

function check(
  name: string,
  demand: string,
  holds: (value: unknown) => boolean,
  schema: ApiPropertyOptions,
): PropertyDecorator {
  const validator = { validate: holds, defaultMessage: () => `$property must be ${demand}.` };
  return applyDecorators(ValidateBy({ name, validator }), ApiProperty(schema));
}

/**
 * The field may be left out. Unlike class-validator's `IsOptional`, it refuses `null`: the type of the command and the OpenAPI document
 * rule `null` out.
 */
export const Optional = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined);

/** A list of at least one and at most `max` objects of a class. The objects are checked after the list. */
export const IsListOf = (type: () => DtoClass, max: number): PropertyDecorator =>
  applyDecorators(
    Nested(type),
    ValidateBy({
      name: 'isListOf',
      validator: {
        // `ValidateNested` takes a list inside the list for an object and checks nothing in it.
        validate: (value) =>
          Array.isArray(value) &&
          value.length >= 1 &&
          value.length <= max &&
          !value.some((item) => Array.isArray(item)),
        defaultMessage: () => `$property must be a list of 1 to ${max} objects.`,
      },
    }),
    ValidateNested({ each: true, message: 'Every item of $property must be an object.' }),
  );

/** Money in minor units. `min: '1'` is a payment, `min: '0'` a part that may be zero, `min: 'signed'` a change (never zero). */
export function IsAmountMinor({ min }: { readonly min: '0' | '1' | 'signed' }): PropertyDecorator {
  const { pattern, demand } = AMOUNTS[min];
  return check('isAmountMinor', demand, (value) => typeof value === 'string' && pattern.test(value), {
    type: 'string',
    pattern: pattern.source,
    maxLength: AMOUNT_DIGITS_MAX + (min === 'signed' ? 1 : 0),
  });
}

const AMOUNTS = {
  '0': { pattern: UNSIGNED_AMOUNT, demand: amountDemand('zero or more') },
  '1': { pattern: POSITIVE_AMOUNT, demand: amountDemand('one or more') },
  signed: { pattern: SIGNED_AMOUNT, demand: amountDemand('other than zero, negative with a leading "-"') },
};

function amountDemand(range: string): string {
  return `a string with a whole number of minor units (cents), ${range}, without leading zeros, of at most ${AMOUNT_DIGITS_MAX} digits`;
}

/** An active ISO 4217 currency that has a minor unit. */
export const IsCurrencyCode = (): PropertyDecorator =>
  check(
    'isCurrencyCode',
    'the code of an active ISO 4217 currency, such as EUR',
    (value) => typeof value === 'string' && isCurrency(value),
    {
      enum: [...CURRENCY_CODES],
      enumName: 'CurrencyCode',
      enumSchema: { description: 'Active ISO 4217 currency with a minor unit.' },
    },
  );

/** An ISO 3166-1 alpha-2 code. */
export const IsCountryCode = (): PropertyDecorator =>
  check('isCountryCode', COUNTRY_DEMAND, holdsCountry, COUNTRY_SCHEMA);

const COUNTRY_DEMAND =
  'an ISO 3166-1 alpha-2 country code in capitals, such as FR (Greece is GR, the United Kingdom GB)';
const COUNTRY_SCHEMA: ApiPropertyOptions = {
  enum: [...COUNTRY_CODES],
  enumName: 'CountryCode',
  enumSchema: { description: 'ISO 3166-1 alpha-2.' },
};
const holdsCountry = (value: unknown): boolean => typeof value === 'string' && isCountry(value);

/** An instant in UTC. Aggregates store it with `formatInstant(parseInstant(text))`. */
export const IsInstant = (): PropertyDecorator =>
  check(
    'isInstant',
    `an instant in UTC such as 2026-03-01T09:30:00Z: a real date, "Z", at most milliseconds, ${YEAR_MIN} to ${YEAR_MAX}`,
    isInstant,
    { type: 'string', format: 'date-time', pattern: INSTANT.source, maxLength: 24 },
  );

/** A calendar date. It is not before 1970, or not before `yearMin`. */
export const IsCalendarDate = ({ yearMin = YEAR_MIN }: { readonly yearMin?: number } = {}): PropertyDecorator =>
  check(
    'isCalendarDate',
    `a real date such as 2026-03-01, ${yearMin} to ${YEAR_MAX}`,
    (value) => isDate(value, yearMin),
    { type: 'string', format: 'date', pattern: DATE.source, maxLength: 10 },
  );

/** An instant, or a date that stands for its first instant in UTC. */
export const IsInstantOrDate = (): PropertyDecorator =>
  check(
    'isInstantOrDate',
    `an instant in UTC such as 2026-03-01T09:30:00Z, or a real date such as 2026-03-01, ${YEAR_MIN} to ${YEAR_MAX}`,
    (value) => isDate(value) || isInstant(value),
    { type: 'string', pattern: `(${DATE.source})|(${INSTANT.source})`, maxLength: 24 },
  );

/** A point in time that is asked about: an instant with any offset, or a date or month that stands for the whole of it, in UTC. */
export const IsPointInTime = (): PropertyDecorator =>
  check(
    'isPointInTime',
    `an instant such as 2026-06-30T12:00:00Z or 2026-06-30T14:00:00+02:00, a date such as 2026-06-30, which is that whole day in UTC, or a month such as 2026-06, ${YEAR_MIN} to ${YEAR_MAX}`,
    isPointInTime,
    { type: 'string', pattern: POINT_IN_TIME_PATTERN, maxLength: POINT_IN_TIME_LENGTH_MAX },
  );

function isPointInTime(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > POINT_IN_TIME_LENGTH_MAX) return false;
  const span = spanOf(value);
  return span !== undefined && span.first >= Date.UTC(YEAR_MIN) && span.last < Date.UTC(YEAR_MAX + 1);
}

export function IsWhole(min: number, max: number): PropertyDecorator {
  return check('isWhole', wholeDemand(min, max), (value) => isWhole(value, min, max), {
    type: 'integer',
    format: 'int64',
    minimum: min,
    maximum: max,
  });
}

const wholeDemand = (min: number, max: number): string =>
  `a whole number from ${min} to ${max}, written as a JSON number`;

export const IsChips = (): PropertyDecorator => IsWhole(1, CHIPS_MAX);
export const IsChipHours = (): PropertyDecorator => IsWhole(1, CHIP_HOURS_MAX);

/** A share in percent, above 0 and up to 100. */
export const IsPercent = (): PropertyDecorator =>
  check(
    'isPercent',
    `a number above 0 and up to 100 with at most ${PERCENT_DECIMALS_MAX} digits after the point`,
    (value) =>
      typeof value === 'number' && value > 0 && value <= 100 && Number(value.toFixed(PERCENT_DECIMALS_MAX)) === value,
    { type: 'number', format: 'double', minimum: 1 / 10 ** PERCENT_DECIMALS_MAX, maximum: 100 },
  );

/** A JSON boolean. "false" and 0 are refused: a reader of the stored value could take them for true or for a number. */
export const IsFlag = (): PropertyDecorator =>
  check('isFlag', 'true or false', (value) => typeof value === 'boolean', { type: 'boolean' });

/** The id of something in this ledger. Lower case only, because stream names are compared byte by byte. */
export const IsId = (): PropertyDecorator =>
  check('isId', 'a UUID in lower case, as this ledger gave it', isId, {
    type: 'string',
    format: 'uuid',
    pattern: UUID.source,
    maxLength: 36,
  });

/** A text of one line, not blank, without space around it; length in characters (code points). */
export const IsText = (lengthMax: number): PropertyDecorator =>
  check(
    'isText',
    `a text of 1 to ${lengthMax} characters on one line, without space around it and without control or invisible characters`,
    (value) => isText(value, lengthMax),
    { type: 'string', minLength: 1, maxLength: lengthMax, pattern: ONE_LINE.source },
  );

/** As `IsText`, but with line breaks (LF) and tabs: purposes and reasons that people write. */
export const IsProse = (lengthMax: number): PropertyDecorator =>
  check(
    'isProse',
    `a text of 1 to ${lengthMax} characters, without space around it and without control or invisible characters but line feed and tab`,
    (value) => isTrimmed(value, lengthMax) && !NEVER_IN_PROSE.test(value),
    { type: 'string', minLength: 1, maxLength: lengthMax, pattern: String.raw`^\S([\s\S]*\S)?$` },
  );

/** A text of a given pattern; `demand` completes the sentence "<field> must be ...". */
export const IsMatching = (pattern: RegExp, lengthMax: number, demand: string): PropertyDecorator =>
  check(
    'isMatching',
    demand,
    (value) => typeof value === 'string' && value.length <= lengthMax && pattern.test(value),
    { type: 'string', pattern: pattern.source, maxLength: lengthMax },
  );

/** One of a closed list. With a name the list becomes a schema of its own in the OpenAPI document. */
export const IsOneOf = (values: readonly string[], enumName?: string): PropertyDecorator =>
  check('isOneOf', `one of ${values.join(', ')}`, (value) => typeof value === 'string' && values.includes(value), {
    enum: [...values],
    ...(enumName === undefined ? {} : { enumName }),
  });

/** One or more of a closed list, each at most once. */
export const AreSomeOf = (values: readonly string[], enumName?: string): PropertyDecorator =>
  check(
    'areSomeOf',
    `a list of one or more of ${values.join(', ')}, each once`,
    (value) => isList(value, 1, values.length) && value.every((item) => values.includes(item)),
    {
      enum: [...values],
      isArray: true,
      minItems: 1,
      maxItems: values.length,
      uniqueItems: true,
      ...(enumName === undefined ? {} : { enumName }),
    },
  );

/** Why something was decided: 1 to 20 codes in kebab-case, each once. */
export const AreReasonCodes = (): PropertyDecorator =>
  check(
    'areReasonCodes',
    `a list of 1 to ${REASON_CODES_MAX} different codes in kebab-case, such as score-below-threshold, of at most ${REASON_CODE_LENGTH_MAX} characters`,
    (value) =>
      isList(value, 1, REASON_CODES_MAX) &&
      value.every((code) => code.length <= REASON_CODE_LENGTH_MAX && KEBAB_CASE.test(code)),
    {
      type: 'array',
      items: { type: 'string', pattern: KEBAB_CASE.source, maxLength: REASON_CODE_LENGTH_MAX },
      minItems: 1,
      maxItems: REASON_CODES_MAX,
      uniqueItems: true,
    },
  );

const isList = (value: unknown, min: number, max: number): value is string[] =>
  Array.isArray(value) &&
  value.length >= min &&
  value.length <= max &&
  value.every((item) => typeof item === 'string') &&
  new Set(value).size === value.length;

/** Chips for some of the given keys, `{ "sme": 100 }`. Zero is a value; a missing key has no value. */
export const AreChipsBy = (keys: readonly string[]): PropertyDecorator =>
  check(
    'areChipsBy',
    `an object from ${keys.join(', ')} (any of them, nothing else) to a whole number of chips from 0 to ${CHIPS_MAX}`,
    // Own keys only: JSON may hold the names `__proto__` or `constructor`, and a lookup by them finds inherited members.
    (value) =>
      isPlainObject(value) &&
      Object.entries(value).every(([key, chips]) => keys.includes(key) && isWhole(chips, 0, CHIPS_MAX)),
    {
      type: 'object',
      properties: Object.fromEntries(
        keys.map((key) => [key, { type: 'integer' as const, format: 'int64', minimum: 0, maximum: CHIPS_MAX }]),
      ),
      additionalProperties: false,
    },
  );

/** Route parameter of every resource with an id. */
export class IdParams {
  @IsId()
  @ApiProperty({
    description: 'Id of the resource, as the ledger gave it when it was made.',
    example: '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37',
  })
  readonly id: string;
}
