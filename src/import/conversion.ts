/** The type of a value in the API. */
export type Kind = 'text' | 'whole' | 'money' | 'date' | 'instant' | 'flag';

/** The notation of the values in a column. */
export interface Notation {
  /** Texts of the column and the values that they mean. A text that is not listed is an error. */
  readonly values?: Readonly<Record<string, string>>;
  readonly decimalMark?: '.' | ',';
  readonly thousandsSeparator?: string;
  /** Digits of the minor unit of the currency; 2 when left out. */
  readonly decimals?: number;
  /** Factor of the numbers in the column: 1, 1000 (thousands) or 1000000 (millions). */
  readonly scale?: number;
  readonly pattern?: DatePattern;
}

export const DATE_PATTERNS = ['YYYY-MM-DD', 'DD.MM.YYYY', 'DD/MM/YYYY', 'MM/DD/YYYY'] as const;
export type DatePattern = (typeof DATE_PATTERNS)[number];

/** A value that cannot be read. The message states the correct form. */
export class ConversionError extends Error {}

/**
 * Converts the text of a cell to the value that the API takes.
 * @throws ConversionError
 */
export function convert(text: string, kind: Kind, notation: Notation): string | number | boolean {
  const meant = notation.values === undefined ? text : lookUp(text, notation.values);
  switch (kind) {
    case 'text':
      return meant;
    case 'whole':
      return wholeOf(meant, notation);
    case 'money':
      return minorOf(meant, notation);
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

/** Digits before and after the decimal mark, without separators. */
function digitsOf(
  text: string,
  { decimalMark = '.', thousandsSeparator }: Notation,
): [sign: string, whole: string, part: string] {
  const [whole = '', part = '', ...rest] = text.split(decimalMark);
  const [sign, digits] = whole.startsWith('-') ? ['-', whole.slice(1)] : ['', whole];
  const plain = thousandsSeparator === undefined ? digits : withoutSeparators(digits, thousandsSeparator);
  if (rest.length > 0 || !/^\d+$/.test(plain) || !/^\d*$/.test(part) || (text.endsWith(decimalMark) && part === '')) {
    const separator =
      thousandsSeparator === undefined ? 'no thousands separator' : `"${thousandsSeparator}" between thousands`;
    throw new ConversionError(`"${text}" is not a number with "${decimalMark}" as decimal mark and ${separator}.`);
  }
  return [sign, plain.replace(/^0+(?=\d)/, ''), part];
}

/** A separator is accepted only at a correct place: "1.5" must not become fifteen. */
function withoutSeparators(digits: string, separator: string): string {
  const [first = '', ...groups] = digits.split(separator);
  const isGrouped =
    first.length >= 1 && (groups.length === 0 || first.length <= 3) && groups.every((group) => group.length === 3);
  return isGrouped ? first + groups.join('') : digits;
}

function wholeOf(text: string, notation: Notation): number {
  const [sign, whole, part] = digitsOf(text, notation);
  const value = Number(sign + whole);
  if (/[1-9]/.test(part) || !Number.isSafeInteger(value)) throw new ConversionError(`"${text}" is not a whole number.`);
  return value;
}

/** Exact: moves the decimal mark in the text, without floating-point arithmetic. */
function minorOf(text: string, notation: Notation): string {
  const { decimals = 2, scale = 1 } = notation;
  const [sign, whole, part] = digitsOf(text, notation);
  const places = decimals + Math.round(Math.log10(scale));
  const beyond = part.slice(places);
  if (/[1-9]/.test(beyond)) {
    throw new ConversionError(
      `"${text}" has parts below the minor unit of the currency. Round it to ${places} decimals.`,
    );
  }
  const minor = BigInt(whole + part.slice(0, places).padEnd(places, '0'));
  return minor === 0n ? '0' : `${sign}${minor}`;
}

function dateOf(text: string, pattern: DatePattern): string {
  const places = pattern.replaceAll(/[./]/g, String.raw`\$&`);
  const expression = places
    .replace('YYYY', String.raw`(?<year>\d{4})`)
    .replace('MM', String.raw`(?<month>\d{2})`)
    .replace('DD', String.raw`(?<day>\d{2})`);
  const found = new RegExp(`^${expression}$`).exec(text)?.groups;
  if (!found) throw new ConversionError(`"${text}" is not a date of the form ${pattern}.`);
  return `${found['year']}-${found['month']}-${found['day']}`;
}

const TIME = /^(?<date>\S+)[ T](?<time>\d{2}:\d{2}(:\d{2})?)Z?$/;

/** Times without a zone are UTC. A date means its first instant. */
function instantOf(text: string, pattern: DatePattern): string {
  const found = TIME.exec(text)?.groups;
  const { date = text, time = '00:00:00' } = found ?? {};
  try {
    return `${dateOf(date, pattern)}T${time.length === 5 ? `${time}:00` : time}Z`;
  } catch {
    throw new ConversionError(`"${text}" is not an instant of the form ${pattern} or "${pattern} HH:mm:ss" (UTC).`);
  }
}

const FLAGS: Readonly<Record<string, boolean>> = { true: true, yes: true, 1: true, false: false, no: false, 0: false };

function flagOf(text: string): boolean {
  const flag = FLAGS[text.toLowerCase()];
  if (flag === undefined) throw new ConversionError(`"${text}" is neither true, yes or 1 nor false, no or 0.`);
  return flag;
}
