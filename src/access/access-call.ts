import { HOST_STATE_CLAUSE } from './access.refusals.js';
import { MODES, type Mode } from '../domain/access-modes.js';
import { nobody, unknownEvent, type DomainEvent, type Aggregate } from '../ledger/aggregate.js';
import { invalid, refuse } from '../ledger/refusal.js';
import { id, instant, object, oneOf, text, whole, type Schema, type ValueOf } from '../ledger/schema.js';
import { formatInstant, parseInstant } from '../ledger/time.js';

const opened = object({
  facilityId: id(),
  mode: oneOf(MODES),
  title: text(),
  opensAt: instant('A request at this instant is in time.'),
  closesAt: instant('A request at this instant is too late.'),
  chipHours: whole('Chip-hours that the call offers.'),
});

const counted = object({
  requestId: id('The request, and the grant.'),
  chipHours: whole(undefined, 1),
  grantedChipHours: whole('Chip-hours granted under the call after it, less the returned ones.'),
});

interface Fact<Type extends string, Data extends Schema<object>> extends DomainEvent {
  readonly type: Type;
  readonly data: ValueOf<Data>;
}
export type AccessCallOpened = Fact<'access-call-opened', typeof opened>;
export type CallHoursGranted = Fact<'call-hours-granted', typeof counted>;
export type CallHoursReturned = Fact<'call-hours-returned', typeof counted>;
export type AccessCallEvent = AccessCallOpened | CallHoursGranted | CallHoursReturned;

export type AccessCall = { readonly status: 'absent' } | OpenedCall;
/** An opened call. Whether it takes requests depends on the instant, see `takesRequestsAt`. */
export interface OpenedCall {
  readonly status: 'opened';
  readonly facilityId: string;
  readonly mode: Mode;
  readonly opensAt: string;
  readonly closesAt: string;
  /** The budget: chip-hours that the call offers altogether. */
  readonly chipHours: number;
  /**
   * The part of the budget that is granted, less what revoked grants returned. Grants of schema 1 were not counted on the call, so that
   * for a call with such grants this is the lower bound of what was granted.
   */
  readonly grantedChipHours: number;
}

export const accessCall: Aggregate<AccessCall, AccessCallEvent> = {
  name: 'access-call',
  initial: { status: 'absent' },
  events: {
    'access-call-opened': {
      schema: 1,
      data: opened,
      concerns: nobody,
      clauses: [HOST_STATE_CLAUSE],
      says: ({ data }) =>
        `The ${data.mode} call "${data.title}" at facility ${data.facilityId} takes requests from ${data.opensAt} ` +
        `until before ${data.closesAt}.`,
    },
    'call-hours-granted': {
      schema: 1,
      data: counted,
      concerns: nobody,
      says: ({ data }) =>
        `${data.chipHours} chip-hours of the call are granted to request ${data.requestId}, and ${data.grantedChipHours} altogether.`,
    },
    'call-hours-returned': {
      schema: 1,
      data: counted,
      concerns: nobody,
      says: ({ data }) =>
        `${data.chipHours} chip-hours of the revoked grant ${data.requestId} return to the call; ${data.grantedChipHours} remain granted.`,
    },
  },
  exists: (state) => state.status !== 'absent',
  evolve(state, event) {
    switch (event.type) {
      case 'access-call-opened': {
        const { facilityId, mode, opensAt, closesAt, chipHours } = event.data;
        return { status: 'opened', facilityId, mode, opensAt, closesAt, chipHours, grantedChipHours: 0 };
      }
      case 'call-hours-granted':
      case 'call-hours-returned':
        return { ...openedCall(state), grantedChipHours: event.data.grantedChipHours };
      default:
        return unknownEvent('access-call', event);
    }
  },
};

export interface OpenCallInput {
  readonly facilityId: string;
  readonly mode: Mode;
  readonly title: string;
  readonly opensAt: string;
  readonly closesAt: string;
  readonly chipHours: number;
}

/** The facts about a facility that the decision on a call needs. */
export interface CallFacility {
  readonly kind: string;
  readonly hostStatePartnerId?: string;
  /** Whether the hosting state has a signed commitment to this facility that is not cancelled. */
  readonly hostStateCommitted: boolean;
}

/**
 * Opens a call for access to a facility.
 * @throws Refusal `call-dates-out-of-order` (422), `host-state-unknown` and `host-state-not-committed` (409, 12b(4)).
 */
export function openCall(facility: CallFacility, input: OpenCallInput): AccessCallEvent[] {
  const opensAt = formatInstant(parseInstant(input.opensAt));
  const closesAt = formatInstant(parseInstant(input.closesAt));
  if (parseInstant(opensAt) >= parseInstant(closesAt)) {
    throw invalid(
      'call-dates-out-of-order',
      '/closesAt',
      `The call would close at ${closesAt}, which is not after it opens at ${opensAt}. Give a later closesAt.`,
      { opensAt, closesAt },
    );
  }
  const isGigafactory = facility.kind === 'ai-gigafactory';
  if (isGigafactory) requireHostStateCommitment(facility, input.facilityId);
  const { facilityId, mode, title, chipHours } = input;
  return [
    {
      type: 'access-call-opened',
      data: { facilityId, mode, title, opensAt, closesAt, chipHours },
      ...(isGigafactory && { legalBasis: HOST_STATE_CLAUSE }),
    },
  ];
}

function requireHostStateCommitment(facility: CallFacility, facilityId: string): void {
  const { hostStatePartnerId, hostStateCommitted } = facility;
  if (hostStatePartnerId === undefined) {
    throw refuse(
      'host-state-unknown',
      'No hosting state is recorded for this AI gigafactory, so its commitment cannot be verified. Register the facility with ' +
        'hostStatePartnerId and sign a commitment of that state to it, then open the call.',
      { clause: HOST_STATE_CLAUSE, facilityId },
    );
  }
  if (!hostStateCommitted) {
    throw refuse(
      'host-state-not-committed',
      'The hosting state has no signed commitment to this AI gigafactory. Sign one with this facilityId before the call is opened.',
      { clause: HOST_STATE_CLAUSE, facilityId, hostStatePartnerId },
    );
  }
}

/** Narrows the state for decisions. For an unknown call the ledger has answered 404 before. */
export function openedCall(state: AccessCall): OpenedCall {
  if (state.status === 'absent') throw new Error('A call must be opened before requests answer it.');
  return state;
}

/** True if a request at this instant is in time. */
export function takesRequestsAt(call: OpenedCall, at: string): boolean {
  const atMs = parseInstant(at);
  return parseInstant(call.opensAt) <= atMs && atMs < parseInstant(call.closesAt);
}
