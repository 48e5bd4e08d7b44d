import type { LedgerEvent } from '../events/ledger-event.js';

/** The event types that there were when the next version of the method came. 1.0 counts nothing of later ones. */
const TYPES = [
  'access-call-opened',
  'access-denied',
  'access-granted',
  'access-request-submitted',
  'access-request-withdrawn',
  'affiliation-ended',
  'affiliation-recorded',
  'allocation-released',
  'api-key-issued',
  'api-key-revoked',
  'capacity-installed',
  'capacity-retired',
  'capital-call-issued',
  'capital-call-paid',
  'chips-allocated',
  'commitment-accepted',
  'commitment-amended',
  'commitment-cancelled',
  'commitment-pledged',
  'commitment-signed',
  'contribution-recorded',
  'corrective-action-decided',
  'distribution-paid',
  'eligibility-confirmed',
  'eligibility-refused',
  'facility-registered',
  'financial-close-reached',
  'fund-established',
  'grant-revoked',
  'partner-acquired',
  'partner-classified',
  'partner-registered',
  'personal-data-erased',
  'policy-adopted',
  'quota-policy-adopted',
  'replay-attested',
  'report-published',
  'tranche-defined',
  'tranche-subscribed',
  'usage-reported',
] as const satisfies readonly LedgerEvent['type'][];

/** An event that 1.0 knows. */
export type MethodEvent = Extract<LedgerEvent, { readonly type: (typeof TYPES)[number] }>;
export type EventOf<Type extends MethodEvent['type']> = Extract<MethodEvent, { readonly type: Type }>;

const KNOWN: ReadonlySet<string> = new Set(TYPES);

export const isOfMethod1 = (event: LedgerEvent): event is MethodEvent => KNOWN.has(event.type);
