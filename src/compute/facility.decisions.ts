import { invalid, refuse } from '../ledger/refusal.js';
import type { PartnerRegistered } from '../partners/partner.js';
import { HOST_STATE_CLAUSE } from './compute.refusals.js';
import type { FacilityDescription, FacilityEvent } from './facility-events.js';

/**
 * @param host the partner that the description names as hosting state.
 * @throws Refusal `currency-missing`, `capex-missing` (422: an amount and its currency come together), `host-not-a-state`,
 * `host-of-another-territory` (409: in 12b(4) the hosting state is the Member State in whose territory the facility is).
 */
export function registerFacility(
  description: FacilityDescription,
  host?: Pick<PartnerRegistered['data'], 'legalForm' | 'country'>,
): FacilityEvent[] {
  const { capexMinor, country, currency, hostStatePartnerId } = description;
  if (capexMinor !== undefined && currency === undefined) {
    throw invalid('currency-missing', '/currency', 'Give the currency of capexMinor.');
  }
  if (capexMinor === undefined && currency !== undefined) {
    throw invalid('capex-missing', '/capexMinor', 'Give the CAPEX that the currency is for, or leave both out.');
  }
  if (hostStatePartnerId !== undefined && host?.legalForm !== 'member-state') {
    throw refuse('host-not-a-state', 'The hosting state must be a partner with the legal form member-state.', {
      hostStatePartnerId,
      legalForm: host?.legalForm ?? null,
    });
  }
  if (hostStatePartnerId !== undefined && host !== undefined && host.country !== country) {
    throw refuse(
      'host-of-another-territory',
      `The facility is in ${country}, and the hosting state is the one of ${host.country}. Name the Member State in whose territory it is.`,
      { clause: HOST_STATE_CLAUSE, hostStatePartnerId, country, hostCountry: host.country },
    );
  }
  return [{ type: 'facility-registered', data: description }];
}
