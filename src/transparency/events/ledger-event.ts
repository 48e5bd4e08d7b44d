import type { AccessCallEvent } from '../../access/access-call.js';
import type { AccessRequestEvent } from '../../access/access-request.js';
import type { UsageEvent } from '../../access/usage.js';
import type { CommitmentEvent } from '../../capital/commitment.js';
import type { FundEvent } from '../../capital/fund.js';
import type { FacilityEvent } from '../../compute/facility-events.js';
import type { PolicyAdopted } from '../../governance/policy.js';
import type { RecordedEvent } from '../../ledger/event.js';
import type { PartnerEvent } from '../../partners/partner.js';
import type { ApiKeyEvent } from '../../identity/api-key.js';
import type { ErasureEvent } from '../../erasure/erasure.js';
import type { ReplayAttested } from './attestation.js';
import type { ReportEvent } from './publication.js';

/** Every event that the ledger records. A fold that leaves one out does not compile. */
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
  | ReplayAttested
  | ErasureEvent;

/** A fact with its stream, which names the fund or the facility of the fact. */
export type LedgerEvent = LedgerFact & Pick<RecordedEvent, 'stream'>;

/** Stops a report at an event type that it does not know: all later figures would be wrong. */
export function unknownToReport(event: never): never {
  throw new Error(`The report does not know the event type "${(event as { readonly type: string }).type}".`);
}
