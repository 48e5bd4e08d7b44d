import { accessCall } from './access/access-call.js';
import { accessRequest } from './access/access-request.js';
import { usage } from './access/usage.js';
import { commitment } from './capital/commitment.js';
import { fund } from './capital/fund.js';
import { facility } from './compute/facility.js';
import { policy } from './governance/policy.js';
import { apiKey } from './identity/api-key.js';
import { subject } from './erasure/erasure.js';
import { partner } from './partners/partner.js';
import { report } from './transparency/publication.js';

/** Every aggregate of the domain: what the ledger can hold. */
export const AGGREGATES = [
  apiKey,
  partner,
  policy,
  fund,
  commitment,
  facility,
  accessCall,
  accessRequest,
  usage,
  report,
  subject,
];
