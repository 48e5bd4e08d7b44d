import { ELIGIBLE_COUNTRY_CLAUSE } from './access.refusals.js';
import { refuse } from '../ledger/refusal.js';
import { isMemberState } from '../domain/member-states.js';

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
