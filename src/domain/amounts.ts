/**
 * Digits of the largest single amount, in minor units. Just below ten quadrillion euro in cents is beyond every public budget,
 * and a `numeric(38,0)` column holds the sum of 10^20 such amounts, so that no total can overflow where it is stored.
 */
export const AMOUNT_DIGITS_MAX = 18;
