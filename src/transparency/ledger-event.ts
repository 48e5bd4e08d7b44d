import type { AccessCallEvent } from '../access/access-call.js';
import type { AccessRequestEvent } from '../access/access-request.js';
import type { UsageEvent } from '../access/usage.js';
import type { CommitmentEvent } from '../capital/commitment.js';
import type { FundEvent } from '../capital/fund.js';
import type { FacilityEvent } from '../compute/facility.js';
import type { PolicyAdopted } from '../governance/policy.js';
import type { RecordedEvent } from '../ledger/event.js';
import type { PartnerEvent } from '../partners/partner.js';
import type { ApiKeyEvent } from '../identity/api-key.js';
import type { ErasureEvent } from '../erasure/erasure.js';
import type { ReportEvent } from './publication.js';

/** Every event that the ledger records. The switch of the fold over it does not compile while one is missing there. */
export type LedgerFact =
  | PartnerEvent
  | PolicyAdopted
  | ApiKeyEvent
  | FundEvent
  | CommitmentEvent
  | FacilityEvent
  | AccessCallEvent
  | AccessRequestEvent
  | UsageEvent
  | ReportEvent
  | ErasureEvent;

/** A fact with the stream that it was recorded on: the stream says which fund or facility it is about. */
export type LedgerEvent = LedgerFact & Pick<RecordedEvent, 'stream'>;

/** An event type that nobody has taught the report must stop it: its figures would be wrong from here on. */
export function unknownToReport(event: never): never {
  throw new Error(`The report does not know the event type "${(event as { readonly type: string }).type}".`);
}
