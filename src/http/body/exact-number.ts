/** Digits that every double of ordinary size keeps (DBL_DIG of C). */
const DIGITS_ALWAYS_KEPT = 15;

/**
 * Whether a JSON number is recorded as the number that was written: read as a double, and written again in its shortest form (RFC
 * 8785), it has the same decimal value. The notation is free: `1.0`, `1e3` and `2.50` are exact. `9007199254740993`, `1e400`,
 * `1e-400` and `0.10000000000000001` are not, and neither is `-0`, which is recorded as 0.
 * @param number a number by the grammar of RFC 8259
 */
export function isExactNumber(number: string): boolean {
  if (number.startsWith('-')) return !isZero(number) && isExactNumber(number.slice(1));
  if (number.length <= DIGITS_ALWAYS_KEPT && !/e/i.test(number)) return true;
  const value = Number(number);
  return Number.isFinite(value) && decimalOf(number) === decimalOf(String(value));
}

const isZero = (number: string): boolean => !/[1-9]/.test(number.split(/e/i, 1)[0] ?? '');

/** One text for each decimal value: its digits without zeros around them, and the power of ten of the last digit. */
function decimalOf(number: string): string {
  const [significand = '', exponent = '0'] = number.toLowerCase().split('e');
  const [whole = '', fraction = ''] = significand.split('.');
  const digits = (whole + fraction).replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  if (kept === '') return '0';
  return `${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`;
}
