import type { TypeOf } from './coverage.js';
import { only, type Facts, type Place } from './rule.js';

/** Members that every event of a request repeats. */
export const APPLICATION = [
  'callId',
  'facilityId',
  'mode',
  'partnerId',
  'ultimateParentId',
  'category',
  'country',
  'chipHoursRequested',
  'submittedAt',
];

/** The events of a request after its submission. */
type StepType = Exclude<
  TypeOf<'access-requests'>,
  'access-request-submitted' | 'chips-allocated' | 'allocation-released' | 'call-hours-granted' | 'call-hours-returned'
>;
type Status = 'submitted' | 'eligible' | 'ineligible' | 'withdrawn' | 'denied' | 'granted' | 'revoked';
/** The statuses in which each step is allowed. */
const STEPS: Readonly<
  Record<StepType, { readonly from: readonly Status[]; readonly to: Status; readonly at: string }>
> = {
  'access-request-withdrawn': { from: ['submitted', 'eligible'], to: 'withdrawn', at: 'withdrawnAt' },
  'eligibility-confirmed': { from: ['submitted'], to: 'eligible', at: 'checkedAt' },
  'eligibility-refused': { from: ['submitted'], to: 'ineligible', at: 'checkedAt' },
  'access-granted': { from: ['submitted', 'eligible'], to: 'granted', at: 'decidedAt' },
  'access-denied': { from: ['submitted', 'eligible'], to: 'denied', at: 'decidedAt' },
  'grant-revoked': { from: ['granted'], to: 'revoked', at: 'revokedAt' },
};
/** Steps that need reasons, and that nobody may take in their own matter. */
const JUDGED: ReadonlySet<StepType> = new Set([
  'eligibility-confirmed',
  'eligibility-refused',
  'access-granted',
  'access-denied',
]);

/** One request: what was applied for, what was decided on it, and the hours under its grant. */
export interface Request {
  readonly data: Readonly<Record<string, unknown>>;
  readonly own: ReadonlySet<unknown>;
  status: Status;
  since: number;
  chipHours: number;
  validFrom: number;
  validTo: number;
  /** The data of the event that granted it. */
  granted: Readonly<Record<string, unknown>>;
  /** Allocated and not released: chips times milliseconds. */
  allocatedChipMs: bigint;
  /** The part of it after the instant at which the grant was revoked. */
  heldChipMs: bigint;
  /** From schema 2 on the call counts a grant, in the same command: the sum that the grant states. */
  countedOnCall?: { readonly commandId: string; readonly place: Place; readonly sum: unknown };
  /** Chip-hours that the call counts under the grant. */
  callChipHours: number;
  /** The command of the grant or of the revocation, until its other events are checked. */
  unsettled: string | undefined;
  revocation?: { readonly commandId: string; readonly place: Place };
}

/** The members of the envelope of a step. */
interface Step {
  readonly commandId: string;
  readonly actorId: string;
  readonly effectiveAt: string | undefined;
}

const applicationOf = (data: object): string => JSON.stringify(only(data, APPLICATION));

export function submitted(facts: Facts): Request {
  return {
    data: facts.data,
    own: new Set([facts.text('submittedBy'), facts.text('partnerId'), facts.text('ultimateParentId')]),
    status: 'submitted',
    since: facts.instant('submittedAt'),
    chipHours: 0,
    validFrom: 0,
    validTo: 0,
    granted: {},
    allocatedChipMs: 0n,
    heldChipMs: 0n,
    callChipHours: 0,
    unsettled: undefined,
  };
}

export function step(request: Request, type: StepType, { commandId, actorId, effectiveAt }: Step, facts: Facts): void {
  const next = STEPS[type];
  requireSameApplication(request, facts);
  const isDecided = request.status === 'granted' || request.status === 'denied';
  const what = isDecided ? 'The request is decided already' : 'The request does not take this step';
  facts.require(
    next.from.includes(request.status),
    `${what}: it is ${request.status}.`,
    next.from.join(' or '),
    request.status,
  );
  const at = facts.instant(next.at);
  // A step without `effectiveAt` has the clock of its instance, and the clocks of instances may differ by a little.
  const isInOrder = effectiveAt === undefined || at >= request.since;
  facts.require(isInOrder, 'The step takes effect before the one that precedes it.', undefined, effectiveAt);
  if (JUDGED.has(type))
    facts.require(
      !request.own.has(actorId),
      'Who submitted the request, or is its applicant, decides it.',
      undefined,
      actorId,
    );
  if (type !== 'access-request-withdrawn')
    facts.require(facts.list('reasonCodes').length > 0, 'The decision has no reason.');
  if (type === 'access-granted') {
    grant(request, facts);
    const sum = facts.data['callChipHours'];
    if (sum !== undefined) request.countedOnCall = { commandId, place: facts.place, sum };
    request.unsettled = commandId;
  }
  if (type === 'grant-revoked') {
    const hours = facts.count('chipHours');
    facts.requireSame(hours, request.chipHours, 'Other chip-hours are revoked than were granted.');
    const { poolId } = request.granted;
    facts.requireSame(facts.data['poolId'], poolId, 'The revocation names another pool than the grant.');
    request.revocation = { commandId, place: facts.place };
    request.unsettled = commandId;
  }
  request.status = next.to;
  request.since = at;
}

function requireSameApplication({ data }: Request, facts: Facts): void {
  if (APPLICATION.every((name) => facts.data[name] === data[name])) return;
  const [expected, found] = [applicationOf(data), applicationOf(facts.data)];
  facts.requireSame(found, expected, 'The event repeats another application.');
}

function grant(request: Request, facts: Facts): void {
  const hours = facts.count('chipHours');
  const requested = facts.count('chipHoursRequested');
  facts.require(hours >= 1 && hours <= requested, 'More is granted than was requested.', `1 to ${requested}`, hours);
  facts.require(
    ['free', 'pay-per-use'].includes(facts.text('priceBasis')),
    'The price basis is neither free nor pay-per-use.',
  );
  request.chipHours = hours;
  request.granted = facts.data;
  request.validFrom = facts.instant('validFrom');
  request.validTo = facts.instant('validTo');
  facts.require(request.validFrom < request.validTo, 'The grant ends before it begins.');
}
