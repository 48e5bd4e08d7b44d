import { idOf } from '../../ledger/aggregate.js';
import { MS_PER_HOUR } from '../../ledger/time.js';
import type { Request } from './request-book.js';
import { Violation, type Facts } from './rule.js';

// The chip-hours under a grant: those that are allocated, and those that its call counts.

/** Members of the grant that an allocation repeats. */
export const ALLOCATION = ['partnerId', 'category', 'country', 'mode'];
/** Whose hours are granted, and for what use. A grant that was decided before there were pools does not say it. */
export const TERMS = ['poolId', 'use'];

/** The call of the request counts the grant. */
export function count(request: Request, commandId: string, facts: Facts): void {
  requireOwnCall(request, facts);
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
export function giveBack(request: Request, commandId: string, facts: Facts): void {
  requireOwnCall(request, facts);
  facts.requireSame(commandId, request.revocation?.commandId, 'Hours return to the call without a revocation.');
  request.callChipHours -= facts.count('chipHours');
}

function requireOwnCall({ data }: Request, facts: Facts): void {
  facts.requireSame(idOf(facts.place.stream, 'access-call'), data['callId'], 'The hours are counted on another call.');
}

/** The hours that a call counts under a grant are those of the grant, and after a revocation those that stay allocated. */
export function miscounted(request: Request): Violation | undefined {
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

export function allocate(request: Request, facts: Facts, revokedAt: number): void {
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

export function release(request: Request, facts: Facts, revokedAt: number): void {
  const [from, to, chips] = [facts.instant('from'), facts.instant('to'), facts.count('chips')];
  const end = Math.min(to, Math.max(from, facts.instant('at')));
  request.allocatedChipMs -= chipMs(chips, end, to);
  request.heldChipMs -= chipMs(chips, Math.max(end, revokedAt), to);
}

/** Zero for an empty interval and for one that ends before it begins. */
const chipMs = (chips: number, from: number, to: number): bigint =>
  from < to ? BigInt(chips) * BigInt(to - from) : 0n;

export function stillHeld({ revocation, heldChipMs }: Request): Violation | undefined {
  if (revocation === undefined || heldChipMs === 0n) return undefined;
  const found = `${heldChipMs} chip-milliseconds`;
  return new Violation(revocation.place, 'The revoked grant still holds chips after the command that revoked it.', {
    expected: '0 chip-milliseconds',
    found,
  });
}
