import type { PolicyVersion } from '../../governance/policy.js';
import type { PolicyName } from '../../governance/policy-values.js';
import { idOf } from '../../ledger/aggregate.js';
import type { RecordedEvent } from '../../ledger/event.js';
import { parseInstant } from '../../ledger/time.js';
import { NO_FACTS, factsAfter, type PartnerFacts } from '../../partners/partner.js';
import { decided, inForceAt, type Timeline } from '../../domain/timeline.js';
import { foldCapacity, initialCapacity, type CapacityState } from './capacity-fold.js';
import { foldCapital, initialCapital, type CapitalState } from './capital-fold.js';
import { foldEqualAccess, initialEqualAccess, type EqualAccessState } from './equal-access-fold.js';
import { unknownToReport, type LedgerEvent } from '../events/ledger-event.js';
import { isOfMethod1, type MethodEvent } from './method-events.js';
import { parseStateText, stateParts } from '../state-text.js';

/**
 * This version of the method: the events that are counted, every formula, and the form of the published reports. Two reports compare only
 * under the same version. It is frozen: see `method.ts`.
 */
export const METHOD_VERSION = '1.0';

/** Version of the form of the stored state. A state of another form is not read but folded again from the events. */
export const STATE_VERSION = 3;

/** The figures of the reports at a position. A function of the events alone: no clock, no settings. */
export interface FoldState {
  readonly version: typeof STATE_VERSION;
  /** Position of the last event folded; 0 before the first. */
  position: number;
  /** When that event was recorded: the "as of" of every report. Null before the first. */
  recordedAt: string | null;
  /** Set on a state of effective time: an event that took effect later is not in it, and the state is read as of this instant. */
  effectiveAt: string | null;
  readonly policies: Map<PolicyName, Timeline<PolicyVersion>>;
  readonly partners: Map<string, PartnerFacts>;
  readonly equalAccess: EqualAccessState;
  readonly capital: CapitalState;
  readonly capacity: CapacityState;
}

export const initialFoldState = (): FoldState => ({
  version: STATE_VERSION,
  position: 0,
  recordedAt: null,
  effectiveAt: null,
  policies: new Map(),
  partners: new Map(),
  equalAccess: initialEqualAccess(),
  capital: initialCapital(),
  capacity: initialCapacity(),
});

/**
 * Applies the next event to the state, in place: a copy for each of millions of events would cost more than the fold. An event of a later
 * type counts nothing: this version does not know it.
 * @throws Error when the event is not the next one.
 */
export function fold(state: FoldState, event: RecordedEvent): FoldState {
  requireNext(state, event);
  applyKnown(state, event as unknown as LedgerEvent);
  return moveTo(state, event);
}

/**
 * Applies the next event if it had taken effect by the instant of the state, and leaves it out if not. The order of recording is enough: a
 * step of a request never takes effect before the step that it follows.
 * @throws Error as `fold`, and for a state that has no such instant.
 */
export function foldEffective(state: FoldState, event: RecordedEvent): FoldState {
  const { effectiveAt } = state;
  if (effectiveAt === null) throw new Error('The state is not one of effective time.');
  requireNext(state, event);
  const since = event.effectiveAt ?? event.recordedAt;
  const isDescription = DESCRIPTIONS.has(event.type as LedgerEvent['type']);
  if (isDescription || parseInstant(since) <= parseInstant(effectiveAt)) {
    applyKnown(state, event as unknown as LedgerEvent);
  }
  return moveTo(state, event);
}

/** Events that describe a thing, or that carry dates of their own by which they are read. They always count. */
const DESCRIPTIONS: ReadonlySet<LedgerEvent['type']> = new Set([
  'policy-adopted',
  'partner-registered',
  'partner-classified',
  'affiliation-recorded',
  'affiliation-ended',
  'partner-acquired',
  'fund-established',
  'tranche-defined',
  'facility-registered',
  'capacity-installed',
  'capacity-retired',
  'access-call-opened',
]);

function applyKnown(state: FoldState, event: LedgerEvent): void {
  if (isOfMethod1(event)) apply(state, event);
}

export function requireNext(state: Pick<FoldState, 'position'>, { position }: RecordedEvent): void {
  if (position === state.position + 1) return;
  throw new Error(`The event at position ${position} does not follow position ${state.position}.`);
}

export function moveTo<State extends Pick<FoldState, 'position' | 'recordedAt'>>(
  state: State,
  { position, recordedAt }: RecordedEvent,
): State {
  state.position = position;
  state.recordedAt = recordedAt;
  return state;
}

/** The instant for which a state is read: for policies in force and for waiting times. Null before the first event. */
export const asOfInstant = ({
  effectiveAt,
  recordedAt,
}: Pick<FoldState, 'effectiveAt' | 'recordedAt'>): string | null => effectiveAt ?? recordedAt;

function apply(state: FoldState, event: MethodEvent): void {
  const { stream } = event;
  switch (event.type) {
    case 'api-key-issued':
    case 'api-key-revoked':
    // A quota policy bounds allocations; the report shows the allocations themselves.
    case 'quota-policy-adopted':
    // The events of the commitment hold the same amounts.
    case 'contribution-recorded':
    // An acceptance permits a signature; the signature holds the amount.
    case 'commitment-accepted':
    // A publication or an attestation changes no figure. Erased content was never counted.
    case 'report-published':
    case 'replay-attested':
    case 'personal-data-erased':
      return;
    case 'policy-adopted':
      state.policies.set(event.data.policy, decided(state.policies.get(event.data.policy) ?? [], event.data));
      return;
    // Category and owners come with later events. Until then the state holds nothing of a partner.
    case 'partner-registered':
      return;
    case 'partner-classified':
    case 'affiliation-recorded':
    case 'affiliation-ended':
    case 'partner-acquired': {
      const id = idOf(stream, 'partner');
      state.partners.set(id, factsAfter(state.partners.get(id) ?? NO_FACTS, event));
      return;
    }
    case 'fund-established':
    case 'tranche-defined':
    case 'tranche-subscribed':
    case 'financial-close-reached':
    case 'commitment-pledged':
    case 'commitment-signed':
    case 'commitment-amended':
    case 'capital-call-issued':
    case 'capital-call-paid':
    case 'distribution-paid':
    case 'commitment-cancelled':
      return foldCapital(state.capital, event, stream);
    case 'facility-registered':
      foldCapital(state.capital, event, stream);
      return foldCapacity(state.capacity, event, stream);
    case 'capacity-installed':
    case 'capacity-retired':
      return foldCapacity(state.capacity, event, stream);
    case 'chips-allocated':
    case 'allocation-released':
    case 'usage-reported':
    case 'access-request-submitted':
      foldEqualAccess(state.equalAccess, event, stream);
      return foldCapacity(state.capacity, event, stream);
    case 'access-call-opened':
    case 'access-request-withdrawn':
    case 'eligibility-confirmed':
    case 'eligibility-refused':
    case 'access-granted':
    case 'access-denied':
    case 'grant-revoked':
    case 'corrective-action-decided':
      return foldEqualAccess(state.equalAccess, event, stream);
    default:
      return unknownToReport(event);
  }
}

/** The policy in force at the instant of the state; undefined when none was adopted. */
export function policyInForce<Name extends PolicyName>(
  state: Pick<FoldState, 'effectiveAt' | 'recordedAt' | 'policies'>,
  name: Name,
): PolicyVersion<Name> | undefined {
  const at = asOfInstant(state);
  if (at === null) return undefined;
  return inForceAt((state.policies.get(name) ?? []) as Timeline<PolicyVersion<Name>>, at);
}

/** Canonical JSON of the state, in pieces: fold nothing before the last piece is taken. The same position makes the same bytes. */
export const serialisedParts = (state: FoldState): Iterable<string> => stateParts(state);

/**
 * The state of a text that `serialisedParts` wrote.
 * @throws Error if it is of another version of the state, SyntaxError if it is no JSON.
 */
export function restore(text: string): FoldState {
  const state = parseStateText(text) as FoldState;
  if (state.version !== STATE_VERSION) {
    throw new Error(`The state is of version ${String(state.version)}; this program reads version ${STATE_VERSION}.`);
  }
  return state;
}
