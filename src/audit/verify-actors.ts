import { idOf } from '../ledger/aggregate.js';
import { recordedSchema, type RecordedEvent } from '../ledger/event.js';
import type { Findings } from './audit-finding.js';
import type { EventType } from './rules/coverage.js';
import { findingOf, Violation } from './rules/rule.js';

const OPERATOR = ['operator'];
const PROMISE = ['operator', 'partner'];
const SITE = ['operator', 'facility'];
const PANEL = ['panel'];

/** The roles under which each event can be caused. Bookings and releases are caused by the command of another event, and so by its roles. */
const ROLES: Readonly<Record<EventType, readonly string[]>> = {
  'partner-registered': OPERATOR,
  'partner-classified': OPERATOR,
  'affiliation-recorded': OPERATOR,
  'affiliation-ended': OPERATOR,
  'partner-acquired': OPERATOR,
  'policy-adopted': ['board'],
  'api-key-issued': OPERATOR,
  'api-key-revoked': OPERATOR,
  'fund-established': OPERATOR,
  'tranche-defined': OPERATOR,
  'tranche-subscribed': PROMISE,
  'financial-close-reached': OPERATOR,
  'commitment-pledged': PROMISE,
  'commitment-accepted': OPERATOR,
  'commitment-signed': PROMISE,
  'commitment-amended': PROMISE,
  'decrease-requested': PROMISE,
  'capital-call-issued': OPERATOR,
  'capital-call-paid': OPERATOR,
  'distribution-paid': OPERATOR,
  'commitment-cancelled': PROMISE,
  'facility-registered': OPERATOR,
  'contribution-recorded': PROMISE,
  'capacity-installed': SITE,
  'capacity-retired': SITE,
  'quota-policy-adopted': ['board'],
  'chips-allocated': SITE,
  'allocation-released': [...SITE, 'panel'],
  'pool-assigned': SITE,
  'operations-started': SITE,
  'yearly-submitted': SITE,
  'access-pool-defined': OPERATOR,
  'entitlement-set': OPERATOR,
  'access-time-donated': PROMISE,
  'ownership-transferred': OPERATOR,
  'preferential-access-set': OPERATOR,
  'access-call-opened': OPERATOR,
  'call-hours-granted': PANEL,
  'call-hours-returned': ['operator', 'panel'],
  'access-request-submitted': PROMISE,
  'access-request-withdrawn': PROMISE,
  'eligibility-confirmed': PANEL,
  'eligibility-refused': PANEL,
  'access-granted': PANEL,
  'access-denied': PANEL,
  'grant-revoked': ['operator', 'panel'],
  'usage-reported': SITE,
  'report-published': ['operator', 'board'],
  'corrective-action-decided': ['board'],
  // By the service itself, which acts as the programme.
  'replay-attested': OPERATOR,
  'personal-data-erased': OPERATOR,
};
const ROLES_BY_TYPE: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(ROLES));

/** Before schema 2 the operator adopted floors and caps as well. */
const rolesFor = (event: RecordedEvent): readonly string[] | undefined =>
  event.type === 'quota-policy-adopted' && recordedSchema(event) < 2
    ? ['board', 'operator']
    : ROLES_BY_TYPE.get(event.type);

/** The roles that may state that something took effect before it was recorded. */
const LATE_RECORDERS: readonly string[] = ['operator', 'panel'];

/**
 * Who caused each event: a role whose commands can cause it, and, for the roles that are bound to a partner, that partner alone. The log
 * does not show the credential. Memory grows with the number of facilities.
 */
export class ActorCheck {
  /** What the check states of a history in which it finds nothing. */
  readonly statement =
    'Every event was caused by a role whose commands can cause it; a key of a partner acted on what belongs to that partner; only an operator ' +
    'or a panel recorded late.';
  private readonly operators = new Map<string, unknown>();

  constructor(private readonly findings: Findings) {}

  accept(event: RecordedEvent): void {
    const { type, stream, actor, effectiveAt } = event;
    const data = event.data as Readonly<Record<string, unknown>>;
    if (type === 'facility-registered') this.operators.set(idOf(stream, 'facility'), data['operatorPartnerId']);
    const roles = rolesFor(event);
    if (roles !== undefined && !roles.includes(actor.role))
      return this.add(event, 'The role of the actor cannot cause this event.', roles.join(' or '), actor.role);
    if (effectiveAt !== undefined && !LATE_RECORDERS.includes(actor.role))
      return this.add(event, 'Only an operator or a panel records late.', LATE_RECORDERS.join(' or '), actor.role);
    const owner = this.ownerOf(event, data);
    if (owner !== undefined && owner !== actor.id)
      this.add(event, 'A key of a partner acts only on what belongs to that partner.', String(owner), actor.id);
  }

  /** The partner that the actor must be, for the roles that are bound to a partner. */
  private ownerOf({ actor, stream }: RecordedEvent, data: Readonly<Record<string, unknown>>): unknown {
    if (actor.role === 'partner') return data['partnerId'];
    if (actor.role !== 'facility') return undefined;
    const aggregate = stream.startsWith('usage-') ? 'usage' : 'facility';
    return this.operators.get(idOf(stream, aggregate)) ?? 'nobody: the facility has no operator';
  }

  private add(event: RecordedEvent, message: string, expected: string, found: string): void {
    this.findings.add(findingOf('actors', new Violation(event, message, { expected, found })));
  }
}
