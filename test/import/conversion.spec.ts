import fc from 'fast-check';
import { CURRENCY_CODES, minorDigitsOf } from '../../src/domain/currencies.js';
import { ConversionError, NotationError } from '../../src/import/conversion-error.js';
import { convert, type Kind, type Notation } from '../../src/import/conversion.js';

const german: Notation = { decimalMark: ',', thousandsSeparator: '.' };
const swiss: Notation = { thousandsSeparator: "'" };
const french: Notation = { decimalMark: ',', thousandsSeparator: ' ' };
const millions = 1_000_000;

describe('the conversion of a cell', () => {
  it.each<[string, Kind, Notation, string | number | boolean]>([
    ['1.250,5', 'money', { ...german, scale: millions }, '125050000000'],
    ['0,75', 'money', german, '75'],
    ['-3', 'money', {}, '-300'],
    ['0.00', 'money', {}, '0'],
    ['12.3', 'money', {}, '1230'],
    ['12.34', 'money', { decimals: 2 }, '1234'],
    ['1.250', 'money', { decimalMark: '.', scale: millions }, '125000000'],
    ['0.750', 'money', { scale: millions }, '75000000'],
    ['1250.000', 'money', { scale: millions }, '125000000000'],
    ["1'234.50", 'money', swiss, '123450'],
    ['1\u2019234.50', 'money', swiss, '123450'],
    ['1\u202f234\u00a0567,89', 'money', french, '123456789'],
    ['1 234', 'whole', { thousandsSeparator: '\u00a0' }, 1_234],
    ['1,000,000', 'whole', { thousandsSeparator: ',' }, 1_000_000],
    ['1.000', 'whole', { thousandsSeparator: '.' }, 1_000],
    ['1.000', 'whole', german, 1_000],
    ['64', 'whole', {}, 64],
    ['31.12.2025', 'date', { pattern: 'DD.MM.YYYY' }, '2025-12-31'],
    ['1.6.2026', 'date', { pattern: 'D.M.YYYY' }, '2026-06-01'],
    ['6/13/2026', 'date', { pattern: 'M/D/YYYY' }, '2026-06-13'],
    ['13-6-2026', 'date', { pattern: 'D-M-YYYY' }, '2026-06-13'],
    ['2026/06/13', 'date', { pattern: 'YYYY/MM/DD' }, '2026-06-13'],
    ['06/01/2026', 'instant', { pattern: 'MM/DD/YYYY' }, '2026-06-01T00:00:00Z'],
    ['6/1/2026 9:30', 'instant', { pattern: 'M/D/YYYY' }, '2026-06-01T09:30:00Z'],
    ['2026-06-01T10:30:00Z', 'instant', {}, '2026-06-01T10:30:00Z'],
    ['2026-06-01 10:30:00.250', 'instant', {}, '2026-06-01T10:30:00.250Z'],
    ['01.06.2026 10:30', 'instant', { pattern: 'DD.MM.YYYY' }, '2026-06-01T10:30:00Z'],
    ['Yes', 'flag', {}, true],
    ['Sweden', 'text', { values: { Sweden: 'SE' } }, 'SE'],
  ])('reads %s as %s (%j)', (text, kind, notation, value) => {
    expect(convert(text, kind, notation, 'EUR')).toBe(value);
  });

  it.each<[string, Kind, Notation, string]>([
    ['12 EUR', 'money', {}, 'not a number'],
    ['n/a', 'whole', {}, 'not a number'],
    ['1.25E+15', 'money', {}, 'with an exponent'],
    ['9'.repeat(20), 'whole', {}, 'too large'],
    ['soon', 'date', {}, 'not a date'],
    ['2026-06-01 10', 'instant', {}, 'not an instant'],
    ['2026-06-01 10:30 PM', 'instant', {}, 'with 24 hours'],
    ['2026-06-01T10:30:00+02:00', 'instant', {}, 'Write it in UTC'],
    ['maybe', 'flag', {}, 'neither true'],
    ['constructor', 'flag', {}, 'neither true'],
    ['constructor', 'text', { values: { Sweden: 'SE' } }, 'not among the values'],
  ])('refuses %s as %s (%j)', (text, kind, notation, message) => {
    expect(() => convert(text, kind, notation, 'EUR')).toThrow(message);
    expect(() => convert(text, kind, notation, 'EUR')).toThrow(ConversionError);
    expect(() => convert(text, kind, notation, 'EUR')).not.toThrow(NotationError);
  });

  it.each<[string, Kind, Notation, string]>([
    ['1.000', 'whole', {}, 'whole numbers without a decimal mark, no thousands separator'],
    ['64.0', 'whole', {}, 'whole numbers without a decimal mark'],
    ['64,0', 'whole', german, '"." between thousands'],
    ['1.5', 'whole', german, '"." between thousands'],
    ['12.000', 'money', {}, '3 digits after the decimal mark "."; an amount in EUR has at most 2'],
    ['12.340', 'money', {}, 'an amount in EUR has at most 2'],
    ['0.001', 'money', {}, 'an amount in EUR has at most 2'],
    ['1.123456789', 'money', { scale: millions }, 'an amount in millions of EUR has at most 8'],
    ['1.250', 'money', { scale: millions }, 'can be a number of thousands or have three decimals'],
    ['1.5', 'money', german, 'not written as its column ("," as decimal mark, "." between thousands)'],
    ['0.750', 'money', german, 'not written as its column'],
    ['1.00,5', 'money', german, 'not written as its column'],
    ['1000.000', 'money', german, 'not written as its column'],
    ['1,234.5', 'money', {}, 'no thousands separator'],
    ['5.', 'money', {}, 'not written as its column'],
    ['.5', 'money', {}, 'not written as its column'],
    ['1,25', 'money', {}, '"." as decimal mark'],
    ['1 234', 'money', {}, 'no thousands separator'],
    ['1.6.2026', 'date', { pattern: 'DD.MM.YYYY' }, 'form DD.MM.YYYY'],
    ['05/13/2026', 'date', { pattern: 'DD/MM/YYYY' }, 'form DD/MM/YYYY'],
    ['13.05.26', 'date', { pattern: 'DD.MM.YYYY' }, 'form DD.MM.YYYY'],
    ['46155', 'date', {}, 'serial number'],
    ['46155,5', 'instant', { pattern: 'DD.MM.YYYY' }, 'serial number'],
    ['06/13/2026 10:30', 'instant', { pattern: 'DD/MM/YYYY' }, 'form DD/MM/YYYY'],
  ])('refuses %s as %s (%j), and puts the column in doubt', (text, kind, notation, message) => {
    expect(() => convert(text, kind, notation, 'EUR')).toThrow(message);
    expect(() => convert(text, kind, notation, 'EUR')).toThrow(NotationError);
  });

  it.each([
    ['JPY', '1000000', '1000000'],
    ['EUR', '1234.50', '123450'],
    ['KWD', '1234.500', '1234500'],
    ['KWD', '1234.567', '1234567'],
    ['CLF', '1234.5678', '12345678'],
  ])('takes the decimals of %s: %s', (currency, text, minor) => {
    expect(convert(text, 'money', {}, currency)).toBe(minor);
  });

  it.each([
    ['JPY', '1000000.0', 'an amount in JPY has at most 0'],
    ['EUR', '1234.500', 'an amount in EUR has at most 2'],
    ['KWD', '1234.5000', 'an amount in KWD has at most 3'],
    ['CLF', '1234.56789', 'an amount in CLF has at most 4'],
    ['XAU', '1', 'cannot be read without the currency'],
    [undefined, '1', 'cannot be read without the currency'],
  ])('refuses more decimals than %s has, zeros included, and no currency: %s', (currency, text, message) => {
    expect(() => convert(text, 'money', {}, currency)).toThrow(message);
  });

  it('refuses decimals of a mapping that contradict the currency of the row', () => {
    expect(convert('1', 'money', { decimals: 3 }, 'KWD')).toBe('1000');
    for (const [currency, digits] of [
      ['JPY', 0],
      ['EUR', 2],
      ['CLF', 4],
    ] as const) {
      expect(() => convert('1', 'money', { decimals: 3 }, currency)).toThrow(`${currency} has ${digits} decimals`);
    }
  });

  it('keeps every minor unit of every amount in every currency', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }),
        fc.constantFrom(...CURRENCY_CODES),
        fc.constantFrom('.', ' ', '\u00a0', '\u202f', "'", '\u2019'),
        (minor, currency, separator) => {
          const places = minorDigitsOf(currency) ?? 0;
          const digits = String(minor).padStart(places + 1, '0');
          const whole = digits.slice(0, digits.length - places).replaceAll(/\B(?=(\d{3})+$)/g, separator);
          const text = places === 0 ? whole : `${whole},${digits.slice(-places)}`;
          const notation: Notation = { decimalMark: ',', thousandsSeparator: separator };
          expect(convert(text, 'money', notation, currency)).toBe(String(minor));
        },
      ),
    );
  });
});
