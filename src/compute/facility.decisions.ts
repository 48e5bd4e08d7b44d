import { invalid, refuse } from '../ledger/refusal.js';
import type { LegalForm } from '../partners/partner.js';
import type { FacilityDescription, FacilityEvent } from './facility-events.js';

/**
 * @param hostLegalForm legal form of the partner that the description names as hosting state.
 * @throws Refusal `currency-missing`, `capex-missing` (422: an amount and its currency come together), `host-not-a-state`
 * (409: in 12b(4) the hosting state is the Member State in whose territory the facility is).
 */
export function registerFacility(description: FacilityDescription, hostLegalForm?: LegalForm): FacilityEvent[] {
  const { capexMinor, currency, hostStatePartnerId } = description;
  if (capexMinor !== undefined && currency === undefined) {
    throw invalid('currency-missing', '/currency', 'Give the currency of capexMinor.');
  }
  if (capexMinor === undefined && currency !== undefined) {
    throw invalid('capex-missing', '/capexMinor', 'Give the CAPEX that the currency is for, or leave both out.');
  }
  if (hostStatePartnerId !== undefined && hostLegalForm !== 'member-state') {
    throw refuse('host-not-a-state', 'The hosting state must be a partner with the legal form member-state.', {
      hostStatePartnerId,
      legalForm: hostLegalForm ?? null,
    });
  }
  return [{ type: 'facility-registered', data: description }];
}
