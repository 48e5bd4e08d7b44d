import { HOST_STATE_CLAUSE } from '../compute/compute.refusals.js';
import { MODES, type Mode } from '../domain/access-modes.js';
import { nobody, unknownEvent, upcast, type DomainEvent, type Aggregate } from '../ledger/aggregate.js';
import { invalid, refuse } from '../ledger/refusal.js';
import { id, instant, object, oneOf, text, whole, type Schema, type ValueOf } from '../ledger/schema.js';
import { MS_PER_HOUR, dateOf, formatInstant, parseInstant } from '../ledger/time.js';

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
      // Schema 1 named Art. 12b(4), which is about another call, and took a commitment of any kind and day.
      schema: 2,
      data: opened,
      concerns: nobody,
      clauses: [HOST_STATE_CLAUSE],
      says: ({ data }) =>
        `The ${data.mode} call "${data.title}" at facility ${data.facilityId} takes requests from ${data.opensAt} ` +
        `until before ${data.closesAt}.`,
      upcasts: { 1: upcast(opened, (data) => data) },
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
  /** Whether the hosting state had signed by the end of a day (`YYYY-MM-DD`) a commitment to finance this facility that is not cancelled. */
  readonly hostStateCommittedBy: (day: string) => boolean;
}

/**
 * Opens a call for access to a facility. A gigafactory opens no access before its hosting state has committed money to it, by the day on
 * which the call opens: hours are offered of a machine whose financing stands. No clause asks for it. Art. 12b(4) speaks of the call for
 * expression of interest that selects a gigafactory, see `hostStateCommittedBy`.
 * @throws Refusal `call-dates-out-of-order` (422), `host-state-unknown` and `host-state-not-committed` (409).
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
  if (isGigafactory) requireHostStateCommitment(facility, input.facilityId, dateOf(parseInstant(opensAt)));
  const { facilityId, mode, title, chipHours } = input;
  return [{ type: 'access-call-opened', data: { facilityId, mode, title, opensAt, closesAt, chipHours } }];
}

function requireHostStateCommitment(facility: CallFacility, facilityId: string, opensOn: string): void {
  const { hostStatePartnerId } = facility;
  if (hostStatePartnerId === undefined) {
    throw refuse(
      'host-state-unknown',
      'No hosting state is recorded for this AI gigafactory, so its commitment cannot be verified. Register the facility with ' +
        'hostStatePartnerId and sign a commitment of that state to it, then open the call.',
      { facilityId },
    );
  }
  if (!facility.hostStateCommittedBy(opensOn)) {
    throw refuse(
      'host-state-not-committed',
      `The hosting state had no commitment of the kind capex or access-time-purchase to this AI gigafactory that was signed on ${opensOn} or before. ` +
        'Sign one with this facilityId, or open the call on a later day.',
      { facilityId, hostStatePartnerId, opensOn },
    );
  }
}

/**
 * The chip-hours granted under the call with one more grant.
 * @throws Refusal `call-budget-exceeded` (409).
 */
export function grantedWith(call: OpenedCall, callId: string, chipHours: number): number {
  const granted = call.grantedChipHours + chipHours;
  if (granted <= call.chipHours) return granted;
  const left = Math.max(0, call.chipHours - call.grantedChipHours);
  throw refuse(
    'call-budget-exceeded',
    `The call offers ${call.chipHours} chip-hours, ${call.grantedChipHours} of them are granted, and ${left} are left: ${chipHours} cannot be ` +
      'granted. Grant at most what is left, or open a further call.',
    { callId, chipHours, offered: call.chipHours, granted: call.grantedChipHours, left },
  );
}

/** Counts a grant on its call. */
export const countGrant = (requestId: string, chipHours: number, grantedChipHours: number): CallHoursGranted => ({
  type: 'call-hours-granted',
  data: { requestId, chipHours, grantedChipHours },
});

/**
 * Returns to the call what a revoked grant has not allocated. Chips that ran before the revocation are used up, and a part of a
 * chip-hour counts as a whole one.
 * @param allocatedChipMs chip-milliseconds that stay allocated under the grant
 */
export function returnHours(
  call: OpenedCall,
  requestId: string,
  chipHours: number,
  allocatedChipMs: bigint,
): CallHoursReturned[] {
  const msPerHour = BigInt(MS_PER_HOUR);
  const returned = chipHours - Number((allocatedChipMs + msPerHour - 1n) / msPerHour);
  if (returned === 0) return [];
  const grantedChipHours = call.grantedChipHours - returned;
  return [{ type: 'call-hours-returned', data: { requestId, chipHours: returned, grantedChipHours } }];
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
