import { ELIGIBLE_COUNTRY_CLAUSE } from './access.refusals.js';
import { refuse } from '../ledger/refusal.js';
import { isMemberState } from '../domain/member-states.js';

/**
 * The reason codes that are about the country of the applicant: a check that gives one of them rests on Art. 12b(15)(a). Every other
 * code is free: an application that is incomplete, a duplicate or outside the scope of a call is refused by the rules of the call, and the
 * law does not speak of it.
 */
export const COUNTRY_REASONS = [
  'established-in-member-state',
  'established-in-associated-country',
  'established-in-eligible-country',
  'not-established-in-eligible-country',
] as const;

/** The clause on which a check with these reasons rests; undefined if none of them is about the country. */
export const eligibilityClause = (reasonCodes: readonly string[]): typeof ELIGIBLE_COUNTRY_CLAUSE | undefined =>
  COUNTRY_REASONS.some((reason) => reasonCodes.includes(reason)) ? ELIGIBLE_COUNTRY_CLAUSE : undefined;

/**
 * Requires an eligible country: a Member State, or a third country associated to one of the programmes. A policy lists
 * the associated countries, because association agreements change.
 * @throws Refusal `country-not-eligible` (409).
 */
export function requireEligibleCountry(country: string, associatedCountries: readonly string[]): void {
  if (isMemberState(country) || associatedCountries.includes(country)) return;
  throw refuse(
    'country-not-eligible',
    `The applicant is established in ${country}, which is neither a Member State nor on the list of associated countries. ` +
      'Adopt a new version of the policy associated-countries if the list is out of date.',
    { clause: ELIGIBLE_COUNTRY_CLAUSE, country },
  );
}
