import fc from 'fast-check';
import { isExactNumber } from '../../../src/http/body/exact-number.js';

/** The decimal value as a whole number of 10^-1200, beyond the reach of a double. */
function scaled(number: string): bigint {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const value = BigInt(whole + fraction) * 10n ** BigInt(1200 + Number(exponent) - fraction.length);
  return sign === '-' ? -value : value;
}

describe('an exact JSON number', () => {
  it.each([
    ...['0', '1', '0.1', '1.0', '1.50', '100', '1e3', '1E+3', '1.5e-7', '0e0', '0.000', '-1', '-0.5'],
    ...[
      '9007199254740991',
      '9007199254740992',
      '-9007199254740992',
      '9007199254740994',
      '1e22',
      '100000000000000000000',
    ],
    ...['1.7976931348623157e308', '5e-324', '0.1000000000000000', '123456789012345', '12345.6789012345'],
  ])('is %s', (number) => {
    expect(isExactNumber(number)).toBe(true);
  });

  it.each([
    ...['9007199254740993', '-9007199254740993', '0.10000000000000001', '1.7976931348623159e308', '1e309', '1e400'],
    ...['-1e400', '1e-324', '1e-400', '4.9e-324', '123456789012345678', '90071992547409.931'],
    ...['-0', '-0.0', '-0e5'],
  ])('is not %s', (number) => {
    expect(isExactNumber(number)).toBe(false);
  });

  it('is every double in its shortest form, in whatever notation', () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0));
    fc.assert(
      fc.property(double, (value) => {
        const shortest = JSON.stringify(value);
        const padded = shortest.includes('.') && !shortest.includes('e') ? `${shortest}00` : shortest;
        for (const number of [shortest, padded, value.toExponential(), value.toExponential().toUpperCase()]) {
          expect([number, isExactNumber(number)]).toEqual([number, true]);
        }
      }),
    );
  });

  it('has the value of the number that is recorded, and another number has not', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 20 });
    const number = fc
      .tuple(fc.nat({ max: 99 }), digits, fc.option(digits), fc.option(fc.integer({ min: -345, max: 325 })))
      .map(([first, more, fraction, exponent]) => {
        const whole = `${first}${first === 0 ? '' : more}`;
        return `${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`;
      });
    fc.assert(
      fc.property(number, (text) => {
        const value = Number(text);
        const isKept = Number.isFinite(value) && scaled(text) === scaled(JSON.stringify(value));
        expect([text, isExactNumber(text)]).toEqual([text, isKept]);
      }),
      { numRuns: 1_000 },
    );
  });
});
