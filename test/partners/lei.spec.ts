import fc from 'fast-check';
import { isLei } from '../../src/partners/lei.js';

/** Check digits after ISO 7064, MOD 97-10, with arithmetic other than the one under test. */
function withCheckDigits(base: string): string {
  const digits = [...`${base}00`].map((character) => Number.parseInt(character, 36)).join('');
  return base + String(98n - (BigInt(digits) % 97n)).padStart(2, '0');
}

const BASE = fc.stringMatching(/^[0-9A-Z]{18}$/);

describe('a legal entity identifier', () => {
  it('passes when it is one that was issued', () => {
    // The Global Legal Entity Identifier Foundation's own, and one of a listed company.
    for (const lei of ['506700GE1G29325QX363', '5493000IBP32UQZ0KL24']) expect(isLei(lei)).toBe(true);
  });

  it('passes with computed check digits whatever it identifies', () => {
    fc.assert(fc.property(BASE, (base) => expect(isLei(withCheckDigits(base))).toBe(true)));
  });

  it('fails with any other pair of check digits', () => {
    fc.assert(
      fc.property(BASE, fc.integer({ min: 0, max: 99 }), (base, pair) => {
        const lei = base + String(pair).padStart(2, '0');
        expect(isLei(lei)).toBe(lei === withCheckDigits(base));
      }),
    );
  });

  it('fails when one letter or digit becomes another, or two neighbours of a kind are swapped', () => {
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

  it('fails in any other form', () => {
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
