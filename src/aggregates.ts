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
import type { LedgerFact } from './transparency/events/ledger-event.js';
import { attestation } from './transparency/events/attestation.js';
import { report } from './transparency/events/publication.js';

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
  attestation,
  subject,
];

type TypesOf<Each> = Each extends { readonly events: infer Events } ? keyof Events : never;
type DeclaredType = TypesOf<(typeof AGGREGATES)[number]>;
type NoneOf<Type extends never> = Type;

/**
 * The event types that only one of `AGGREGATES` and `LedgerFact` names. There must be none, else this type does not compile and
 * its error names them. An aggregate that is left out of the list would record events that no reader knows, and a fact that
 * is left out of the union would be missing from the reports.
 */
export type EventTypesOfOneSide =
  NoneOf<Exclude<LedgerFact['type'], DeclaredType>> | NoneOf<Exclude<DeclaredType, LedgerFact['type']>>;
