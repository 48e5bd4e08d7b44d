/** ISO 17442: 18 letters and digits that identify, and two check digits. */
export const LEI_PATTERN = /^[0-9A-Z]{18}[0-9]{2}$/;

/**
 * Whether a legal entity identifier has the right form and check digits (ISO 7064, MOD 97-10). With letters read as 10
 * (A) to 35 (Z), the number must leave the remainder 1. The computation yields 02 to 98, so 00, 01 and 99 are wrong
 * even if the remainder is 1. This check does not show that the identifier was ever issued.
 */
export function isLei(text: string): boolean {
  if (!LEI_PATTERN.test(text)) return false;
  const checkDigits = Number(text.slice(18));
  return checkDigits >= 2 && checkDigits <= 98 && remainder(text) === 1;
}

/** The number modulo 97, with each letter or digit of the text written as its base 36 value in decimal. */
function remainder(text: string): number {
  let rest = 0;
  for (const character of text) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}
