import { idOf } from '../../ledger/aggregate.js';
import type { Findings } from '../audit-finding.js';
import { notCovered, type EventOf } from './coverage.js';
import { Facts, runCheck, type Rule } from './rule.js';

/** Access policy of the EuroHPC AI Factories: the most chip-hours of a fast-lane request. */
const FAST_LANE_CHIP_HOURS_MAX = 50_000;

interface Site {
  readonly isGigafactory: boolean;
  readonly hostStatePartnerId?: string;
  /** The signed commitments of the hosting state, less the cancelled ones. */
  hostMinor: bigint;
}
interface Call {
  readonly facilityId: string;
  readonly mode: string;
  readonly opensAt: number;
  readonly closesAt: number;
  readonly chipHours: bigint;
  /** Granted less returned, as the call counts it. */
  grantedChipHours: bigint;
}

/** Calls for access, and whether the call of a request was open. Memory grows with facilities and calls. */
export class AccessCallRule implements Rule<'access-calls'> {
  readonly check = 'access-calls';
  readonly statement =
    'No call opens for a gigafactory before its hosting state has committed (Art. 12b(4)); every request answers a call that was ' +
    'open, and asks for no more than its mode allows.';
  private readonly sites = new Map<string, Site>();
  private readonly calls = new Map<string, Call>();

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'access-calls'>): void {
    runCheck(this.check, this.findings, () => this.apply(event, Facts.of(event)));
  }

  finish(): void {}

  close(): void {}

  private apply({ type, stream }: EventOf<'access-calls'>, facts: Facts): void {
    switch (type) {
      case 'facility-registered': {
        const hostStatePartnerId = facts.optional('hostStatePartnerId');
        const isGigafactory = facts.text('kind') === 'ai-gigafactory';
        const site = { isGigafactory, hostMinor: 0n, ...(hostStatePartnerId !== undefined && { hostStatePartnerId }) };
        this.sites.set(idOf(stream, 'facility'), site);
        return;
      }
      case 'contribution-recorded': {
        const site = this.sites.get(idOf(stream, 'facility'));
        if (site?.hostStatePartnerId === facts.text('partnerId')) site.hostMinor += facts.minor('deltaMinor');
        return;
      }
      case 'access-call-opened':
        return this.open(idOf(stream, 'access-call'), facts);
      case 'call-hours-granted':
      case 'call-hours-returned':
        return this.count(idOf(stream, 'access-call'), facts, type === 'call-hours-granted' ? 1n : -1n);
      case 'access-request-submitted':
        return this.submit(facts);
      default:
        return notCovered(type);
    }
  }

  private open(id: string, facts: Facts): void {
    const [facilityId, mode] = [facts.text('facilityId'), facts.text('mode')];
    const call = {
      ...{ facilityId, mode, opensAt: facts.instant('opensAt'), closesAt: facts.instant('closesAt') },
      chipHours: BigInt(facts.count('chipHours')),
      grantedChipHours: 0n,
    };
    facts.require(!this.calls.has(id), 'The call is opened a second time.');
    this.calls.set(id, call);
    facts.require(call.opensAt < call.closesAt, 'The call closes before it opens.');
    const site = this.sites.get(facilityId);
    facts.require(site !== undefined, `The facility ${facilityId} is not registered.`);
    const isAllowed = site?.isGigafactory !== true || site.hostMinor > 0n;
    facts.require(
      isAllowed,
      'The hosting state has no signed commitment to the gigafactory (Art. 12b(4)).',
      'above 0',
      site?.hostMinor,
    );
  }

  private count(id: string, facts: Facts, sign: bigint): void {
    const call = this.calls.get(id);
    if (call === undefined) return facts.require(false, `The call ${id} was never opened.`);
    call.grantedChipHours += sign * BigInt(facts.count('chipHours'));
    const stated = BigInt(facts.count('grantedChipHours'));
    facts.requireSame(stated, call.grantedChipHours, 'The sum of the call is not that of its grants.');
    const isWithin = call.grantedChipHours <= call.chipHours;
    facts.require(isWithin, 'More is granted than the call offers.', `at most ${call.chipHours}`, stated);
  }

  private submit(facts: Facts): void {
    const call = this.calls.get(facts.text('callId'));
    facts.require(call !== undefined, `The call ${facts.text('callId')} was never opened.`);
    if (call === undefined) return;
    const { facilityId, mode, opensAt, closesAt } = call;
    facts.requireSame(facts.text('facilityId'), facilityId, 'The call is for another facility.');
    facts.requireSame(facts.text('mode'), mode, 'The call is for another mode.');
    const at = facts.instant('submittedAt');
    facts.require(opensAt <= at && at < closesAt, 'The call was not open.', undefined, facts.text('submittedAt'));
    const hours = facts.count('chipHoursRequested');
    const isWithin = mode !== 'fast-lane' || hours <= FAST_LANE_CHIP_HOURS_MAX;
    facts.require(isWithin, 'More is asked for than the mode allows.', `at most ${FAST_LANE_CHIP_HOURS_MAX}`, hours);
  }
}
