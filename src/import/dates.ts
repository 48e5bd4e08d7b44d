import { ConversionError, NotationError } from './conversion-error.js';

/** The order and the marks of a date. `DD` and `MM` have two digits, `D` and `M` one or two. */
export const DATE_PATTERNS = [
  'YYYY-MM-DD',
  'YYYY/MM/DD',
  'DD.MM.YYYY',
  'D.M.YYYY',
  'DD/MM/YYYY',
  'D/M/YYYY',
  'DD-MM-YYYY',
  'D-M-YYYY',
  'MM/DD/YYYY',
  'M/D/YYYY',
] as const;
export type DatePattern = (typeof DATE_PATTERNS)[number];

const EXPRESSIONS = new Map(DATE_PATTERNS.map((pattern) => [pattern, expressionOf(pattern)]));

function expressionOf(pattern: DatePattern): RegExp {
  const expression = pattern
    .replaceAll('.', String.raw`\.`)
    .replace('YYYY', String.raw`(?<year>\d{4})`)
    .replace('MM', String.raw`(?<month>\d{2})`)
    .replace('DD', String.raw`(?<day>\d{2})`)
    .replace('M', String.raw`(?<month>\d{1,2})`)
    .replace('D', String.raw`(?<day>\d{1,2})`);
  return new RegExp(`^${expression}$`);
}

/** Days since 1899-12-30, with the time as a fraction: how spreadsheets keep a date. */
const SERIAL_NUMBER = /^\d{1,6}(?:[.,]\d+)?$/;
const DATE_LIKE = /^\d+(?:[-./\s]+\d+){1,2}\.?$/;

/**
 * Reads a date. The API checks whether the month has that day.
 * @returns `YYYY-MM-DD`
 * @throws ConversionError; NotationError if the text is a date in another form
 */
export function dateOf(text: string, pattern: DatePattern): string {
  const { year = '', month = '', day = '' } = EXPRESSIONS.get(pattern)?.exec(text)?.groups ?? {};
  const isDate = Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31;
  if (isDate) return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  if (SERIAL_NUMBER.test(text)) {
    throw new NotationError(
      `"${text}" is the serial number of a date in a spreadsheet. Give the cells of the column the format of a date, and save again.`,
    );
  }
  const message = `"${text}" is not a date of the form ${pattern}. Mend the cell, or name the form of the column as "pattern" in the mapping.`;
  throw DATE_LIKE.test(text) ? new NotationError(message) : new ConversionError(message);
}

const DATE_AND_TIME = /^(?<date>\S+)[ T](?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2}(?:\.\d{1,3})?))?Z?$/;

/**
 * Reads an instant. Times without a zone are UTC; a date means its first instant.
 * @returns RFC 3339 in UTC
 * @throws ConversionError; NotationError if the date is in another form
 */
export function instantOf(text: string, pattern: DatePattern): string {
  if (!/[ T]/.test(text)) return `${dateOf(text, pattern)}T00:00:00Z`;
  const { date, hour = '', minute, second = '00' } = DATE_AND_TIME.exec(text)?.groups ?? {};
  if (date === undefined) {
    throw new ConversionError(
      `"${text}" is not an instant of the form ${pattern} or "${pattern} HH:mm:ss". Write it in UTC, with 24 hours and without a zone.`,
    );
  }
  return `${dateOf(date, pattern)}T${hour.padStart(2, '0')}:${minute}:${second}Z`;
}
