import { idOf } from '../../ledger/aggregate.js';
import { MS_PER_HOUR } from '../../ledger/time.js';
import type { Findings } from '../audit-finding.js';
import type { EventOf, TypeOf } from './coverage.js';
import { Partitions } from './partitions.js';
import { dataOf, Facts, findingOf, runCheck, only, Violation, type LogEnd, type Place, type Rule } from './rule.js';

type RequestRow = readonly [
  requestId: string,
  position: number,
  stream: string,
  type: TypeOf<'access-requests'>,
  commandId: string,
  actorId: string,
  effectiveAt: string | undefined,
  ...members: unknown[],
];

/** Members that every event of a request repeats. */
const APPLICATION = [
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
/** Members of the grant that an allocation repeats. */
const ALLOCATION = ['partnerId', 'category', 'country', 'mode'];
/** Whose hours are granted, and for what use. A grant that was decided before there were pools does not say it. */
const TERMS = ['poolId', 'use'];
const STEP = [...APPLICATION, 'chipHours', 'priceBasis', 'reasonCodes', 'validFrom', 'validTo'];

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

const WANTED: Readonly<Record<TypeOf<'access-requests'>, readonly string[]>> = {
  'access-request-submitted': [...APPLICATION, 'submittedBy'],
  'access-request-withdrawn': [...STEP, 'withdrawnAt'],
  'eligibility-confirmed': [...STEP, 'checkedAt'],
  'eligibility-refused': [...STEP, 'checkedAt'],
  'access-granted': [...STEP, 'decidedAt', ...TERMS, 'funding', 'callChipHours'],
  'access-denied': [...STEP, 'decidedAt'],
  'grant-revoked': [...STEP, 'revokedAt', 'poolId'],
  'chips-allocated': [...ALLOCATION, 'chips', 'from', 'to', ...TERMS, 'protection'],
  'allocation-released': ['chips', 'from', 'to', 'at'],
  'call-hours-granted': ['chipHours', 'grantedChipHours'],
  'call-hours-returned': ['chipHours'],
};

interface Request {
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

/** Requests, decisions, grants, and the allocations under the grants. */
export class AccessRequestRule implements Rule<'access-requests'> {
  readonly check = 'access-requests';
  readonly statement =
    'Every request is decided once, with reasons and not by those who submitted it; granted <= requested; allocations lie ' +
    'inside their grant, in time and in chip-hours; a revoked grant holds nothing any more.';
  private readonly rows = new Partitions<RequestRow>();

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'access-requests'>): void {
    const { position, stream, type, commandId, actor, effectiveAt } = event;
    runCheck(this.check, this.findings, () => {
      const id = requestOf(event);
      const members = only(event.data, WANTED[type]);
      this.rows.add(id, [id, position, stream, type, commandId, actor.id, effectiveAt, ...members]);
    });
  }

  finish(end: LogEnd): void {
    for (const rows of this.rows) this.checkRows(rows, revokedFrom(rows), end);
  }

  close(): void {
    this.rows.close();
  }

  private checkRows(rows: Iterable<RequestRow>, revoked: ReadonlyMap<string, number>, { lastCommandId }: LogEnd): void {
    const requests = new Map<string, Request>();
    const broken = new Set<string>();
    for (const row of rows) {
      const [id, position, stream, type, , , , ...members] = row;
      if (broken.has(id)) continue;
      const facts = new Facts({ position, stream, type }, dataOf(WANTED[type], members));
      const isRight = runCheck(this.check, this.findings, () => {
        const request = requests.get(id);
        if (request) requireSettled(request, row[4]);
        requests.set(id, apply(request, row, facts, revoked.get(id) ?? Infinity));
      });
      if (!isRight) broken.add(id);
    }
    for (const [id, request] of requests) {
      // The checkpoint may end within the last command.
      if (broken.has(id) || request.unsettled === lastCommandId) continue;
      const found = stillHeld(request) ?? miscounted(request);
      if (found) this.findings.add(findingOf(this.check, found));
    }
  }
}

/** The request or grant that the event is about. */
function requestOf(event: EventOf<'access-requests'>): string {
  switch (event.type) {
    case 'chips-allocated':
    case 'allocation-released':
      return Facts.of(event).text('grantId');
    case 'call-hours-granted':
    case 'call-hours-returned':
      return Facts.of(event).text('requestId');
    default:
      return idOf(event.stream, 'access-request');
  }
}

/**
 * The instants of all revocations. They are read before the second pass, which can then add up the time after each without
 * keeping every allocation.
 */
function revokedFrom(rows: Iterable<RequestRow>): Map<string, number> {
  const revoked = new Map<string, number>();
  for (const [id, , , type, , , , ...members] of rows) {
    if (type !== 'grant-revoked') continue;
    const { revokedAt } = dataOf(WANTED[type], members);
    // Not a number: the second pass names the event that has no such instant.
    revoked.set(id, typeof revokedAt === 'string' ? Date.parse(revokedAt) : NaN);
  }
  return revoked;
}

/** What a decision must bring about in its own command is there at the first event of a later one. */
function requireSettled(request: Request, commandId: string): void {
  if (request.unsettled === commandId) return;
  const found = stillHeld(request) ?? miscounted(request);
  request.unsettled = undefined;
  if (found) throw found;
}

function stillHeld({ revocation, heldChipMs }: Request): Violation | undefined {
  if (revocation === undefined || heldChipMs === 0n) return undefined;
  const found = `${heldChipMs} chip-milliseconds`;
  return new Violation(revocation.place, 'The revoked grant still holds chips after the command that revoked it.', {
    expected: '0 chip-milliseconds',
    found,
  });
}

function apply(request: Request | undefined, row: RequestRow, facts: Facts, revokedAt: number): Request {
  const type = row[3];
  if (type === 'access-request-submitted') {
    facts.require(request === undefined, 'The request is submitted a second time.');
    return submitted(facts);
  }
  if (request === undefined) throw new Violation(facts.place, 'The request was never submitted.');
  if (type === 'chips-allocated') allocate(request, facts, revokedAt);
  else if (type === 'allocation-released') release(request, facts, revokedAt);
  else if (type === 'call-hours-granted') count(request, row, facts);
  else if (type === 'call-hours-returned') giveBack(request, row, facts);
  else step(request, type, row, facts);
  return request;
}

const applicationOf = (data: object): string => JSON.stringify(only(data, APPLICATION));

function submitted(facts: Facts): Request {
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

function step(request: Request, type: StepType, row: RequestRow, facts: Facts): void {
  const [, , , , commandId, actorId, effectiveAt] = row;
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

/** The call of the request counts the grant. */
function count(request: Request, [, , stream, , commandId]: RequestRow, facts: Facts): void {
  requireOwnCall(request, stream, facts);
  const isOfGrant = request.countedOnCall?.commandId === commandId && request.callChipHours === 0;
  facts.require(isOfGrant, 'The call counts a grant that this command did not give.');
  facts.requireSame(
    facts.count('grantedChipHours'),
    request.countedOnCall?.sum,
    'The grant states another sum of its call.',
  );
  request.callChipHours = facts.count('chipHours');
  facts.requireSame(request.callChipHours, request.chipHours, 'The call counts other chip-hours than were granted.');
}

/** A revoked grant returns what is not allocated any more, a begun chip-hour excepted. */
function giveBack(request: Request, [, , stream, , commandId]: RequestRow, facts: Facts): void {
  requireOwnCall(request, stream, facts);
  facts.requireSame(commandId, request.revocation?.commandId, 'Hours return to the call without a revocation.');
  request.callChipHours -= facts.count('chipHours');
}

function requireOwnCall({ data }: Request, stream: string, facts: Facts): void {
  facts.requireSame(idOf(stream, 'access-call'), data['callId'], 'The hours are counted on another call.');
}

/** The hours that a call counts under a grant are those of the grant, and after a revocation those that stay allocated. */
function miscounted(request: Request): Violation | undefined {
  const { countedOnCall, callChipHours, chipHours, revocation, allocatedChipMs, unsettled } = request;
  if (countedOnCall === undefined || unsettled === undefined) return undefined;
  const msPerHour = BigInt(MS_PER_HOUR);
  const expected = revocation ? Number((allocatedChipMs + msPerHour - 1n) / msPerHour) : chipHours;
  if (callChipHours === expected) return undefined;
  return new Violation((revocation ?? countedOnCall).place, 'The call does not count the hours of the grant.', {
    expected: String(expected),
    found: String(callChipHours),
  });
}

function allocate(request: Request, facts: Facts, revokedAt: number): void {
  facts.requireSame(request.status, 'granted', 'Chips are allocated without a grant in force.');
  const facilityId = idOf(facts.place.stream, 'facility');
  facts.requireSame(facilityId, request.data['facilityId'], 'The grant is for another facility.');
  for (const name of ALLOCATION) {
    facts.requireSame(facts.data[name], request.data[name], `${name} is not that of the grant.`);
  }
  for (const name of TERMS) {
    const terms = request.granted[name];
    facts.require(
      terms === undefined || facts.data[name] === terms,
      `${name} is not that of the grant.`,
      terms,
      facts.data[name],
    );
  }
  const isReserved = facts.data['protection'] === 'union-funded';
  facts.require(
    !isReserved || request.granted['funding'] !== undefined,
    'Chips that are reserved for Union-funded projects are allocated to another one (Art. 12b(15)(c)).',
  );
  const [from, to, chips] = [facts.instant('from'), facts.instant('to'), facts.count('chips')];
  const isInside = request.validFrom <= from && from < to && to <= request.validTo;
  const period = (start: number, end: number): string =>
    `${new Date(start).toISOString()} to ${new Date(end).toISOString()}`;
  if (!isInside)
    facts.require(
      false,
      'The allocation is not inside its grant.',
      period(request.validFrom, request.validTo),
      period(from, to),
    );
  request.allocatedChipMs += chipMs(chips, from, to);
  request.heldChipMs += chipMs(chips, Math.max(from, revokedAt), to);
  const grantedChipMs = BigInt(request.chipHours) * BigInt(MS_PER_HOUR);
  if (request.allocatedChipMs <= grantedChipMs) return;
  const hours = `${Number(request.allocatedChipMs) / MS_PER_HOUR} chip-hours`;
  facts.require(false, 'More is allocated than was granted.', `at most ${request.chipHours} chip-hours`, hours);
}

function release(request: Request, facts: Facts, revokedAt: number): void {
  const [from, to, chips] = [facts.instant('from'), facts.instant('to'), facts.count('chips')];
  const end = Math.min(to, Math.max(from, facts.instant('at')));
  request.allocatedChipMs -= chipMs(chips, end, to);
  request.heldChipMs -= chipMs(chips, Math.max(end, revokedAt), to);
}

/** Zero for an empty interval and for one that ends before it begins. */
const chipMs = (chips: number, from: number, to: number): bigint =>
  from < to ? BigInt(chips) * BigInt(to - from) : 0n;
