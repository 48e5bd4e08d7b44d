// What the JSON of a body may hold, and how a body is refused that holds something else.

import { Refusal, invalid } from '../../ledger/refusal.js';

/** Levels of nesting in a body. The deepest body of a route has five; a thousand would overflow the stack of a recursive function. */
export const JSON_DEPTH_MAX = 16;
/** Members of one object. The largest body of a route has twenty. */
export const JSON_MEMBERS_MAX = 100;
/** Characters of a name. The longest name of a route has thirty. */
export const NAME_LENGTH_MAX = 200;
/** Characters of a text as it is written, so that an escape counts six. The longest text of a route has 4,000 characters. */
export const TEXT_LENGTH_MAX = 100_000;
/** Characters of a number. The longest exact double that is no longer than its shortest form has 24. */
export const NUMBER_LENGTH_MAX = 64;

/** A name as part of a JSON pointer (RFC 6901). */
export const inPointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

export function malformedJson(line: number, column: number): Refusal {
  const place = `line ${line}, column ${column}`;
  return new Refusal(
    'malformed',
    'malformed-json',
    `The body is not valid JSON: ${place}. Check quotes, commas and brackets.`,
    { line, column },
  );
}

export const repeated = (name: string, pointer: string): Refusal => {
  const detail = `The name "${name}" stands twice in one object. Send it once.`;
  return new Refusal('malformed', 'name-repeated', detail, { name }, [{ pointer, detail }]);
};

export const inexact = (number: string, pointer: string): Refusal => {
  const shown = number.length > NUMBER_LENGTH_MAX ? `${number.slice(0, NUMBER_LENGTH_MAX)}...` : number;
  const detail = `The number ${shown} cannot be kept as it is written: a JSON number is read as a double (IEEE 754), which has 15 to 17 digits, reaches 1.8e308, and keeps no -0. Round it, or send an amount as a text.`;
  return new Refusal('malformed', 'number-not-exact', detail, { number: shown }, [{ pointer, detail }]);
};

export const tooDeep = (pointer: string): Refusal =>
  invalid('json-too-deep', pointer, `The body is nested deeper than ${JSON_DEPTH_MAX} levels. Flatten it.`, {
    limit: JSON_DEPTH_MAX,
  });

export const tooManyValues = (pointer: string, what: string, limit: number, unit: string): Refusal =>
  invalid('json-too-many-values', pointer, `${what} holds more than ${limit} ${unit}. Send less at a time.`, { limit });
