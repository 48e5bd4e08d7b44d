import { invalid, refuse } from '../ledger/refusal.js';
import { formatInstant, parseInstant } from '../ledger/time.js';
import { registered, type Facility, type RegisteredFacility } from './facility.js';
import type { FacilityEvent, FacilityFact } from './facility-events.js';
import { PARTS_PER_UNIT_HOUR, accountOf, leftPartsOf, periodAround } from './hour-account.js';
import { periodFacts, poolOf, requirePeriod, unitHoursOf } from './hour-booking.js';
import { DONATION_CLAUSE, OWNERSHIP_CLAUSE, RESIDUAL_FORMULA } from './pool-events.js';

/** Art. 12b(12): the Joint Undertaking owns its part for at least so many years from the start of operations. */
const OWNERSHIP_YEARS_MIN = 5;

export interface DonationInput {
  readonly fromPoolId: string;
  readonly unionPoolId: string;
  readonly unitHours: number;
  /** Half-open interval of instants, inside one period. */
  readonly from: string;
  readonly to: string;
  readonly arrangementRef: string;
}

/**
 * A Member State gives access time to the Union (Art. 12b(10)): at most what its pool has left in the period of the interval. The
 * contributions, and so the match and the votes, stay as they are, because given time is no contribution.
 * @throws Refusal `donation-interval-out-of-order` (422); `unknown-pool` (404); `donor-not-a-state`, `pool-not-of-union`,
 * `outside-donation-period`, `donation-exceeds-pool` (409).
 */
export function donateTime(state: Facility, input: DonationInput): FacilityEvent[] {
  const current = registered(state);
  const { fromPoolId, unionPoolId, unitHours, arrangementRef } = input;
  const interval = { from: parseInstant(input.from), to: parseInstant(input.to) };
  if (interval.from >= interval.to) {
    throw invalid('donation-interval-out-of-order', '/to', 'The end of the interval is not after its start.');
  }
  const { owner, partnerId } = poolOf(current.hours, fromPoolId);
  if (owner !== 'member-state' || partnerId === undefined) {
    throw refuse('donor-not-a-state', 'Only the access time of a Member State can be given to the Union.', {
      clause: DONATION_CLAUSE,
      poolId: fromPoolId,
      owner,
    });
  }
  requireOfUnion(current, unionPoolId);
  const [from, to] = [formatInstant(interval.from), formatInstant(interval.to)];
  const period = periodAround(current.hours, interval);
  if (!period) {
    throw refuse(
      'outside-donation-period',
      `The interval from ${from} until ${to} is not inside one period of entitlements. Give the time period by period.`,
      { clause: DONATION_CLAUSE, from, to },
    );
  }
  const leftParts = leftPartsOf(accountOf(current.hours, fromPoolId, period));
  if (BigInt(unitHours) * PARTS_PER_UNIT_HOUR > leftParts) {
    const leftUnitHours = unitHoursOf(leftParts);
    throw refuse(
      'donation-exceeds-pool',
      `The pool of the state has ${leftUnitHours} unit-hours left in the period, so that ${unitHours} cannot be given. Give less.`,
      { clause: DONATION_CLAUSE, poolId: fromPoolId, ...periodFacts(period), unitHours, leftUnitHours },
    );
  }
  const data = { fromPoolId, unionPoolId, partnerId, unitHours, from, to, ...periodFacts(period), arrangementRef };
  return [{ type: 'access-time-donated', data, legalBasis: DONATION_CLAUSE }];
}

export interface OwnershipInput {
  readonly on: string;
  readonly residualMinor: string;
  readonly valuationRef: string;
  readonly unionPoolId: string;
  readonly approvalId?: string;
}

/**
 * The consortium takes over the part that the Joint Undertaking owned, five years after the start of operations at the earliest, and
 * the residual value becomes access time of the Union in the period of the transfer (Art. 12b(12)).
 * @throws Refusal `unknown-pool` (404); `ownership-transferred-already`, `operations-not-started`, `ownership-too-early`,
 * `pool-not-of-union`, `no-entitlement-period`, `residual-exceeds-capex` (409).
 */
export function transferOwnership(state: Facility, input: OwnershipInput): [FacilityFact<'ownership-transferred'>] {
  const current = registered(state);
  const { on, residualMinor, valuationRef, unionPoolId, approvalId } = input;
  requireOwnershipEnded(current, on);
  requireOfUnion(current, unionPoolId);
  const period = requirePeriod(current, parseInstant(on));
  const capexMinor = current.capexMinor ?? 0n;
  if (BigInt(residualMinor) > capexMinor) {
    throw refuse(
      'residual-exceeds-capex',
      `A residual value of ${residualMinor} is more than the CAPEX of ${capexMinor}.`,
      {
        clause: OWNERSHIP_CLAUSE,
        residualMinor,
        capexMinor: capexMinor.toString(),
      },
    );
  }
  const unitHours = (BigInt(residualMinor) * period.availableUnitHours) / capexMinor;
  const data = {
    on,
    residualMinor,
    valuationRef,
    ...periodFacts(period),
    capexMinor: capexMinor.toString(),
    availableUnitHours: Number(period.availableUnitHours),
    formula: RESIDUAL_FORMULA,
    unitHours: Number(unitHours),
    unionPoolId,
    ...(approvalId !== undefined && { approvalId }),
  } as const;
  return [{ type: 'ownership-transferred', data, legalBasis: OWNERSHIP_CLAUSE }];
}

function requireOwnershipEnded({ hours }: RegisteredFacility, on: string): void {
  const { operationsStartedOn, ownershipTransferredOn } = hours;
  if (ownershipTransferredOn !== undefined) {
    throw refuse('ownership-transferred-already', `Ownership was transferred on ${ownershipTransferredOn}.`, {
      ownershipTransferredOn,
    });
  }
  if (operationsStartedOn === undefined) {
    throw refuse(
      'operations-not-started',
      'The five years of ownership count from the start of operations, which is not recorded. Record it first.',
      { clause: OWNERSHIP_CLAUSE },
    );
  }
  const earliestOn = yearsAfter(operationsStartedOn, OWNERSHIP_YEARS_MIN);
  if (on >= earliestOn) return;
  throw refuse(
    'ownership-too-early',
    `Operations started on ${operationsStartedOn}. The Joint Undertaking owns its part for at least five years, so until ${earliestOn}.`,
    { clause: OWNERSHIP_CLAUSE, on, operationsStartedOn, earliestOn },
  );
}

/** The same day so many years later; 1 March for 29 February in a year without it, so that no year is cut short. */
function yearsAfter(date: string, years: number): string {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number);
  return new Date(Date.UTC(year + years, month - 1, day)).toISOString().slice(0, 10);
}

function requireOfUnion(current: RegisteredFacility, poolId: string): void {
  const { owner } = poolOf(current.hours, poolId);
  if (owner === 'union') return;
  throw refuse('pool-not-of-union', 'The hours go to the Union, and the pool is not one of the Union.', {
    poolId,
    owner,
  });
}
