import { AMOUNT_DIGITS_MAX } from './amounts.js';
import { minorDigitsOf } from './currencies.js';

export const AMOUNT_MINOR_MAX = 10n ** BigInt(AMOUNT_DIGITS_MAX) - 1n;

/** One text per amount: no plus sign, no leading zeros, no minus zero. Equal amounts are then equal strings. */
const MINOR = /^(?:0|-?[1-9]\d{0,17})$/;

/**
 * Reads minor units (cents of EUR) from their decimal text.
 * @throws RangeError if the text is no canonical integer of at most 18 digits; the edge has refused those already.
 */
export function parseMinor(text: string): bigint {
  if (!MINOR.test(text)) throw new RangeError(`"${text}" is not an integer of at most ${AMOUNT_DIGITS_MAX} digits.`);
  return BigInt(text);
}

/**
 * Writes minor units as their decimal text, the only form in which money leaves memory.
 * @throws RangeError beyond 18 digits: an event that could not be read back must not be written.
 */
export function formatMinor(amountMinor: bigint): string {
  if (amountMinor > AMOUNT_MINOR_MAX || amountMinor < -AMOUNT_MINOR_MAX) {
    throw new RangeError(`${amountMinor} has more than ${AMOUNT_DIGITS_MAX} digits.`);
  }
  return amountMinor.toString();
}

/**
 * An amount for people: `EUR 120,000,000.00`, `JPY -5`. Of a code that is no active currency, the digits of the minor unit are
 * unknown: `5 minor units of XXX`.
 */
export function moneyText(amountMinor: bigint, currency: string): string {
  const digits = minorDigitsOf(currency);
  if (digits === undefined) return `${amountMinor} minor units of ${currency}`;
  const [sign, amount] = amountMinor < 0n ? ['-', -amountMinor] : ['', amountMinor];
  const figures = amount.toString().padStart(digits + 1, '0');
  const whole = figures.slice(0, figures.length - digits).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
  return `${currency} ${sign}${whole}${digits === 0 ? '' : `.${figures.slice(-digits)}`}`;
}

/**
 * An amount in the sentence of an event, in the currency that the data of the event name. Events of a fund after its first do not
 * repeat the currency: a reader who knows it adds it to the data.
 * @throws RangeError if the text is no canonical integer of at most 18 digits
 */
export function moneyOf(data: object, amountMinor: string): string {
  const currency = 'currency' in data ? data.currency : undefined;
  const amount = parseMinor(amountMinor);
  return typeof currency === 'string' ? moneyText(amount, currency) : `${amount} minor units`;
}

/** One taker of a split: its id breaks ties, its weight (minor units, hours, any integer >= 0) sets its share. */
export interface Weighted {
  readonly id: string;
  readonly weight: bigint;
}
export interface Share {
  readonly id: string;
  readonly amountMinor: bigint;
}

/**
 * Splits an amount in proportion to weights so that the parts add up to it exactly: every taker gets the whole minor units
 * of its exact share, and the units left over go, one each, to the largest remainders; ties go to the lower id, so that the
 * order of `takers` never matters. The answer is in the order of `takers`.
 * @throws RangeError on a negative amount or weight, on an id given twice, and when there is something to split but
 * no taker has a weight.
 */
export function splitByLargestRemainder(totalMinor: bigint, takers: readonly Weighted[]): Share[] {
  const weightOfAll = takers.reduce((sum, { weight }) => sum + weight, 0n);
  if (totalMinor < 0n) throw new RangeError(`${totalMinor} is negative and cannot be split.`);
  if (takers.some(({ weight }) => weight < 0n)) throw new RangeError('A weight is negative.');
  if (new Set(takers.map(({ id }) => id)).size < takers.length) throw new RangeError('An id is given twice.');
  if (weightOfAll === 0n) {
    if (totalMinor > 0n) throw new RangeError(`Nobody has a weight to share ${totalMinor} by.`);
    return takers.map(({ id }) => ({ id, amountMinor: 0n }));
  }
  const parts = takers.map(({ id, weight }) => {
    const product = totalMinor * weight;
    return { id, amountMinor: product / weightOfAll, remainder: product % weightOfAll };
  });
  // Fewer units are left than there are takers with a remainder, because every remainder is below one unit.
  const left = totalMinor - parts.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  const favoured = new Set(
    [...parts]
      .sort((a, b) => compare(b.remainder, a.remainder) || compare(a.id, b.id))
      .slice(0, Number(left))
      .map(({ id }) => id),
  );
  return parts.map(({ id, amountMinor }) => ({ id, amountMinor: favoured.has(id) ? amountMinor + 1n : amountMinor }));
}

/** By code unit, not by locale: the same split on every machine. */
function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
