import { idOf } from '../../ledger/aggregate.js';
import { recordedSchema } from '../../ledger/event.js';
import type { Findings } from '../audit-finding.js';
import { notCovered, type EventOf } from './coverage.js';
import { define, entitle, prefer } from './entitlement.js';
import { HourBook } from './hour-book.js';
import { PoolPolicies } from './pool-policies.js';
import { allocate, release } from './pool-use.js';
import { Facts, runCheck, type Rule } from './rule.js';
import { donate, transfer } from './union-time.js';

/** An allocation states its pool from this schema on. */
const POOL_SINCE_SCHEMA = 2;

/**
 * Whose every hour is. Memory grows with facilities, their pools and their periods, and not with allocations: a release repeats the pool
 * of its allocation.
 */
export class PoolRule implements Rule<'pools'> {
  readonly check = 'pools';
  readonly statement =
    'The hours of every period are divided in proportion to the contributions, and exactly (Art. 12b(13)); from the first pool of a facility ' +
    'on, every allocation has one; a grant names only a pool of its facility; no pool allocates or gives more hours than it has; given time is no contribution (12b(10)); ownership ' +
    'is transferred after five years for hours by the formula (12b(12)); preferential access is for those who financed 10 % (GBER 26(4)); ' +
    'commercial use stays within its part of the time of the Union (Arts. 17, 18).';
  private readonly books = new Map<string, HourBook>();
  private readonly policies = new PoolPolicies();

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'pools'>, decidedFromMs: number): void {
    runCheck(this.check, this.findings, () => this.apply(event, Facts.of(event), decidedFromMs));
  }

  finish(): void {}

  close(): void {}

  private apply(event: EventOf<'pools'>, facts: Facts, decidedFromMs: number): void {
    const { type, stream } = event;
    if (type === 'policy-adopted') return this.policies.adopt(facts);
    const inForce = this.policies.inForceAt(event, decidedFromMs);
    if (type === 'access-granted') return grant(this.books.get(facts.text('facilityId')), facts);
    const id = idOf(stream, 'facility');
    if (type === 'facility-registered') {
      this.books.set(id, registered(facts));
      return;
    }
    const book = this.books.get(id);
    if (book === undefined) return facts.require(false, `The facility ${id} is used before it is registered.`);
    switch (type) {
      case 'contribution-recorded':
        return book.contribute(
          facts.text('partnerId'),
          facts.text('partnerKind'),
          facts.text('kind'),
          facts.minor('deltaMinor'),
        );
      case 'capacity-installed':
        return void book.models.add(facts.text('chipModel'));
      case 'operations-started':
        facts.require(book.startedOn === undefined, 'Operations start a second time.');
        book.startedOn = facts.date('on');
        return;
      case 'access-pool-defined':
        return define(book, facts);
      case 'entitlement-set':
        return entitle(book, facts, inForce('entitlement-basis'));
      case 'chips-allocated':
        if (recordedSchema(event) < POOL_SINCE_SCHEMA) return;
        facts.require(
          facts.optional('poolId') !== undefined || book.pools.size === 0,
          'The facility has access pools, and the allocation uses the hours of none.',
        );
        return allocate(book, facts, inForce);
      case 'pool-assigned':
        facts.require(facts.optional('poolId') !== undefined, 'No pool is assigned.');
        return allocate(book, facts, inForce);
      case 'allocation-released':
        return release(book, facts);
      case 'access-time-donated':
        return donate(book, facts);
      case 'ownership-transferred':
        return transfer(book, facts);
      case 'preferential-access-set':
        return prefer(book, facts);
      default:
        return notCovered(type);
    }
  }
}

function registered(facts: Facts): HourBook {
  const capexMinor = facts.optional('capexMinor') === undefined ? undefined : facts.minor('capexMinor');
  return new HourBook(facts.text('kind'), capexMinor);
}

/** A grant from before there were pools names none. */
function grant(book: HourBook | undefined, facts: Facts): void {
  const poolId = facts.optional('poolId');
  if (poolId === undefined) return;
  facts.require(book?.pools.has(poolId) === true, `The grant is of pool ${poolId}, which its facility does not have.`);
}
