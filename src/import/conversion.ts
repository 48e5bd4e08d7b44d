import { minorDigitsOf } from '../domain/currencies.js';
import { ConversionError, NotationError } from './conversion-error.js';
import { dateOf, instantOf, type DatePattern } from './dates.js';

/** The type of a value in the API. */
export type Kind = 'text' | 'whole' | 'money' | 'date' | 'instant' | 'flag';

/** The notation of the values in a column. */
export interface Notation {
  /** Texts of the column and the values that they mean. A text that is not listed is an error. */
  readonly values?: Readonly<Record<string, string>>;
  /** A point when left out. Whole numbers have none. */
  readonly decimalMark?: '.' | ',';
  /** None when left out. */
  readonly thousandsSeparator?: string;
  /** Digits of the minor unit of the currency, as the writer of the mapping takes them to be. ISO 4217 decides. */
  readonly decimals?: number;
  /** Factor of the numbers in the column: 1, 1000 (thousands) or 1000000 (millions). */
  readonly scale?: number;
  readonly pattern?: DatePattern;
}

/** The members of `Notation` that have a meaning for each kind. */
export const NOTATION_OF: Readonly<Record<Kind, readonly (keyof Notation)[]>> = {
  text: ['values'],
  whole: ['values', 'decimalMark', 'thousandsSeparator'],
  money: ['values', 'decimalMark', 'thousandsSeparator', 'decimals', 'scale'],
  date: ['values', 'pattern'],
  instant: ['values', 'pattern'],
  flag: ['values'],
};

/**
 * Converts the text of a cell to the value that the API takes. No amount passes through floating-point arithmetic.
 * @param currency of an amount, as its row states it
 * @throws ConversionError; NotationError if the text contradicts the notation of its column
 */
export function convert(text: string, kind: Kind, notation: Notation, currency?: unknown): string | number | boolean {
  const meant = notation.values === undefined ? text : lookUp(text, notation.values);
  switch (kind) {
    case 'text':
      return meant;
    case 'whole':
      return wholeOf(meant, notation);
    case 'money':
      return minorOf(meant, notation, currency);
    case 'date':
      return dateOf(meant, notation.pattern ?? 'YYYY-MM-DD');
    case 'instant':
      return instantOf(meant, notation.pattern ?? 'YYYY-MM-DD');
    case 'flag':
      return flagOf(meant);
    default:
      return kind satisfies never;
  }
}

function lookUp(text: string, values: Readonly<Record<string, string>>): string {
  const found = Object.hasOwn(values, text) ? values[text] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(values).slice(0, 10).join(', ');
  throw new ConversionError(
    `"${text}" is not among the values of the mapping (${known}). Add it there or mend the row.`,
  );
}

function wholeOf(text: string, { thousandsSeparator }: Notation): number {
  const { sign, whole } = digitsOf(text, undefined, thousandsSeparator) ?? {};
  if (whole === undefined) {
    throw unreadable(text, `whole numbers without a decimal mark, ${separation(thousandsSeparator)}`);
  }
  const value = Number(`${sign}${whole}`);
  if (!Number.isSafeInteger(value)) throw new ConversionError(`"${text}" is too large.`);
  return value;
}

/** Exact: moves the decimal mark in the text, without floating-point arithmetic. */
function minorOf(text: string, notation: Notation, currency: unknown): string {
  const digits = typeof currency === 'string' ? minorDigitsOf(currency) : undefined;
  if (digits === undefined)
    throw new ConversionError('The amount cannot be read without the currency of its row. Fill in an ISO 4217 code.');
  const contradiction = decimalsFault(String(currency), notation.decimals);
  if (contradiction !== undefined) throw new ConversionError(contradiction);
  const { decimalMark = '.', thousandsSeparator, scale = 1 } = notation;
  const { sign, whole, part = '' } = digitsOf(text, decimalMark, thousandsSeparator) ?? {};
  if (whole === undefined)
    throw unreadable(text, `"${decimalMark}" as decimal mark, ${separation(thousandsSeparator)}`);
  const places = digits + Math.round(Math.log10(scale));
  if (part.length > places) {
    throw new NotationError(
      `"${text}" has ${part.length} digits after the decimal mark "${decimalMark}"; an amount in ${unitOf(scale)}${currency} has at most ` +
        `${places}. If "${decimalMark}" stands between thousands, name it as "thousandsSeparator" in the mapping; else mend the cell.`,
    );
  }
  if (isAmbiguous(text, notation)) {
    throw new NotationError(
      `"${text}" can be a number of thousands or have three decimals. Name the point as "decimalMark" or as "thousandsSeparator" in the mapping.`,
    );
  }
  const minor = BigInt(whole + part.padEnd(places, '0'));
  return minor === 0n ? '0' : `${sign}${minor}`;
}

/** Why "decimals" of a mapping is wrong for a currency; undefined if it is right or left out. */
export function decimalsFault(currency: string, decimals: number | undefined): string | undefined {
  const digits = minorDigitsOf(currency);
  if (decimals === undefined || digits === undefined || decimals === digits) return undefined;
  return `"decimals" of the mapping is ${decimals}, but ${currency} has ${digits} decimals (ISO 4217). Leave "decimals" out.`;
}

/** Three digits after a point, in a column whose mapping says nothing about points and commas. */
const isAmbiguous = (text: string, { decimalMark, thousandsSeparator }: Notation): boolean =>
  decimalMark === undefined && thousandsSeparator === undefined && /^-?[1-9]\d{0,2}\.\d{3}$/.test(text);

const unitOf = (scale: number): string => (scale === 1 ? '' : scale === 1_000 ? 'thousands of ' : 'millions of ');

interface Digits {
  readonly sign: string;
  readonly whole: string;
  /** Digits after the decimal mark; empty without a mark. */
  readonly part: string;
}

/** No amount has as many digits. The limit bounds the work for a broken cell. */
const DIGITS = /^\d{1,40}$/;

/** Reads a number in the notation of its column; undefined if the text has another notation. */
function digitsOf(text: string, mark: string | undefined, separator: string | undefined): Digits | undefined {
  const [, sign = '', unsigned = ''] = /^(-?)(.*)$/s.exec(text) ?? [];
  const [grouped = '', part, ...rest] = mark === undefined ? [unsigned] : unsigned.split(mark);
  const whole = separator === undefined ? grouped : ungrouped(grouped, separator);
  if (rest.length > 0 || !DIGITS.test(whole) || (part !== undefined && !DIGITS.test(part))) return undefined;
  return { sign, whole, part: part ?? '' };
}

/** Marks that look alike, so that the writer of a mapping cannot tell them apart: spaces and apostrophes. */
const LOOK_ALIKES = [/[ \u00a0\u2009\u202f]/, /['\u2019]/];

/** A separator is accepted only at a correct place: "1.5" must not become fifteen, nor "0.750" seven hundred and fifty. */
function ungrouped(digits: string, separator: string): string {
  const groups = digits.split(LOOK_ALIKES.find((alike) => alike.test(separator)) ?? separator);
  const [first = '', ...others] = groups;
  if (others.length === 0) return digits;
  const isGrouped = /^[1-9]\d{0,2}$/.test(first) && others.every((group) => group.length === 3);
  return isGrouped ? groups.join('') : digits;
}

const separation = (separator: string | undefined): string =>
  separator === undefined ? 'no thousands separator' : `"${separator}" between thousands`;

/** Only digits, and marks that stand between digits somewhere in the world. */
const NUMBER_LIKE = /^[-+]?[\d.,'\u2019\s]*\d[\d.,'\u2019\s]*$/;
const SCIENTIFIC = /^[-+]?\d+(?:[.,]\d+)?E[-+]?\d+$/i;

/** The error for a text that is not a number in the notation of its column. */
function unreadable(text: string, notation: string): ConversionError {
  if (SCIENTIFIC.test(text))
    return new ConversionError(
      `"${text}" is a number with an exponent. Write all its digits: give the cells the format of a number.`,
    );
  if (!NUMBER_LIKE.test(text)) return new ConversionError(`"${text}" is not a number. Mend the cell.`);
  return new NotationError(
    `"${text}" is not written as its column (${notation}). Mend the cell, or "decimalMark" and "thousandsSeparator" of the mapping.`,
  );
}

const FLAGS: Readonly<Record<string, boolean>> = { true: true, yes: true, 1: true, false: false, no: false, 0: false };

function flagOf(text: string): boolean {
  const name = text.toLowerCase();
  if (!Object.hasOwn(FLAGS, name)) throw new ConversionError(`"${text}" is neither true, yes or 1 nor false, no or 0.`);
  return FLAGS[name] === true;
}
