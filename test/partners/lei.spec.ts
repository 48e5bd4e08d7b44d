import fc from 'fast-check';
import { isLei } from '../../src/partners/lei.js';

/** Check digits by ISO 7064, MOD 97-10, with other arithmetic than the code under test. */
function withCheckDigits(base: string): string {
  const digits = [...`${base}00`].map((character) => Number.parseInt(character, 36)).join('');
  return base + String(98n - (BigInt(digits) % 97n)).padStart(2, '0');
}

const BASE = fc.stringMatching(/^[0-9A-Z]{18}$/);

describe('a legal entity identifier', () => {
  it('is valid if it was issued', () => {
    // The identifiers of the Global Legal Entity Identifier Foundation and of a listed company.
    for (const lei of ['506700GE1G29325QX363', '5493000IBP32UQZ0KL24']) expect(isLei(lei)).toBe(true);
  });

  it('is valid with computed check digits, for any 18 first characters', () => {
    fc.assert(fc.property(BASE, (base) => expect(isLei(withCheckDigits(base))).toBe(true)));
  });

  it('is not valid with any other pair of check digits', () => {
    fc.assert(
      fc.property(BASE, fc.integer({ min: 0, max: 99 }), (base, pair) => {
        const lei = base + String(pair).padStart(2, '0');
        expect(isLei(lei)).toBe(lei === withCheckDigits(base));
      }),
    );
  });

  it('is not valid after a change of one letter or digit, or after a swap of two neighbours of the same kind', () => {
    const isDigit = (character: string): boolean => character >= '0' && character <= '9';
    const isSameKind = (one: string, other: string): boolean => isDigit(one) === isDigit(other);
    const character = fc.stringMatching(/^[0-9A-Z]$/);
    fc.assert(
      fc.property(BASE, fc.nat(16), character, (base, index, replacement) => {
        const lei = withCheckDigits(base);
        const [first, second] = [lei.charAt(index), lei.charAt(index + 1)];
        const changed = lei.slice(0, index) + replacement + lei.slice(index + 1);
        const swapped = lei.slice(0, index) + second + first + lei.slice(index + 2);
        if (isSameKind(first, replacement)) expect(isLei(changed)).toBe(changed === lei);
        if (isSameKind(first, second)) expect(isLei(swapped)).toBe(swapped === lei);
      }),
    );
  });

  it('is not valid in any other form', () => {
    const lei = '506700GE1G29325QX363';
    for (const text of [
      '',
      lei.toLowerCase(),
      lei.slice(1),
      `${lei}0`,
      ` ${lei}`,
      `${lei}\n`,
      '506700GE1G29325QX3AA',
    ]) {
      expect(isLei(text)).toBe(false);
    }
  });
});
