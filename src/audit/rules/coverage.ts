import type { RecordedEvent } from '../../ledger/event.js';
import type { LedgerFact } from '../../transparency/events/ledger-event.js';

/** Every type of event that the ledger records. */
export type EventType = LedgerFact['type'];

/** The checks that read the history event by event, each in a file `*.rule.ts`. */
export type RuleName =
  | 'funds'
  | 'commitments'
  | 'capacity'
  | 'pools'
  | 'allocations'
  | 'access-calls'
  | 'access-requests'
  | 'partners'
  | 'policies'
  | 'api-keys'
  | 'publications'
  | 'ownership'
  | 'eligibility'
  | 'attestations'
  | 'yearly-submissions';

/** Why no rule checks an event type. The reason is printed among the things that a verification does not check. */
export interface Uncovered {
  readonly none: string;
}

/**
 * Which rules read each event type. An event type without an entry does not compile. The types of each rule are derived from
 * this table (`TypeOf`): a rule that handles a type that is not listed for it, or leaves out a listed type, does not
 * compile either.
 */
const COVERAGE = {
  'partner-registered': ['partners'],
  'partner-classified': ['partners'],
  'affiliation-recorded': ['ownership'],
  'affiliation-ended': ['ownership'],
  'partner-acquired': ['ownership'],
  'policy-adopted': ['policies', 'access-calls', 'eligibility', 'funds', 'commitments', 'pools'],
  'api-key-issued': ['api-keys'],
  'api-key-revoked': ['api-keys'],
  'fund-established': ['funds'],
  'tranche-defined': ['funds'],
  'tranche-subscribed': ['funds', 'commitments'],
  'financial-close-reached': ['funds'],
  'commitment-pledged': ['funds', 'commitments', 'partners'],
  'commitment-accepted': ['commitments'],
  'commitment-signed': ['commitments'],
  'commitment-amended': ['commitments'],
  'decrease-requested': ['funds', 'commitments'],
  'capital-call-issued': ['funds', 'commitments'],
  'capital-call-paid': ['commitments'],
  'distribution-paid': ['funds', 'commitments'],
  'commitment-cancelled': ['commitments'],
  'facility-registered': ['funds', 'access-calls', 'partners', 'pools'],
  'contribution-recorded': ['funds', 'commitments', 'access-calls', 'pools'],
  'capacity-installed': ['capacity', 'pools'],
  'capacity-retired': ['capacity'],
  'quota-policy-adopted': ['capacity'],
  'chips-allocated': ['capacity', 'allocations', 'access-requests', 'pools'],
  'allocation-released': ['capacity', 'allocations', 'access-requests', 'pools'],
  'pool-assigned': ['pools', 'allocations'],
  'operations-started': ['pools'],
  'yearly-submitted': ['yearly-submissions'],
  'access-pool-defined': ['pools', 'partners', 'eligibility'],
  'entitlement-set': ['pools'],
  'access-time-donated': ['pools'],
  'ownership-transferred': ['pools'],
  'preferential-access-set': ['pools'],
  'access-call-opened': ['access-calls'],
  'call-hours-granted': ['access-calls', 'access-requests'],
  'call-hours-returned': ['access-calls', 'access-requests'],
  'access-request-submitted': ['access-calls', 'access-requests', 'partners', 'ownership'],
  'access-request-withdrawn': ['access-requests'],
  'eligibility-confirmed': ['access-requests', 'eligibility'],
  'eligibility-refused': ['access-requests', 'eligibility'],
  'access-granted': ['access-calls', 'access-requests', 'eligibility', 'pools'],
  'access-denied': ['access-requests'],
  'grant-revoked': ['access-requests'],
  'usage-reported': ['allocations'],
  'report-published': ['publications'],
  'replay-attested': ['attestations'],
  'corrective-action-decided': ['publications'],
  'personal-data-erased': {
    none: 'Sealed content is kept outside the log. "audit verify --database" checks that erased content is gone.',
  },
} as const satisfies Readonly<Record<EventType, readonly RuleName[] | Uncovered>>;

type Coverage = typeof COVERAGE;

export const EVENT_TYPES = Object.keys(COVERAGE) as readonly EventType[];

/** The event types that `COVERAGE` lists for a rule. */
export type TypeOf<Name extends RuleName> = {
  [Type in EventType]: Coverage[Type] extends readonly (infer Listed)[] ? (Name extends Listed ? Type : never) : never;
}[EventType];

/** An event that a rule gets. */
export type EventOf<Name extends RuleName> = RecordedEvent & { readonly type: TypeOf<Name> };

/** For the default branch of an exhaustive switch: the rule gets only the types that `COVERAGE` lists for it. */
export function notCovered(type: never): never {
  throw new Error(`The rule does not read events of the type "${String(type)}".`);
}

/** The event types that no rule reads, each with the reason. */
export const uncoveredTypes = (): readonly (readonly [type: string, reason: string])[] =>
  Object.entries<readonly RuleName[] | Uncovered>(COVERAGE).flatMap(([type, covered]) =>
    'none' in covered ? [[type, covered.none] as const] : [],
  );

/** The rules that read an event type; empty for a type that no rule reads. */
export function rulesFor(type: EventType): readonly RuleName[] {
  const covered: readonly RuleName[] | Uncovered = COVERAGE[type];
  return 'none' in covered ? [] : covered;
}
