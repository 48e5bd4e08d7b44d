import type { PolicyVersion } from '../../governance/policy.js';
import type { PolicyName } from '../../governance/policy-values.js';
import { decided, type Timeline } from '../../domain/timeline.js';
import { idOf } from '../../ledger/aggregate.js';
import type { RecordedEvent } from '../../ledger/event.js';
import { parseInstant } from '../../ledger/time.js';
import { NO_FACTS, factsAfter, type PartnerFacts } from '../../partners/partner.js';
import { unknownToReport, type LedgerEvent } from '../events/ledger-event.js';
import { foldCapacity, initialCapacity, type CapacityState } from '../method-1/capacity-fold.js';
import { moveTo, requireNext } from '../method-1/fold.js';
import { parseStateText, stateParts } from '../state-text.js';
import { foldAccessTime, initialAccessTime, type AccessTimeState } from './access-time-fold.js';
import { foldCapital, initialCapital, type CapitalState } from './capital-fold.js';
import { limitsOf } from './decision-limits.js';
import { foldEqualAccess, initialEqualAccess, type EqualAccessState } from './equal-access-fold.js';

/** This version of the method: the events that are counted, every formula, and the form of the published reports. */
export const METHOD_VERSION = '2.0';

/** Version of the form of the stored state. A state of another form is not read but folded again from the events. */
export const STATE_VERSION = 1;

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
  readonly accessTime: AccessTimeState;
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
  accessTime: initialAccessTime(),
});

/**
 * Applies the next event to the state, in place: a copy for each of millions of events would cost more than the fold.
 * @throws Error when the event is not the next one, or of a type that the report does not know: both would make every later figure wrong.
 */
export function fold(state: FoldState, event: RecordedEvent): FoldState {
  requireNext(state, event);
  apply(state, event as unknown as LedgerEvent, event.recordedAt);
  return moveTo(state, event);
}

/**
 * Applies the next event if it had taken effect by the instant of the state, and leaves it out if not. The order of recording is enough: a
 * step of a request never takes effect before the step that it follows, and amounts of money are sums.
 * @throws Error as `fold`, and for a state that has no such instant.
 */
export function foldEffective(state: FoldState, event: RecordedEvent): FoldState {
  const { effectiveAt } = state;
  if (effectiveAt === null) throw new Error('The state is not one of effective time.');
  requireNext(state, event);
  const fact = event as unknown as LedgerEvent;
  if (DESCRIPTIONS.has(fact.type) || tookEffectAt(event, fact) <= parseInstant(effectiveAt)) {
    apply(state, fact, event.recordedAt);
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
  'operations-started',
  'access-pool-defined',
  'entitlement-set',
  'ownership-transferred',
  'preferential-access-set',
]);

/**
 * Money counts from its own date on: from the first instant, UTC, of the day of a signature, a call, a payment, a financial close. A date
 * after the recording counts from the recording on, so that an event that is recorded has taken effect.
 */
function tookEffectAt({ effectiveAt, recordedAt }: RecordedEvent, event: LedgerEvent): number {
  const stated = effectiveAt ?? dateOfMoney(event);
  const recorded = parseInstant(recordedAt);
  return stated === undefined ? recorded : Math.min(recorded, parseInstant(stated));
}

function dateOfMoney(event: LedgerEvent): string | undefined {
  switch (event.type) {
    case 'commitment-signed':
      return event.data.signedOn;
    case 'capital-call-issued':
      return event.data.issuedOn;
    case 'capital-call-paid':
    case 'distribution-paid':
      return event.data.paidOn;
    case 'financial-close-reached': {
      const { reachedOn } = event.data as { readonly reachedOn?: string };
      return reachedOn;
    }
    default:
      return undefined;
  }
}

function apply(state: FoldState, event: LedgerEvent, recordedAt: string): void {
  switch (event.type) {
    case 'api-key-issued':
    case 'api-key-revoked':
    // A quota policy bounds allocations; the report shows the allocations themselves.
    case 'quota-policy-adopted':
    // The events of the commitment hold the same amounts.
    case 'contribution-recorded':
    // An acceptance permits a signature; the signature holds the amount.
    case 'commitment-accepted':
    // A request changes nothing; its acceptance is an amendment or a cancellation.
    case 'decrease-requested':
    // A submission is about access time that other events hold.
    case 'yearly-submitted':
    // The grant itself holds the same hours.
    case 'call-hours-granted':
    case 'call-hours-returned':
    // A publication or an attestation changes no figure. Erased content was never counted.
    case 'report-published':
    case 'replay-attested':
    case 'personal-data-erased':
      return;
    case 'policy-adopted':
      state.policies.set(event.data.policy, decided(state.policies.get(event.data.policy) ?? [], event.data));
      return;
    case 'partner-classified':
    case 'affiliation-recorded':
    case 'affiliation-ended':
    case 'partner-acquired': {
      const id = idOf(event.stream, 'partner');
      state.partners.set(id, factsAfter(state.partners.get(id) ?? NO_FACTS, event));
      return;
    }
    case 'partner-registered':
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
      return foldCapital(state.capital, event);
    case 'facility-registered':
      foldCapital(state.capital, event);
      return foldCapacity(state.capacity, event, event.stream);
    case 'capacity-installed':
    case 'capacity-retired':
      return foldCapacity(state.capacity, event, event.stream);
    case 'chips-allocated':
    case 'allocation-released':
    case 'usage-reported':
      foldEqualAccess(state.equalAccess, event, contextOf(state, recordedAt));
      foldAccessTime(state.accessTime, event);
      return foldCapacity(state.capacity, event, event.stream);
    case 'access-request-submitted':
      foldEqualAccess(state.equalAccess, event, contextOf(state, recordedAt));
      return foldCapacity(state.capacity, event, event.stream);
    case 'access-granted':
    case 'grant-revoked':
    case 'pool-assigned':
      foldEqualAccess(state.equalAccess, event, contextOf(state, recordedAt));
      return foldAccessTime(state.accessTime, event);
    case 'operations-started':
    case 'access-pool-defined':
    case 'entitlement-set':
    case 'access-time-donated':
    case 'ownership-transferred':
    case 'preferential-access-set':
      return foldAccessTime(state.accessTime, event);
    case 'access-call-opened':
    case 'access-request-withdrawn':
    case 'eligibility-confirmed':
    case 'eligibility-refused':
    case 'access-denied':
    case 'corrective-action-decided':
      return foldEqualAccess(state.equalAccess, event, contextOf(state, recordedAt));
    default:
      return unknownToReport(event);
  }
}

const contextOf = ({ policies }: FoldState, recordedAt: string) => ({ recordedAt, limitOf: limitsOf(policies) });

/**
 * Size of everything that the state holds, in entries of about 100 bytes of its text. It is counted from the sizes of maps, so that it
 * takes a time that grows with the cells alone.
 */
export function entryCount({ policies, partners, equalAccess, capital, capacity, accessTime }: FoldState): number {
  const { cells, holders, correctiveActions, callEnds } = equalAccess;
  let entries = 2 * partners.size + 4 * holders.size + 5 * correctiveActions.length + callEnds.size;
  for (const cell of cells.values()) {
    const histograms = [cell.decisionDays, cell.withdrawnDays, cell.refusedDays, cell.pending];
    const distinct = [...histograms, cell.fulfilmentPerMille, cell.recordedLateDays, cell.freeHoursByReason];
    entries += 12 + Math.ceil(distinct.reduce((sum, { size }) => sum + size, 0) / 5);
  }
  for (const versions of policies.values()) entries += 2 * versions.length;
  entries += 2 * capital.openPledges.size + capital.legalForms.size + 6 * capital.cells.size;
  for (const { tranches } of capital.funds.values()) entries += 2 + tranches.size;
  entries += 2 * capital.facilities.size;
  for (const { chipModels, used } of capacity.facilities.values()) {
    entries += 2 + Math.ceil(used.size / 2);
    for (const { installed, allocated } of chipModels.values()) entries += 1 + (installed.size + allocated.size) / 2;
  }
  for (const { pools, periods, accounts, preferences } of accessTime.facilities.values()) {
    entries += 2 + 2 * pools.size + 3 * periods.size + 5 * accounts.size + 4 * preferences.size;
  }
  return Math.ceil(entries);
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
