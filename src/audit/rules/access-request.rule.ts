import { idOf } from '../../ledger/aggregate.js';
import type { Findings } from '../audit-finding.js';
import type { EventOf, TypeOf } from './coverage.js';
import { ALLOCATION, allocate, count, giveBack, miscounted, release, stillHeld, TERMS } from './grant-hours.js';
import { Partitions } from './partitions.js';
import { APPLICATION, step, submitted, type Request } from './request-book.js';
import { dataOf, Facts, findingOf, runCheck, only, Violation, type LogEnd, type Rule } from './rule.js';

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

const STEP = [...APPLICATION, 'chipHours', 'priceBasis', 'reasonCodes', 'validFrom', 'validTo'];

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

function apply(request: Request | undefined, row: RequestRow, facts: Facts, revokedAt: number): Request {
  const [, , , type, commandId, actorId, effectiveAt] = row;
  if (type === 'access-request-submitted') {
    facts.require(request === undefined, 'The request is submitted a second time.');
    return submitted(facts);
  }
  if (request === undefined) throw new Violation(facts.place, 'The request was never submitted.');
  if (type === 'chips-allocated') allocate(request, facts, revokedAt);
  else if (type === 'allocation-released') release(request, facts, revokedAt);
  else if (type === 'call-hours-granted') count(request, commandId, facts);
  else if (type === 'call-hours-returned') giveBack(request, commandId, facts);
  else step(request, type, { commandId, actorId, effectiveAt }, facts);
  return request;
}
