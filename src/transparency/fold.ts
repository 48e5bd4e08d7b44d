import type { PolicyVersion } from '../governance/policy.js';
import type { PolicyName } from '../governance/policy-values.js';
import type { RecordedEvent } from '../ledger/event.js';
import { partner, type Partner } from '../partners/partner.js';
import { decided, inForceAt, type Timeline } from '../platform/timeline.js';
import { foldCapacity, initialCapacity, type CapacityState } from './capacity-fold.js';
import { foldCapital, initialCapital, type CapitalState } from './capital-fold.js';
import { foldEqualAccess, initialEqualAccess, type EqualAccessState } from './equal-access-fold.js';
import { unknownToReport, type LedgerEvent } from './ledger-event.js';
import { parseStateText, stateText } from './state-text.js';

/**
 * Version of the method: of what is counted, of every formula and of the form of the published reports. Two reports compare only under
 * the same one. It changes with every change that could change a published byte.
 */
export const METHOD_VERSION = '1.0';

/** Version of the form of the stored state: a state of another one is not read but folded again from the events. */
export const STATE_VERSION = 2;

/** All that the transparency reports know of the history up to a position. A function of the events alone: no clock, no settings. */
export interface FoldState {
  readonly version: typeof STATE_VERSION;
  /** Position of the last event folded; 0 before the first. */
  position: number;
  /** When that event was recorded: what "as of" means in every report. Null before the first. */
  recordedAt: string | null;
  readonly policies: Map<PolicyName, Timeline<PolicyVersion>>;
  readonly partners: Map<string, Partner>;
  readonly equalAccess: EqualAccessState;
  readonly capital: CapitalState;
  readonly capacity: CapacityState;
}

export const initialFoldState = (): FoldState => ({
  version: STATE_VERSION,
  position: 0,
  recordedAt: null,
  policies: new Map(),
  partners: new Map(),
  equalAccess: initialEqualAccess(),
  capital: initialCapital(),
  capacity: initialCapacity(),
});

/**
 * Applies the next event. The state belongs to the caller and is changed in place, because a copy for each of millions of events would cost
 * more than the fold; take `serialise` for a copy that stays.
 * @throws Error when the event is not the next one, or of a type that the report does not know: both would make every later figure wrong.
 */
export function fold(state: FoldState, event: RecordedEvent): FoldState {
  if (event.position !== state.position + 1) {
    throw new Error(`The event at position ${event.position} does not follow position ${state.position}.`);
  }
  apply(state, event as unknown as LedgerEvent);
  state.position = event.position;
  state.recordedAt = event.recordedAt;
  return state;
}

function apply(state: FoldState, event: LedgerEvent): void {
  const { stream } = event;
  switch (event.type) {
    case 'api-key-issued':
    case 'api-key-revoked':
    // A quota policy bounds what may be allocated; the report shows what was.
    case 'quota-policy-adopted':
    // Commitments say the same of each facility, and what of it was paid.
    case 'contribution-recorded':
    // What was published is this very report; what was erased was never counted.
    case 'report-published':
    case 'personal-data-erased':
      return;
    case 'policy-adopted':
      state.policies.set(event.data.policy, decided(state.policies.get(event.data.policy) ?? [], event.data));
      return;
    case 'partner-registered':
    case 'partner-classified':
    case 'affiliation-recorded':
    case 'affiliation-ended':
    case 'partner-acquired': {
      const id = stream.slice('partner-'.length);
      state.partners.set(id, partner.evolve(state.partners.get(id) ?? partner.initial, event));
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

/** The policy in force where the state stands; undefined when none was adopted. */
export function policyInForce<Name extends PolicyName>(state: FoldState, name: Name): PolicyVersion<Name> | undefined {
  const { recordedAt } = state;
  if (recordedAt === null) return undefined;
  return inForceAt((state.policies.get(name) ?? []) as Timeline<PolicyVersion<Name>>, recordedAt);
}

/** Canonical JSON of the state: the same position gives the same bytes, whether it was folded in one go or from a stored state. */
export const serialise = (state: FoldState): string => stateText(state);

/**
 * The state behind a text that `serialise` wrote.
 * @throws Error if it is of another version of the state, SyntaxError if it is no JSON.
 */
export function restore(text: string): FoldState {
  const state = parseStateText(text) as FoldState;
  if (state.version !== STATE_VERSION) {
    throw new Error(`The state is of version ${String(state.version)}; this program reads version ${STATE_VERSION}.`);
  }
  return state;
}
