import { isLei } from '../partners/lei.js';

/** No issuer has this prefix: the identifiers of the demo programme are valid in form and belong to nobody. */
const INVENTED_PREFIX = 'DEMO00';
const ENTITY_LENGTH = 12;
const CHECK_DIGITS_MAX = 98;

/** A Legal Entity Identifier with valid check digits (ISO 17442) for the n-th invented partner. */
export function inventedLei(n: number): string {
  const body = INVENTED_PREFIX + String(n).padStart(ENTITY_LENGTH, '0');
  for (let checkDigits = 2; checkDigits <= CHECK_DIGITS_MAX; checkDigits += 1) {
    const lei = body + String(checkDigits).padStart(2, '0');
    if (isLei(lei)) return lei;
  }
  throw new Error(`No check digits make ${body} a valid identifier.`);
}
