import fc from 'fast-check';
import { ConversionError, convert, type Kind, type Notation } from '../../src/import/conversion.js';

const german: Notation = { decimalMark: ',', thousandsSeparator: '.' };

describe('the conversion of a cell', () => {
  it.each<[string, Kind, Notation, string | number | boolean]>([
    ['1.250,5', 'money', { ...german, scale: 1_000_000 }, '125050000000'],
    ['0,75', 'money', german, '75'],
    ['-3', 'money', {}, '-300'],
    ['0.00', 'money', {}, '0'],
    ['007', 'money', { decimals: 0 }, '7'],
    ['12.340', 'money', {}, '1234'],
    ['1,000,000', 'whole', { thousandsSeparator: ',' }, 1_000_000],
    ['64.0', 'whole', {}, 64],
    ['31.12.2025', 'date', { pattern: 'DD.MM.YYYY' }, '2025-12-31'],
    ['06/01/2026', 'instant', { pattern: 'MM/DD/YYYY' }, '2026-06-01T00:00:00Z'],
    ['2026-06-01T10:30:00Z', 'instant', {}, '2026-06-01T10:30:00Z'],
    ['01.06.2026 10:30', 'instant', { pattern: 'DD.MM.YYYY' }, '2026-06-01T10:30:00Z'],
    ['Yes', 'flag', {}, true],
    ['Sweden', 'text', { values: { Sweden: 'SE' } }, 'SE'],
  ])('reads %s as %s (%j)', (text, kind, notation, value) => {
    expect(convert(text, kind, notation)).toBe(value);
  });

  it.each<[string, Kind, Notation, string]>([
    ['1.5', 'money', german, 'not a number with ","'],
    ['1,234.5', 'money', {}, 'no thousands separator'],
    ['1.00,5', 'money', german, 'not a number'],
    ['0.001', 'money', {}, 'below the minor unit'],
    ['12 EUR', 'money', {}, 'not a number'],
    ['5.', 'money', {}, 'not a number'],
    ['1.5', 'whole', {}, 'not a whole number'],
    ['9'.repeat(20), 'whole', {}, 'not a whole number'],
    ['1.6.2026', 'date', { pattern: 'DD.MM.YYYY' }, 'form DD.MM.YYYY'],
    ['2026-06-01 10', 'instant', {}, 'not an instant'],
    ['maybe', 'flag', {}, 'neither true'],
    ['constructor', 'text', { values: { Sweden: 'SE' } }, 'not among the values'],
  ])('refuses %s as %s (%j)', (text, kind, notation, message) => {
    expect(() => convert(text, kind, notation)).toThrow(ConversionError);
    expect(() => convert(text, kind, notation)).toThrow(message);
  });

  it('keeps every cent of every amount', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 17n }), (minor) => {
        const digits = String(minor).padStart(3, '0');
        const whole = digits.slice(0, -2).replaceAll(/\B(?=(\d{3})+$)/g, '.');
        expect(convert(`${whole},${digits.slice(-2)}`, 'money', german)).toBe(String(minor));
      }),
    );
  });
});
