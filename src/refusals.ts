import { ACCESS_REFUSALS } from './access/access.refusals.js';
import { CAPITAL_REFUSALS } from './capital/capital.refusals.js';
import { COMPUTE_REFUSALS } from './compute/compute.refusals.js';
import { DOMAIN_REFUSALS } from './domain/domain.refusals.js';
import { ERASURE_REFUSALS } from './erasure/erasure.refusals.js';
import { GOVERNANCE_REFUSALS } from './governance/governance.refusals.js';
import { HTTP_REFUSALS } from './http/http.refusals.js';
import { IDENTITY_REFUSALS } from './identity/identity.refusals.js';
import { LEDGER_REFUSALS } from './ledger/ledger.refusals.js';
import type { RefusalCatalogue } from './ledger/refusal-declaration.js';
import { LOG_REFUSALS } from './log/log.refusals.js';
import { PARTNERS_REFUSALS } from './partners/partners.refusals.js';
import { TRANSPARENCY_REFUSALS } from './transparency/transparency.refusals.js';

/** Every refusal of the service, by its code. A file of declarations that is left out does not compile. */
export const REFUSALS: RefusalCatalogue = {
  ...HTTP_REFUSALS,
  ...LEDGER_REFUSALS,
  ...IDENTITY_REFUSALS,
  ...DOMAIN_REFUSALS,
  ...PARTNERS_REFUSALS,
  ...GOVERNANCE_REFUSALS,
  ...CAPITAL_REFUSALS,
  ...COMPUTE_REFUSALS,
  ...ACCESS_REFUSALS,
  ...TRANSPARENCY_REFUSALS,
  ...LOG_REFUSALS,
  ...ERASURE_REFUSALS,
};
