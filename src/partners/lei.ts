/** ISO 17442: 18 letters and digits that identify, two digits that check. */
export const LEI_PATTERN = /^[0-9A-Z]{18}[0-9]{2}$/;

/**
 * Whether a legal entity identifier has its form and its check digits (ISO 7064, MOD 97-10): with letters read as 10 (A) to
 * 35 (Z) the number leaves the remainder 1. The computation yields 02 to 98, so 00, 01 and 99 are wrong even where the
 * remainder fits. It does not say that the identifier was ever issued.
 */
export function isLei(text: string): boolean {
  if (!LEI_PATTERN.test(text)) return false;
  const checkDigits = Number(text.slice(18));
  return checkDigits >= 2 && checkDigits <= 98 && remainder(text) === 1;
}

/** Modulo 97 of the number that the text spells in base 36 digits written out in decimal. */
function remainder(text: string): number {
  let rest = 0;
  for (const character of text) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}
